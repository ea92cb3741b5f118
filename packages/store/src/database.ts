import { FreshetError } from "@freshet/protocol";
import { type Command, Redis } from "ioredis";
import { classify, replyWord } from "./classify.js";
import { causeOf } from "./connection-fault.js";

/**
 * The number of the database that a URL names, or the options beside it; 0 where neither does.
 *
 * @throws FreshetError FR1002 (`usage`) for one that is no number: the client would silently take 0 for it.
 */
export function databaseOf(url: string, besides = 0): number {
  const { pathname, searchParams } = new URL(url);
  if (!/^\/?\d*$/.test(pathname) || searchParams.has("db")) {
    const fix = "Write its number behind the host: redis://host:6379/3.";
    throw new FreshetError("FR1002", "usage", "The Redis URL names a database that is no number.", fix);
  }
  const path = pathname.replace("/", "");
  return path === "" ? besides : Number(path);
}

/** What is told of each SELECT that is sent, with its outcome. */
export type SelectListener = (outcome: Promise<unknown>) => void;

/** A client that tells of its SELECTs: by itself it gets ready in database 0 when one fails. */
export class SelectingRedis extends Redis {
  /** Called as soon as one is sent, before anybody hears of its outcome. */
  onSelect: SelectListener = () => undefined;

  override sendCommand(...sent: Parameters<Redis["sendCommand"]>): unknown {
    const [command]: readonly [Command, ...unknown[]] = sent;
    if (command.name === "select") this.onSelect(command.promise);
    return super.sendCommand(...sent);
  }
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
