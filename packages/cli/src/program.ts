import { Command } from "commander";
import type { Deps } from "./deps.js";
import type { ExitCode } from "./exit-codes.js";
import type { Io } from "./io.js";
import { addByHand } from "./parse/by-hand.js";
import { examples } from "./parse/command.js";
import { addDeadLetters } from "./parse/dead-letters.js";
import { addDoctor } from "./parse/doctor.js";
import { addExplain } from "./parse/explain.js";
import { addLag } from "./parse/lag.js";
import { addReplay } from "./parse/replay.js";
import { addRules } from "./parse/rules.js";
import { addService } from "./parse/service.js";

const COLUMNS = 80;

/** The whole command line: names, options and help. It parses; the commands know nothing of it. */
export function createProgram(io: Io, deps: Deps, ended: (code: ExitCode) => void): Command {
  const program = new Command("freshet")
    .description("Busts cache entries in Redis when a newer event on Kafka says so.")
    .exitOverride()
    .enablePositionalOptions() // --version after a command is that command's
    .version(deps.version, "-V, --version", "show the version")
    .configureHelp({ optionDescription: (option) => option.description }) // defaults are said in words
    .configureOutput({
      writeOut: (text) => io.out(text.replace(/\n$/, "")),
      writeErr: (text) => io.talk(text.replace(/\n$/, "")),
      outputError: () => {}, // runCli tells it, with code and fix
      getOutHelpWidth: () => COLUMNS,
      getErrHelpWidth: () => COLUMNS,
    });
  examples(program, ["freshet dev --once", "freshet rules check services/example-shop/rules.yaml"]);
  const wiring = { io, deps, ended };
  addService(program, wiring);
  addRules(program, wiring);
  addByHand(program, wiring);
  addDeadLetters(program, wiring);
  addDoctor(program, wiring);
  addExplain(program, wiring);
  addLag(program, wiring);
  addReplay(program, wiring);
  return program;
}
