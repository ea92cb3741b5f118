import {
  decodeHead,
  decodeTags,
  type EntryState,
  encodeMarks,
  type Fields,
  type Marks,
  managedFields,
  managedState,
  noEntry,
} from "@freshet/protocol";
import type { StoredValue } from "./port.js";

/** A managed entry as readers and fills see it: one without `v` has nothing to serve. */
export function readerState(content: Fields | string | undefined, nowUs: number): EntryState {
  if (content === undefined) return noEntry;
  const state = managedState(content, null, nowUs);
  if (typeof content === "string") return state;
  return state.value === "foreign" || content.has(managedFields.value) ? state : { ...state, value: "unversioned" };
}

/** What a reader is given of an entry that it may have. */
export function storedValue(fields: Fields, value: Buffer, nowUs: number): StoredValue {
  const state = managedState(fields, null, nowUs);
  const deps = typeof state.value === "object" && state.value !== null && "deps" in state.value ? state.value.deps : new Map();
  const { loadStartUs, freshUntilUs, keepUntilUs } = state;
  const encoding = decodeHead(fields.get(managedFields.deps) ?? "")?.encoding ?? "";
  return { value, encoding, deps, tags: decodeTags(fields.get(managedFields.tags) ?? ""), loadStartUs, freshUntilUs, keepUntilUs };
}

/** A field `d` with other floors and another lease. */
export function withMarks(deps: string, marks: Marks): string {
  const text = encodeMarks(marks);
  const lines = text === "" || text.startsWith("\n") ? text : `\n${text}`;
  return deps.replaceAll(/\n\f[^\n]*/g, "") + lines.replaceAll("\n", "\n\f");
}
