import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { rightsOf, roles } from "./access-lists.js";

const page = readFileSync(join(import.meta.dirname, "..", "..", "..", "..", "infra", "kafka", "README.md"), "utf8");
const NAMES = { source: "each source", deployment: "<deployment>" };

/** Role, operation and name, as the rows of the page have them. */
function toldRights(): readonly string[] {
  let role = "";
  return [...page.matchAll(/^\| (?:`([\w-]+)`)? ?\| (topic|group) \| ([^|]+) \| ([\w, ]+) \|/gm)].flatMap(
    ([, named = "", on = "", places = "", operations = ""]) => {
      role = named === "" ? role : named;
      const names = places.startsWith("each source") ? [NAMES.source] : [...places.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
      return names.flatMap((name) => operations.split(", ").map((operation) => `${role}: ${operation} on ${on} ${name}`));
    },
  );
}

test("the page for administrators and the list have the same rights, role by role", () => {
  const listed = roles().flatMap((role) => rightsOf(role, NAMES).map(({ text }) => `${role}: ${text}`));
  expect(listed.length).toBeGreaterThan(8);
  expect(toldRights().toSorted()).toEqual(listed.toSorted());
});

test("the commands on the page give the service's user these rights and no others", () => {
  const lines = [...page.matchAll(/^acls --(topic|group) (\S+) (.*)$/gm)];
  const given = lines.flatMap(([, on = "", name = "", rest = ""]) =>
    [...rest.matchAll(/--operation (\w+)/g)].map(([, operation = ""]) => `${operation} on ${on} ${name}`),
  );
  const wanted = rightsOf("freshet-invalidator", { source: "catalog.products", deployment: "default" }).map(({ text }) => text);
  expect(given.toSorted()).toEqual(wanted.toSorted());
});
