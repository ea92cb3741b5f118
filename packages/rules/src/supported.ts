import type { Path, YamlFile } from "./document.js";
import type { BustModel, Model } from "./model.js";
import type { Mistake } from "./report.js";
import type { Finding } from "./types.js";

/**
 * What `run` of this release refuses although the file is right: rules that bust tags or epochs, soft busts, entries of
 * kind prefix and companion, and floors on json entries.
 */
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
  for (const bust of model.rules.flatMap((rule) => rule.busts)) addBust(bust, add);
  return findings.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

function addBust({ path, target, mode }: BustModel, add: (path: Path, mistake: Mistake) => void): void {
  if ("tag" in target) {
    const fix = "Bust families by key until the release that brings tags; `rules check`, `test` and `explain` know them already.";
    add([...path, "tag"], { code: "unsupported_tag", problem: "this release busts keys only, not tags", fix });
  }
  if (mode === "soft") {
    add([...path, "mode"], { code: "unsupported_soft", problem: "this release busts hard only", fix: "Leave `mode: soft` out." });
  }
}
