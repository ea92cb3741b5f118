import type { EntryKind } from "@freshet/protocol";
import type { EntryView } from "@freshet/store/port";
import { floorRows, timeText } from "./show-floors.js";

type Rows = readonly (readonly [label: string, text: string])[];

/** One entry as lines: what is there, what it was built from, and what stands in the way of the next fill. */
export function entryRows(key: string, kind: EntryKind, view: EntryView): Rows {
  const { value, lease } = view;
  return [
    ["key", key],
    ["type", `${view.redisType}, read as ${kind}`],
    ["value", view.valueBytes === null ? "none" : `${view.valueBytes} bytes`],
    ...(view.encoding === "" ? [] : [["encoding", view.encoding] as const]),
    ...versions(value).map((text) => ["version", text] as const),
    ...view.tags.map((tag) => ["tag", tag] as const),
    ...[...view.epochs].map(([tag, generation]) => ["epoch", `${tag} ${generation}`] as const),
    ...lifetimeRows(view),
    ["ttl", view.ttlMs === null ? "none" : `${view.ttlMs} ms`],
    ...floorRows(view),
    ...(lease === null ? [] : [["lease", `from ${timeText(lease.startUs)} until ${timeText(lease.deadlineUs)}`] as const]),
  ];
}

function lifetimeRows({ loadStartUs, freshUntilUs, keepUntilUs, softened, provisional }: EntryView): Rows {
  const times = [
    ["loaded", loadStartUs],
    ["fresh until", freshUntilUs],
    ["keep until", keepUntilUs],
  ] as const;
  return [
    ...times.flatMap(([label, us]) => (us === null ? [] : [[label, timeText(us)] as const])),
    ...(softened === null
      ? []
      : [["softened", `stale since ${timeText(softened.atUs)}, served until ${timeText(softened.keepUntilUs)}`] as const]),
    ...(provisional === null ? [] : [["provisional", `nobody sees it yet; gone at ${timeText(provisional.deadlineUs)}`] as const]),
  ];
}

function versions(value: EntryView["value"]): readonly string[] {
  if (value === null) return [];
  if (value === "opaque") return ["this kind has none"];
  if (value === "unversioned") return ["cannot be read"];
  if (value === "foreign") return ["none: another type than this family's entries have"];
  if ("version" in value) return [value.version];
  return [...value.deps].map(([subject, version]) => `${subject} ${version}`);
}

/** The same as JSON: the names of the protocol, times in microseconds. Tokens are rights, and stay untold. */
export function entryJson(view: EntryView): object {
  const { value, epochs, lease, provisional } = view;
  return {
    ...view,
    value: typeof value === "object" && value !== null && "deps" in value ? { deps: Object.fromEntries(value.deps) } : value,
    epochs: Object.fromEntries(epochs),
    lease: lease === null ? null : { startUs: lease.startUs, deadlineUs: lease.deadlineUs },
    provisional: provisional === null ? null : { deadlineUs: provisional.deadlineUs },
  };
}
