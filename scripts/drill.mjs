// npm run drill: trouble on a real Kafka, Redis and service, the alert it sets off, and its runbook followed until the alert is over.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { begin, INTERRUPTED, isHelp, runDrill, whenBuilt } from "./runner.mjs";
import { say } from "./set-up.mjs";

const FOLDER = join("services", "invalidator", "tests", "watching", "drills");
const DRILLS = ["stuck", "poison", "redis", "rules"];
const SCALE = 5;

const HELP = `npm run drill                                 all four, one after the other; about ten minutes
npm run drill -- --only stuck                 one of them:
                                              stuck   the service is stopped (SIGSTOP), then the broker
                                              poison  a rule copes with none of the events, and dead letters pile up
                                              redis   Redis is gone, and comes back empty
                                              rules   a rules file is deployed that matches nothing
npm run drill -- --scale 1                    at the alerts' own times; about forty minutes

Each starts Kafka, Redis, the service, Prometheus with the alerts of infra/prometheus, and Alertmanager with the routes of
infra/alertmanager, makes the trouble, waits for the alert, and runs the commands of its page in infra/runbooks as they stand
there until the alert is over. Every step is told with its time, the limits are those of the page.
Times in the alerts are divided by --scale, ${SCALE} if you do not say (a minute lasts ${60 / SCALE} s), by a program and never by hand; seconds that
the service itself measures are not. Exit code 1 when an alert comes or goes later than its page says, or a command fails.`;

await begin(async (args) => {
  if (isHelp(args, HELP)) return 0;
  const { only, scale } = read(args);
  if (!(scale > 0) || !(only === undefined || DRILLS.includes(only))) {
    say(`--only takes ${DRILLS.join(", ")}; --scale a number above 0\n${HELP}`);
    return 2;
  }
  return whenBuilt(import.meta.filename, args, () => drill(only === undefined ? DRILLS : [only], scale));
});

/** Unknown options count as wrong ones. */
function read(args) {
  const options = { only: { type: "string" }, scale: { type: "string", default: String(SCALE) } };
  try {
    const { values } = parseArgs({ args, options });
    return { only: values.only, scale: Number(values.scale) };
  } catch {
    return { only: "", scale: 0 };
  }
}

async function drill(names, scale) {
  const { prepareNative } = await import("@freshet/testkit/provider");
  await prepareNative(say);
  const missed = [];
  for (const name of names) {
    const code = await runDrill([join(FOLDER, `${name}.drill.test.ts`)], { FRESHET_DRILL_SCALE: String(scale) });
    if (code === INTERRUPTED) return code;
    if (code !== 0) missed.push(name);
  }
  const verdict = missed.length === 0 ? "every alert came and went in its time" : `missed: ${missed.join(", ")}`;
  process.stdout.write(`${verdict}\n`);
  return missed.length === 0 ? 0 : 1;
}
