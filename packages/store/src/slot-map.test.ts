import { expect, test } from "@jest/globals";
import { parseSlots } from "./slot-map.js";

const reply = [
  [0, 99, ["10.0.0.1", 7001, "id1", []], ["10.0.0.4", 7004, "id4", []]],
  [100, 100, ["redis-2.example", 7002, "id2"]],
  [200, 16_383, [null, 7003, "id3", []], ["", 7005, "id5"]],
];

test("each slot has its owner; a server without a name is the one that was asked", () => {
  const map = parseSlots(reply, "asked.example:7003");
  expect([0, 99, 100, 200, 16_383].map((slot) => map?.ownerOf(slot))).toEqual([
    "10.0.0.1:7001",
    "10.0.0.1:7001",
    "redis-2.example:7002",
    "asked.example:7003",
    "asked.example:7003",
  ]);
  expect(map?.ownerOf(150)).toBeUndefined();
  expect(map?.firstUncovered()).toBe(101);
  expect(map?.masters).toEqual(["10.0.0.1:7001", "redis-2.example:7002", "asked.example:7003"]);
  expect(map?.replicas).toEqual(["10.0.0.4:7004", "asked.example:7005"]);
});

test("a slot that moved belongs to another from then on", () => {
  const map = parseSlots(reply, "a:1");
  map?.move(150, "10.0.0.9:7009");
  expect(map?.ownerOf(150)).toBe("10.0.0.9:7009");
});

test.each([[null], ["OK"], [[["0", "1"]]], [[[0, 99_999, ["a", 1]]]], [[1]]])("%j is no map", (other) => {
  expect(parseSlots(other, "a:1")).toBeNull();
});
