// npm run soak:intake [-- MINUTES]: records for minutes or hours through the service, and what it did to memory and CPU.
import { join } from "node:path";
import { begin, isHelp, runDrill, whenBuilt } from "./runner.mjs";
import { say } from "./set-up.mjs";

const FILE = join("services", "invalidator", "tests", "drills", "intake.soak.test.ts");
const HELP = `npm run soak:intake                           five minutes of records; each accounted for, memory flat, idle CPU under 1 %
npm run soak:intake -- 60                     an hour
Kafka, Redis and the service are processes of this machine. Exit code 1 when one of the three does not hold.`;

await begin(async (args) => {
  if (isHelp(args, HELP)) return 0;
  const [minutes = "5"] = args;
  if (args.length > 1 || !(Number(minutes) > 0)) {
    process.stdout.write(`${HELP}\n`);
    return 2;
  }
  return whenBuilt(import.meta.filename, args, async () => {
    const { prepareNative } = await import("@freshet/testkit/provider");
    await prepareNative(say);
    return runDrill([FILE], { FRESHET_SOAK_MINUTES: minutes });
  });
});
