import { expect, test } from "@jest/globals";
import { closeInTurn } from "./close-in-turn.js";

test("what was opened last is closed first, and once", async () => {
  const closed: string[] = [];
  const opened = await closeInTurn(async (onClose) => {
    onClose(() => closed.push("first"));
    onClose(async () => closed.push("second"));
    return { name: "all" };
  });
  expect([opened.name, closed]).toEqual(["all", []]);
  await opened.close();
  await opened.close();
  expect(closed).toEqual(["second", "first"]);
});

test("opening that fails closes what is open by then, and says why", async () => {
  const closed: string[] = [];
  const opening = closeInTurn(async (onClose) => {
    onClose(() => closed.push("first"));
    throw new Error("no second");
  });
  await expect(opening).rejects.toThrow("no second");
  expect(closed).toEqual(["first"]);
});
