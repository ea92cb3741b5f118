import type { Path, YamlFile } from "./document.js";
import type { Model } from "./model.js";
import type { Mistake } from "./report.js";
import type { Finding } from "./types.js";

/** What `run` of this release refuses although the file is right: entries of kind prefix and companion, and floors on json entries. */
export function unsupported(model: Model, file: YamlFile): readonly Finding[] {
  const findings: Finding[] = [];
  const add = (path: Path, mistake: Mistake): void => {
    findings.push({ ...file.at(path), ...mistake });
  };
  for (const { path, entry } of model.families.values()) {
    if (entry.kind === "prefix" || entry.kind === "companion") {
      const fix = "Use managed, hash, json or opaque entries.";
      add([...path, "entry", "kind"], { code: "unsupported_entry", problem: `this release has no entries of kind ${entry.kind}`, fix });
    } else if (entry.kind === "json" && entry.gate === true) {
      const fix = "Write `gate: false`, or use managed or hash entries.";
      add([...path, "entry", "gate"], { code: "unsupported_gate", problem: "this release leaves no floors on json entries", fix });
    }
  }
  return findings.toSorted((a, b) => a.line - b.line || a.column - b.column);
}
