import { FreshetError } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { classify, classifyAlone, isNoScript, reasonOf } from "./classify.js";
import { scripts } from "./generated/scripts.js";
import { isFillTimeRefused } from "./tag-requests.js";

const tagGet = scripts["tag-get"];
const lineOf = (command: string) => tagGet.text.split("\n").findIndex((line) => line.includes(`"${command}"`)) + 1;

function reply(message: string): Error {
  return Object.assign(new Error(message), { name: "ReplyError", command: { name: "evalsha", args: ["secret-key"] } });
}

describe("what a script refuses", () => {
  test("is a request that is wrong, in the words of the script", () => {
    const known = classify(reply("ERR freshet: a key has 1 to 512 bytes"));
    expect(known).toMatchObject({ code: "FR1006", disposition: "usage", message: expect.stringContaining("a key has 1 to 512 bytes") });
    expect(isFillTimeRefused(known)).toBe(false);
  });

  test.each(["the fill time is more than C ahead of the clock here", "the fill time is so old that the entry cannot be served any more"])(
    "tells a fill time from other refusals: %s",
    (text) => {
      expect(scripts["index-add"].text).toContain(`refused("${text}")`);
      expect(isFillTimeRefused(classify(reply(`ERR freshet: ${text}`)))).toBe(true);
    },
  );

  test("all of it is known, and none holds what was sent", () => {
    const texts = Object.values(scripts).flatMap(({ text }) =>
      [...text.matchAll(/(?:refused\(|return |and |or )"([^"]{12,})"/g)].map(([, words]) => words),
    );
    texts.push('a tag is given twice, or begins with "}"');
    const unknown = texts.filter((words) => words?.includes(" ") && classify(reply(`ERR freshet: ${words}`)).code !== "FR1006");
    expect(texts.length).toBeGreaterThan(30);
    expect(unknown).toEqual([]);
    expect(classify(reply("ERR freshet: a\tb")).code).toBe("FR2004");
  });
});

describe("an error of Redis", () => {
  test.each([
    ["LOADING Redis is loading the dataset in memory", "FR2001", "wait"],
    ["MASTERDOWN Link with MASTER is down", "FR2001", "wait"],
    ["BUSY Redis is busy running a script.", "FR2001", "wait"],
    ["READONLY You can't write against a read only replica. script: abc, on @user_script:1.", "FR2002", "wait"],
    ["ERR Error running script (call to f_1): @user_script:1: -READONLY You can't write", "FR2002", "wait"],
    ["OOM command not allowed when used memory > 'maxmemory'.", "FR2002", "wait"],
    ["MISCONF Errors writing to the AOF file", "FR2002", "wait"],
    ["NOREPLICAS Not enough good replicas to write.", "FR2002", "wait"],
    ["NOSCRIPT No matching script.", "FR2002", "wait"],
    ["CLUSTERDOWN The cluster is down", "FR2002", "wait"],
    ["MOVED 1 127.0.0.1:1", "FR2002", "wait"],
    ["ASK 1 127.0.0.1:1", "FR2002", "wait"],
    ["TRYAGAIN Multiple keys request during rehashing of slot", "FR2002", "wait"],
    ["NOPERM this user has no permissions to run the 'hset' command", "FR2003", "halt"],
    ["ERR The user executing the script can't run this command or subcommand script: abc, on @user_script:1.", "FR2003", "halt"],
    ["ERR ACL failure in script: User u has no permissions to run the 'unlink' command script: abc, on @user_script:2.", "FR2003", "halt"],
    ["ERR Script attempted to access a non local key in a cluster node script: abc, on @user_script:2.", "FR2002", "wait"],
    ["ERR Script attempted to execute a command while the cluster is down script: abc", "FR2002", "wait"],
    ["ERR This instance has cluster support disabled", "FR2004", "halt"],
    ["WRONGTYPE Operation against a key holding the wrong kind of value script: abc, on @user_script:1.", "FR2004", "halt"],
    ["NOAUTH Authentication required.", "FR2003", "halt"],
    ["WRONGPASS invalid username-password pair or user is disabled.", "FR2003", "halt"],
    ["CROSSSLOT Keys in request don't hash to the same slot", "FR2004", "halt"],
    ["ERR unknown command 'EVALSHA', with args beginning with: secret-key", "FR2004", "halt"],
    ["ERR Error compiling script (new function): user_script:1: secret-key", "FR2004", "halt"],
  ])("%s", (message, code, disposition) => {
    expect(classify(reply(message))).toMatchObject({ code, disposition });
  });

  test("of another type under our prefix tells of the prefix, not of the age of Redis", () => {
    const wrapped = "ERR Error running script (call to f_1): @user_script:1: -WRONGTYPE Operation against a key";
    for (const message of ["WRONGTYPE Operation against a key", wrapped]) {
      expect(classify(reply(message)).fix).toContain("set FRESHET_REDIS_PREFIX");
    }
  });

  test.each([
    ["NOPERM this user has no permissions to run the 'script|load' command", "script|load"],
    ["ERR ACL failure in script: User u has no permissions to run the 'unlink' command script: abc, on @user_script:2.", "unlink"],
    [
      `ERR The user executing the script can't run this command or subcommand script: ${tagGet.sha1}, on @user_script:${lineOf("ZCARD")}.`,
      "zcard",
    ],
    [
      `ERR The user executing the script can't run this command or subcommand script: ${tagGet.sha1}, on @user_script:1.`,
      "hgetall or time or zcard",
    ],
    ["NOPERM this user has no permissions to access one of the keys used as arguments", "keys"],
    ["NOPERM No permissions to access a key", "keys"],
    [
      "ERR The user executing the script can't access at least one of the keys mentioned in the command arguments script: abc, on @user_script:1.",
      "keys",
    ],
  ])("that refuses a right names it: %s", (message, right) => {
    expect(classify(reply(message)).message).toBe(`Redis answered NOPERM to ${right}.`);
  });

  test("that sends elsewhere halts where only one server is known", () => {
    const error = classifyAlone(reply("MOVED 1 127.0.0.1:1"));
    expect(error).toMatchObject({ code: "FR2004", disposition: "halt", fix: "Set FRESHET_REDIS_MODE=cluster." });
    expect(classifyAlone(classify(reply("ASK 1 127.0.0.1:1")))).toMatchObject({ code: "FR2004", disposition: "halt" });
    expect(classifyAlone(reply("LOADING Redis is loading the dataset in memory"))).toMatchObject({ code: "FR2001" });
  });

  test("tells nothing of arguments, in its text or in its cause", () => {
    const error = classify(reply("ERR unknown command 'X', with args beginning with: secret-key"));
    expect(JSON.stringify([error.message, error.fix, String(error.cause), Object.values(error.cause as object)])).not.toContain(
      "secret-key",
    );
  });
});

test.each([
  [
    "FR2004",
    "Command queue state error. If you can reproduce this, please report it. Last error: ERR unknown 'AUTH' 'secret word'\nand more",
  ],
  ["FR2004", "Command queue state error. If you can reproduce this, please report it. Last reply: secret word"],
  ["FR2001", "All sentinels are unreachable. Retrying from scratch after 50ms. Last error: ERR unknown 'AUTH' 'secret word'"],
  ["FR9001", "Something new. Last error: ERR unknown 'AUTH' 'secret word'"],
])("what the client repeats of a server is not repeated: %s %s", (code, message) => {
  const error = classify(new Error(message));
  expect(error.code).toBe(code);
  expect([error.message, error.fix, String(error.cause)].join()).not.toContain("secret");
});

describe("trouble of the connection waits", () => {
  test.each([
    ["Error", "Connection is closed."],
    ["Error", "Stream isn't writeable and enableOfflineQueue options is false"],
    ["Error", "Command timed out"],
    ["Error", "Socket timeout. Expecting data, but didn't receive any in 5000ms."],
    ["AbortError", "Command aborted due to connection close"],
    ["MaxRetriesPerRequestError", "Reached the max retries per request limit (which is 1)."],
    ["ClusterAllFailedError", "Failed to refresh slots cache. Too many Cluster redirections"],
    ["Error", "All sentinels are unreachable. Retrying from scratch after 50ms."],
    ["Error", "connect ECONNREFUSED 127.0.0.1:1"],
    ["Error", "getaddrinfo ENOTFOUND redis"],
  ])("%s %s", (name, message) => {
    expect(classify(Object.assign(new Error(message), { name }))).toMatchObject({ code: "FR2001", disposition: "wait" });
  });
});

test.each([
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "FRESHET_REDIS_CA"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "FRESHET_REDIS_CA"],
  ["CERT_HAS_EXPIRED", "FRESHET_REDIS_CA"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "name Redis as it does"],
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "FRESHET_REDIS_CERT"],
])("certificates that one side does not take halt, with the setting to correct: %s", (code, setting) => {
  const error = classify(Object.assign(new Error("no"), { code }));
  expect(error).toMatchObject({ code: "FR1002", disposition: "halt", message: expect.stringContaining(code) });
  expect(error.fix).toContain(setting);
});

