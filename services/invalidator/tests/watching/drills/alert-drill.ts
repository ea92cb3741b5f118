import { until } from "@freshet/testkit";
import { expect } from "@jest/globals";
import { drillScale } from "../../config.js";
import type { AlertState } from "./alert-record.js";
import { type Book, openBook } from "./book.js";
import type { Plan, Promised } from "./plans.js";
import { openPlatform, type Platform } from "./platform.js";
import { type Runbook, readRunbook, statedMs } from "./runbook.js";
import { limitAt } from "./time-scale.js";
import { judge, type Step, secondsText } from "./timeline.js";
import { startWatch, type Watch } from "./watch.js";

export interface AlertDrill {
  readonly platform: Platform;
  readonly watch: Watch;
  readonly book: Book;
  tell(text: string): void;
  /** Makes the trouble, and begins to count. */
  fault(text: string, make: () => Promise<void> | void): Promise<void>;
  /** Waits until every alert promised has fired, and Alertmanager has told of the page's. */
  firing(): Promise<void>;
  /** Says that the trouble is over, and counts from here. */
  fixed(text: string): void;
  /** Waits until every alert promised is over, in Prometheus and in Alertmanager. */
  resolved(): Promise<void>;
}

/** One scrape and one evaluation, by which "at the first …" can be seen. */
const LOOKS_MS = 2 * 15_000;
/** How much longer than the limit is waited, so that a time that was missed is told. */
const PATIENCE = 3;
const PATIENCE_MIN_MS = 30_000;

/** From when a step is counted, and what it is called. */
interface Count {
  readonly ms: number;
  readonly limitMs: number;
  readonly what: string;
}

/** What every alert drill's test does: opens a platform and a watch, lets it run, and fails unless each step came in its time. */
export async function runAlertDrill(plan: Plan, run: (drill: AlertDrill) => Promise<void>): Promise<void> {
  const { name, promised } = plan;
  const scale = drillScale();
  const startedMs = performance.now();
  const tell = (text: string): void => {
    process.stdout.write(`${name.padEnd(6)} ${secondsText(performance.now() - startedMs).padStart(8)}  ${text}\n`);
  };
  tellScale(plan, scale, tell);
  const runbook = readRunbook(promised[0].alert);
  const platform = await openPlatform(tell);
  const steps: Step[] = [];
  try {
    const watch = await startWatch({
      scale,
      target: platform.target,
      onTransition: ({ alert, severity, to }) => tell(`        ${alert} ${severity} is ${to === "silent" ? "over" : to}`),
      onTold: ({ text }) => tell(`        Alertmanager tells ${text}`),
    });
    try {
      const book = openBook({ runbook, run: (line) => platform.shell(line), tell });
      await run({ platform, watch, book, tell, ...openSteps({ plan, scale, watch, steps, tell }) });
      book.close();
    } finally {
      await watch.close();
    }
  } catch (error) {
    tell(`BROKEN: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
    process.stdout.write(`${platform.service().output().slice(-3000)}\n`);
    throw error;
  } finally {
    await platform.close();
  }
  const { lines, missed } = judge(steps);
  for (const line of lines) tell(line);
  expect(missed).toEqual([]);
}

function openSteps(context: {
  readonly plan: Plan;
  readonly scale: number;
  readonly watch: Watch;
  readonly steps: Step[];
  readonly tell: (text: string) => void;
}): Pick<AlertDrill, "fault" | "firing" | "fixed" | "resolved"> {
  const { plan, scale, watch, steps, tell } = context;
  const { promised, serviceMs } = plan;
  let faultMs = 0;
  let fixedMs = 0;
  const reach = async (one: Promised, state: AlertState, from: Count): Promise<Step> => {
    const at = (): number | null => watch.alerts.since(one, state, from.ms);
    const timeoutMs = from.ms + from.limitMs * PATIENCE + PATIENCE_MIN_MS - performance.now();
    await until(() => at() !== null, { timeoutMs, pollMs: 100, what: `${nameOf(one)} is ${state}` });
    return { what: `${from.what} ${nameOf(one)}`, tookMs: (at() ?? 0) - from.ms, limitMs: from.limitMs };
  };
  return {
    fault: async (text, make) => {
      await until(() => watch.value("up").then((up) => up === 1), {
        timeoutMs: 60_000,
        pollMs: 200,
        what: "Prometheus scrapes the service",
      });
      for (const one of promised) expect([nameOf(one), watch.alerts.stateOf(one)]).toEqual([nameOf(one), "silent"]);
      tell(`FAULT   ${text}`);
      faultMs = performance.now();
      await make();
    },
    firing: async () => {
      for (const one of promised) {
        const limitMs = limitAt(statedMs(readRunbook(one.alert).section("When it fires"), one.fires), serviceMs.fires, scale);
        const fired = await reach(one, "firing", { ms: faultMs, limitMs, what: "fault → firing" });
        const pendingMs = watch.alerts.since(one, "pending", faultMs);
        if (pendingMs !== null) steps.push({ what: `fault → pending ${nameOf(one)}`, tookMs: pendingMs - faultMs, limitMs: null });
        steps.push(fired);
      }
      const told = `${promised[0].alert} firing`;
      const isTold = () => watch.told.some(({ text, atMs }) => atMs >= faultMs && text.endsWith(told));
      await until(isTold, { timeoutMs: 30_000 + 60_000 / scale, what: `Alertmanager tells of ${told}` });
    },
    fixed: (text) => {
      fixedMs = performance.now();
      tell(`FIXED   ${text}`);
      steps.push({ what: "fault → fixed", tookMs: fixedMs - faultMs, limitMs: null });
    },
    resolved: async () => {
      for (const one of promised) {
        const stated = statedMs(readRunbook(one.alert).section("When it resolves"), one.resolves) + LOOKS_MS;
        const limitMs = limitAt(stated, serviceMs.resolves, scale);
        steps.push(await reach(one, "silent", { ms: fixedMs, limitMs, what: "fixed → resolved" }));
      }
      const isOver = async () => !(await watch.isHeld(promised[0].alert));
      await until(isOver, { timeoutMs: 60_000, pollMs: 200, what: "Alertmanager holds it no more" });
    },
  };
}

function tellScale({ promised, serviceMs }: Plan, scale: number, tell: (text: string) => void): void {
  tell(
    scale === 1
      ? "rules as they are in infra/prometheus, at their own times"
      : `rules of infra/prometheus with every time divided by ${scale}: a minute of theirs lasts ${secondsText(60_000 / scale)}`,
  );
  for (const one of promised) {
    const page: Runbook = readRunbook(one.alert);
    const stated = statedMs(page.section("When it fires"), one.fires);
    const own = serviceMs.fires === 0 ? "" : `, ${secondsText(serviceMs.fires)} of it the service's own`;
    const here = scale === 1 ? "" : `; here ${secondsText(limitAt(stated, serviceMs.fires, scale))}`;
    tell(`${nameOf(one)} is to fire "${one.fires}" (${secondsText(stated)}${own}${here}), and to resolve "${one.resolves}"`);
  }
}

function nameOf({ alert, severity }: Pick<Promised, "alert" | "severity">): string {
  return `${alert} (${severity})`;
}
