import type { Report, Spot } from "./report.js";
import type { EntryText } from "./schema.js";
import { literalBraceAt, type Render, type Template } from "./template.js";

/**
 * What Redis Cluster hashes of a text that is not the whole of it: what stands between its first `{` and the next `}`; `null`
 * when there is no such part, or nothing in it.
 */
function hashTagOf(text: string): string | null {
  const open = text.indexOf("{");
  const close = open === -1 ? -1 : text.indexOf("}", open);
  return close > open + 1 ? text.slice(open + 1, close) : null;
}

/** The same of every key of a template: escaped parameters hold no braces, so only literal ones count. */
export function templateTagOf({ parts }: Template): string | null {
  return hashTagOf(flatText(parts));
}

/** A parameter is its name between commas, which escaped ones hold none of. */
function flatText(parts: Template["parts"]): string {
  return parts.map((part) => ("literal" in part ? part.literal : `,${part.parameter},`)).join("");
}

/** Whether floors and lease of such entries lie in a key beside them. */
function hasGateKey(entry: EntryText): boolean {
  return "gate" in entry && entry.gate === true && entry.kind !== "hash";
}

/** Whether another key can lie in the slot of this one: put into its hash tag, or around it as one. */
function canHaveCompanion(key: string): boolean {
  return hashTagOf(key) !== null || !key.includes("}");
}

/** That the gate's key can lie in the slot of the entry, for every entry. Where parameters are not escaped, it is looked at again key by key. */
export function checkGateSlot(entry: EntryText, template: Template, { path, report }: Spot & { readonly report: Report }): void {
  if (!hasGateKey(entry) || canHaveCompanion(flatText(template.parts))) return;
  report.atCharacter(path, literalBraceAt(template.text), {
    code: "gate_slot",
    problem: "`}` without `{…}` before it: no other key can lie in the slot of this entry in a cluster, and its floors need one",
    fix: "Leave `}}` out, put {{…}} around one part of the key, or leave `gate: true` out.",
  });
}

/** Keys of a family, without those that would need a key beside them and can have none: only parameters as they are (`escape: none`) can make such. */
export function withCompanions(render: Render, entry: EntryText, { escape: escaping }: Template): Render {
  if (escaping === "percent" || !hasGateKey(entry)) return render;
  return (values) => {
    const key = render(values);
    return key === null || !canHaveCompanion(key) ? null : key;
  };
}

/** Whether both keys lie in one slot because of a part they share. */
export function shareSlot(key: string | null, other: string | null): boolean {
  return key !== null && other !== null && hashTagOf(key) !== null && hashTagOf(key) === hashTagOf(other);
}
