import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startAlertmanager, startPrometheus } from "@freshet/testkit";
import { parse } from "yaml";
import { z } from "zod";
import { closeInTurn } from "../../close-in-turn.js";
import { openFolder } from "../../own-folder.js";
import { leadTo, openEars } from "../ears.js";
import { infra } from "../rule-files.js";
import { type AlertRecord, createAlertRecord, type SeenAlert, type Transition } from "./alert-record.js";
import { durationMs, durationText, scaleTimes } from "./time-scale.js";

/** A Prometheus with the alerts of `infra/prometheus`, and an Alertmanager with the routes of `infra/alertmanager`, at a time scale. */
export interface Watch {
  readonly alerts: AlertRecord;
  /** Who was told what: `on-call FreshetTargetGone firing`. */
  readonly told: readonly Told[];
  /** Whether Alertmanager still holds an alert of this name. */
  isHeld(alert: string): Promise<boolean>;
  /** The value of a query, 0 where it has no series. */
  value(query: string): Promise<number>;
  close(): Promise<void>;
}

export interface Told {
  readonly text: string;
  readonly atMs: number;
}

export interface WatchOptions {
  readonly scale: number;
  /** `host:port` of the service's admin port. */
  readonly target: string;
  readonly onTransition: (transition: Transition) => void;
  readonly onTold: (told: Told) => void;
}

const POLL_MS = 200;
const RULE_FILES = ["freshet.rules.yaml", "freshet.alerts.yaml"] as const;

const alertsAnswer = z.object({
  data: z.object({ alerts: z.array(z.object({ state: z.enum(["pending", "firing"]), labels: z.record(z.string(), z.string()) })) }),
});
const queryAnswer = z.object({ data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }) });
const heldAnswer = z.array(z.object({ labels: z.record(z.string(), z.string()) }));
const example = z.object({
  global: z.object({ scrape_interval: z.string(), scrape_timeout: z.string(), evaluation_interval: z.string() }),
});

export async function startWatch({ scale, target, onTransition, onTold }: WatchOptions): Promise<Watch> {
  const told: Told[] = [];
  return await closeInTurn(async (onClose) => {
    const ears = await openEars((text) => {
      const heard = { text, atMs: performance.now() };
      told.push(heard);
      onTold(heard);
    });
    onClose(() => ears.close());
    const alertmanager = await startAlertmanager({ config: leadTo(scaled("alertmanager/alertmanager.yml", scale), ears.url) });
    onClose(() => alertmanager.close());
    const { folder, close: removeFolder } = await openFolder("watch");
    onClose(removeFolder);
    for (const file of RULE_FILES) await writeFile(join(folder, file), scaled(`prometheus/${file}`, scale));
    const prometheus = await startPrometheus({ config: scrapes({ scale, target, folder, alertmanager: alertmanager.port }) });
    onClose(() => prometheus.close());
    const alerts = createAlertRecord();
    const ask = async (path: string): Promise<unknown> => (await fetch(`${prometheus.url}${path}`)).json();
    const look = async (): Promise<void> => {
      const seen: readonly SeenAlert[] = alertsAnswer.parse(await ask("/api/v1/alerts")).data.alerts;
      for (const transition of alerts.look(seen, performance.now())) onTransition(transition);
    };
    onClose(repeat(look));
    return {
      alerts,
      told,
      isHeld: async (alert: string) => {
        const held = heldAnswer.parse(await (await fetch(`${alertmanager.url}/api/v2/alerts`)).json());
        return held.some(({ labels }) => labels.alertname === alert);
      },
      value: async (query: string) => {
        const { data } = queryAnswer.parse(await ask(`/api/v1/query?${new URLSearchParams({ query })}`));
        return data.result.reduce((sum, { value }) => sum + Number(value[1]), 0);
      },
    };
  });
}

function scaled(file: string, scale: number): string {
  return scaleTimes(readFileSync(join(infra, file), "utf8"), scale);
}

/** The intervals of the example; target, Alertmanager and the rule files are those of the drill. */
function scrapes(watch: { scale: number; target: string; folder: string; alertmanager: number }): string {
  const { global } = example.parse(parse(scaled("prometheus/prometheus.yml", watch.scale)));
  const { scrape_timeout: patience, scrape_interval: interval } = global;
  const timeout = durationText(Math.min(durationMs(patience), durationMs(interval))); // more than the interval is refused
  return JSON.stringify({
    global: { ...global, scrape_timeout: timeout },
    rule_files: RULE_FILES.map((file) => join(watch.folder, file)),
    alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${watch.alertmanager}`] }] }] },
    scrape_configs: [{ job_name: "freshet", static_configs: [{ targets: [watch.target] }] }],
  });
}

/** Looks until it is stopped; a look that fails is one less. */
function repeat(look: () => Promise<void>): () => Promise<void> {
  let isOver = false;
  const running = (async () => {
    while (!isOver) {
      await look().catch(() => undefined);
      await pause(POLL_MS); // a sampler's pace, not a wait for anything
    }
  })();
  return async () => {
    isOver = true;
    await running;
  };
}
