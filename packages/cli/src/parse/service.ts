import type { Command } from "commander";
import { configShow } from "../commands/config-show.js";
import { dev } from "../commands/dev.js";
import { run } from "../commands/run.js";
import { act, actUntilStopped, examples, type Wiring } from "./command.js";
import { addSettingFlags, flagsOf } from "./setting-flags.js";

/** `freshet run` and `freshet dev`, which go on until they are stopped, and `freshet config`. */
export function addService(program: Command, wiring: Wiring): void {
  addRun(program, wiring);
  addDev(program, wiring);
  addConfig(program, wiring);
}

function addConfig(program: Command, wiring: Wiring): void {
  const config = program.command("config").description("the configuration and where it comes from");
  examples(config, ["freshet config show", "FRESHET_MODE=observe freshet config show --json"]);
  const show = config
    .command("show")
    .description("each setting: its value, its origin, no secrets")
    .option("--json", "one JSON object", false);
  examples(show, ["freshet config show", "freshet config show --kafka-brokers kafka-1:9092 --json"]);
  addSettingFlags(show, "hidden");
  act(show, wiring, (io, deps) => configShow(io, deps, { ...show.opts(), flags: flagsOf(show) }));
}

function addRun(program: Command, wiring: Wiring): void {
  const command = program
    .command("run")
    .description("the invalidator service, in the foreground")
    .option("--json", "its log lines are JSON anyway");
  examples(command, [
    "FRESHET_REDIS_URL=redis://localhost:6379 freshet run \\\n    --rules services/example-shop/rules.yaml --kafka-brokers localhost:9092",
    "freshet run --config freshet.config.yaml --mode observe",
  ]);
  addSettingFlags(command, "shown");
  actUntilStopped(command, wiring, (io, deps) => run(io, deps, { flags: flagsOf(command) }));
}

function addDev(program: Command, wiring: Wiring): void {
  const command = program
    .command("dev")
    .description("the demo: broker, store and a small shop in this process")
    .option("--once", "show each promise once, then end: 0 when all held", false)
    .option("--json", "one JSON object a line", false);
  examples(command, ["freshet dev", "freshet dev --once --json"]);
  actUntilStopped(command, wiring, (io, deps) => dev(io, deps, command.opts()));
}
