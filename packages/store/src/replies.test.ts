import { expect, test } from "@jest/globals";
import { parseBustReply } from "./replies.js";

test("letters become outcomes, with the time of the call", () => {
  const outcomes = ["removed", "softened", "absent", "covered", "unversioned"];
  expect(parseBustReply(["1700000000000000", "rsacu"], 5)).toEqual({ timeUs: 1_700_000_000_000_000, outcomes });
});

test.each([
  ["nothing", null],
  ["a text", "racu"],
  ["an empty list", []],
  ["no time", ["", "racu"]],
  ["a number for a time", [1, "racu"]],
  ["no letters", ["1"]],
  ["a letter too few", ["1", "rac"]],
  ["a letter too many", ["1", "racur"]],
  ["an unknown letter", ["1", "racx"]],
])("%s is refused", (_what, reply) => {
  expect(() => parseBustReply(reply, 4)).toThrow(expect.objectContaining({ code: "FR2005", disposition: "halt" }));
});
