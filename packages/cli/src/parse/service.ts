import type { Command } from "commander";
import { dev } from "../commands/dev.js";
import { actUntilStopped, examples, type Wiring } from "./command.js";

/** `freshet dev`: what goes on until it is stopped. */
export function addService(program: Command, wiring: Wiring): void {
  const command = program
    .command("dev")
    .description("the demo: broker, store and a small shop in this process")
    .option("--once", "show each promise once, then end: 0 when all held", false)
    .option("--json", "one JSON object a line", false);
  examples(command, ["freshet dev", "freshet dev --once --json"]);
  actUntilStopped(command, wiring, dev, () => command.opts());
}
