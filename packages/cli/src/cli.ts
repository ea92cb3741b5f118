import { asFreshetError, FreshetError } from "@freshet/protocol";
import { CommanderError } from "commander";
import type { Deps } from "./deps.js";
import { type ExitCode, exitCodeOf, exitCodes } from "./exit-codes.js";
import type { Io } from "./io.js";
import { plain } from "./plain.js";
import { createProgram } from "./program.js";

/** Runs one command line (without `node` and the script). Never throws: every error becomes talk and an exit code. */
export async function runCli(argv: readonly string[], io: Io, deps: Deps): Promise<ExitCode> {
  let code: ExitCode = exitCodes.done;
  const program = createProgram(io, deps, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code === exitCodes.done && deps.interrupt.aborted ? exitCodes.interrupted : code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done;
    const problem = error instanceof CommanderError ? fromCommander(error) : asFreshetError(error);
    talkError(io, problem);
    // After Ctrl-C what waits for an answer gives up: that is no finding about brokers.
    return problem.disposition === "wait" && deps.interrupt.aborted ? exitCodes.interrupted : exitCodeOf(problem);
  }
}

/** Told as talk: code and cause on one line, the fix on the next. */
function talkError(io: Io, error: FreshetError): void {
  for (const line of `${error.code} ${error.message}`.split("\n")) io.talk(plain(line));
  if (error.fix !== "") for (const line of `  fix: ${error.fix}`.split("\n")) io.talk(plain(line));
}

function fromCommander(error: CommanderError): FreshetError {
  // A secret that somebody gave by a flag that there is not must not be told again.
  const text = error.message.replace(/^error: /, "").replace(/(unknown option '--?[\w-]+)=[^\n]*'/, "$1'");
  const [problem = "", suggestion = ""] = text.split("\n");
  const nearest = /Did you mean (?:one of )?(.+)\?/.exec(suggestion)?.[1];
  const fix = nearest === undefined ? "See `freshet --help`." : `Did you mean \`${nearest}\`? See \`freshet --help\`.`;
  if (error.code === "commander.help") return new FreshetError("FR1001", "usage", "a command is missing", fix);
  return new FreshetError("FR1001", "usage", problem, fix);
}
