import { FreshetError } from "@freshet/protocol";
import { classify, replyWord } from "./classify.js";
import { causeOf } from "./connection-fault.js";

/**
 * The number of the database that a URL names, or the options beside it; 0 where neither does.
 *
 * @throws FreshetError FR1002 (`usage`) for one that is no number: the client would silently take 0 for it; and for a prefix, which the
 *   client would put before some keys only.
 */
export function databaseOf(url: string, besides = 0): number {
  const { pathname, searchParams } = new URL(url);
  if (!/^\/?\d*$/.test(pathname) || searchParams.has("db")) {
    const fix = "Write its number behind the host: redis://host:6379/3.";
    throw new FreshetError("FR1002", "usage", "The Redis URL names a database that is no number.", fix);
  }
  refusePrefix(searchParams);
  const path = pathname.replace("/", "");
  return path === "" ? besides : Number(path);
}

function refusePrefix(asked: URLSearchParams): void {
  if (!asked.has("keyPrefix")) return;
  const fix = "Begin the families' keys with it, and set FRESHET_REDIS_PREFIX for Freshet's own.";
  throw new FreshetError("FR1002", "usage", "The Redis URL names a prefix of keys, which busts would not have.", fix);
}

/** Why the database could not be selected. */
export function unselected(error: unknown, database: number): FreshetError {
  if (!(error instanceof Error) || error.name !== "ReplyError") return classify(error);
  const leaveOut = "or leave the database out of FRESHET_REDIS_URL";
  if (replyWord(error) === "NOPERM") {
    const problem = `Redis does not let this user select database ${database} (NOPERM to select).`;
    return new FreshetError("FR2003", "halt", problem, `Give this user +select, ${leaveOut}.`, causeOf("database"));
  }
  if (/cluster mode/i.test(error.message)) {
    const fix = "Set FRESHET_REDIS_MODE=cluster, and leave the database out of FRESHET_REDIS_URL.";
    const problem = `This Redis is a part of a cluster, and has no database ${database}.`;
    return new FreshetError("FR2004", "halt", problem, fix, causeOf("database"));
  }
  if (/index|out of range|not an integer/i.test(error.message)) {
    const fix = `Name one that it has, raise its setting \`databases\`, ${leaveOut}.`;
    return new FreshetError("FR1002", "halt", `Redis has no database ${database}.`, fix, causeOf("database"));
  }
  return classify(error);
}
