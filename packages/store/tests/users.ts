import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StorePort } from "../src/port.js";
import { createRedisStore, type RedisStoreConfig } from "../src/redis-store.js";
import type { StoreRole } from "../src/roles.js";

const file = join(import.meta.dirname, "../../../infra/redis/users.acl");

/** One line of `infra/redis/users.acl`. */
export interface AclUser {
  readonly name: string;
  readonly role: StoreRole;
  /** All before keys and rights: `on`, `-@all` and the like. */
  readonly base: readonly string[];
  /** Patterns of keys: `~fr:*`. */
  readonly keys: readonly string[];
  /** `+get`, `+script|load`, … */
  readonly rights: readonly string[];
}

export const roles = ["invalidator", "reader", "operator"] as const satisfies readonly StoreRole[];
export const PASSWORD = "secret";

const users = readFileSync(file, "utf8").trimEnd().split("\n").map(readUser);

function readUser(line: string): AclUser {
  const [word, name = "", ...rules] = line.split(" ");
  const role = roles.find((one) => name === `freshet-${one}`);
  if (word !== "user" || role === undefined) throw new Error(`users.acl has a line that begins ${word} ${name}`);
  const isKey = (rule: string): boolean => rule.includes("~");
  const isRight = (rule: string): boolean => rule.startsWith("+");
  const base = rules.filter((rule) => !isKey(rule) && !isRight(rule));
  return { name, role, base, keys: rules.filter(isKey), rights: rules.filter(isRight) };
}

export function userOf(role: StoreRole): AclUser {
  const user = users.find((one) => one.role === role);
  if (user === undefined) throw new Error(`users.acl has no user for the ${role}`);
  return user;
}

/** The file with passwords, and with the patterns of its keys put in place of the placeholders. */
export function writeUsers(patterns: { readonly prefix: string; readonly families: readonly string[] }): { path: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "freshet-users-"));
  const lines = users.map(({ name, base, keys, rights }) => {
    const own = keys.filter((key) => key !== "~cache:*").map((key) => key.replace("~fr:", `~${patterns.prefix}`));
    return ["user", name, `>${PASSWORD}`, ...base, ...own, ...patterns.families.map((each) => `~${each}`), ...rights].join(" ");
  });
  const path = join(folder, "users.acl");
  writeFileSync(path, `${lines.join("\n")}\n`);
  return { path, remove: () => rmSync(folder, { recursive: true }) };
}

/** A store as the user of a role. */
export function storeAs(role: StoreRole, config: RedisStoreConfig): StorePort {
  return createRedisStore({ ...config, role, options: { username: userOf(role).name, password: PASSWORD } });
}

/**
 * One store whose steps are each done by the user they are for. Two roles bust, and two take entries out of an index:
 * `busting` and `removing` say which.
 */
export function storeByRoles(
  config: RedisStoreConfig,
  { busting, removing }: { readonly busting: "invalidator" | "operator"; readonly removing: "invalidator" | "reader" },
): StorePort {
  const as = { invalidator: storeAs("invalidator", config), reader: storeAs("reader", config), operator: storeAs("operator", config) };
  const { reader, operator } = as;
  const { bust, preview, bustTags, previewTags } = as[busting];
  const { read, lease, fill, promote, drop, setIfNewer, indexAdd, epochs, readBounds } = reader;
  const { indexRemove } = as[removing];
  return {
    ...as.invalidator,
    ...{ bust, preview, bustTags, previewTags, indexRemove },
    ...{ read, lease, fill, promote, drop, setIfNewer, indexAdd, epochs, readBounds },
    ...{ inspect: operator.inspect, inspectTag: operator.inspectTag },
    probe: async () => (await Promise.all(Object.values(as).map((store) => store.probe()))).flat(),
    close: async () => void (await Promise.all(Object.values(as).map((store) => store.close()))),
  };
}