test("a refused certificate stays the reason while connections are merely lost, and until something else is refused", () => {
  const refused = classify(Object.assign(new Error("no"), { code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED" }));
  const lost = classify(new Error("Connection is closed."));
  const wrongPassword = classify(reply("WRONGPASS invalid username-password pair or user is disabled."));
  expect(reasonOf(refused, lost)).toBe(refused);
  expect(reasonOf(refused, wrongPassword)).toBe(wrongPassword);
  expect(reasonOf(wrongPassword, lost)).toBe(lost);
  expect(reasonOf(lost, refused)).toBe(refused);
  expect(reasonOf(null, lost)).toBe(lost);
});

test("a peer that is no Redis stays the reason while connections are merely lost, until nobody is there", () => {
  const foreign = classify(new Error('Unknown RESP type 72 "H". Please report this.'));
  expect(foreign).toMatchObject({ code: "FR2004", disposition: "halt", message: "What answers there does not speak Redis." });
  expect(reasonOf(foreign, classify(new Error("read ECONNRESET")))).toBe(foreign);
  const away = classify(new Error("connect ECONNREFUSED 127.0.0.1:1"));
  expect(reasonOf(foreign, away)).toBe(away);
});

test("what nobody knows halts as a bug, and a FreshetError stays itself", () => {
  expect(classify(new TypeError("x is undefined"))).toMatchObject({ code: "FR9001", disposition: "halt" });
  expect(classify("a string")).toMatchObject({ code: "FR9001", disposition: "halt" });
  const own = new FreshetError("FR2005", "halt", "p", "f");
  expect(classify(own)).toBe(own);
});

test("a missing script is known by its first word", () => {
  expect(isNoScript(reply("NOSCRIPT No matching script. Please use EVAL."))).toBe(true);
  expect(isNoScript(reply("ERR NOSCRIPT"))).toBe(false);
  expect(isNoScript("NOSCRIPT")).toBe(false);
});
