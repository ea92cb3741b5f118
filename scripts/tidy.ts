// `npm run tidy`: the rules of style a tool can check. Prints `file:line rule message fix` and exits 1 when there is a finding.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { exceptions, withoutExceptions } from "./tidy/exceptions.ts";
import { readTree } from "./tidy/read-tree.ts";
import { rules } from "./tidy/rules.ts";

const root = join(import.meta.dirname, "..");
const tree = readTree(root);
const findings = withoutExceptions(
  rules.flatMap((rule) => rule.check(tree)),
  exceptions,
);
for (const { path, line, rule, message, fix } of findings) console.log(`${path}:${line} ${rule} ${message}. ${fix}`);

const generated = spawnSync(process.execPath, [join(root, "scripts/generate.ts"), "--check"], { stdio: "inherit" });
const isTidy = findings.length === 0 && generated.status === 0;
console.error(`tidy: ${findings.length} findings, generated files ${generated.status === 0 ? "up to date" : "out of date"}`);
process.exit(isTidy ? 0 : 1);
