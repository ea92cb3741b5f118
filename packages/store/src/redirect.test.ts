import { expect, test } from "@jest/globals";
import { judge } from "./redirect.js";

const reply = (message: string): Error => Object.assign(new Error(message), { name: "ReplyError" });

test.each([
  ["MOVED 3999 127.0.0.1:6381", { next: "moved", slot: 3999, address: "127.0.0.1:6381" }],
  ["MOVED 3999 redis-2.example:6381", { next: "moved", slot: 3999, address: "redis-2.example:6381" }],
  ["MOVED 3999 ::1:6381", { next: "moved", slot: 3999, address: "::1:6381" }],
  ["MOVED 3999 :6381", { next: "moved", slot: 3999, address: "asked.example:6381" }],
  ["MOVED 3999 ?:6381", { next: "moved", slot: 3999, address: "asked.example:6381" }],
  ["MOVED 16384 127.0.0.1:6381", { next: "again" }],
  ["MOVED nonsense", { next: "again" }],
  ["ASK 3999 127.0.0.1:6381", { next: "ask", address: "127.0.0.1:6381" }],
  ["TRYAGAIN Multiple keys request during rehashing of slot", { next: "split" }],
  ["CROSSSLOT Keys in request don't hash to the same slot", { next: "split" }],
  ["CLUSTERDOWN The cluster is down", { next: "again" }],
  ["LOADING Redis is loading the dataset in memory", { next: "again" }],
  ["READONLY You can't write against a read only replica.", { next: "again" }],
  ["ERR Script attempted to access a non local key in a cluster node script: abc, on @user_script:2.", { next: "again" }],
  ["OOM command not allowed", { next: "give_up" }],
  ["MISCONF Errors writing to the AOF file", { next: "give_up" }],
  ["NOREPLICAS Not enough good replicas to write.", { next: "give_up" }],
  ["BUSY Redis is busy running a script.", { next: "give_up" }],
  ["NOPERM this user has no permissions", { next: "give_up" }],
])("after %j a call goes %j", (message, verdict) => {
  expect(judge(reply(message), "asked.example:7000")).toEqual(verdict);
});

test("a lost connection is tried again, a bug is not", () => {
  expect(judge(new Error("Connection is closed."), "a:1")).toEqual({ next: "again" });
  expect(judge(new TypeError("x is undefined"), "a:1")).toEqual({ next: "give_up" });
});
