import type { BustOutcome, KeyBust } from "@freshet/protocol";
import { expect, test } from "@jest/globals";
import { bustMembers } from "./bust-members.js";

const bustOf = (key: string) => ({ key }) as KeyBust;
const busts = ["fr:sweeps", "page:1", "page:2"].map(bustOf);

test("each member gets the outcome of its own bust, and Freshet's own keys none", async () => {
  const bust = async (sent: readonly KeyBust[]) => sent.map(({ key }): BustOutcome => (key === "page:1" ? "removed" : "covered"));
  expect(await bustMembers(busts, { prefix: "fr:", bust })).toEqual(["own", "removed", "covered"]);
});

test("an outcome that is missing is missing in the answer, and no other stands in its place", async () => {
  const outcomes = await bustMembers(busts, { prefix: "fr:", bust: async () => ["removed"] });
  expect(outcomes.length).not.toBe(busts.length);
});
