import { resolve } from "./arrows.ts";
import type { Finding, Rule, TextFile, Tree } from "./tree.ts";
import { foundIn, parentOf } from "./tree.ts";

const codesPath = "packages/protocol/src/errors.ts";
const referencePath = "docs/reference/errors.md";

/** Every error code has its page entry, and something that raises it. */
export const errorDocs: Rule = {
  name: "error-code",
  check: (tree) => {
    const list = tree.files.find((file) => file.path === codesPath);
    if (list === undefined) return [];
    const headings = tree.files.find((file) => file.path === referencePath)?.text.match(/^#+ FR\d{4}/gm) ?? [];
    const documented = new Set(headings.map((heading) => heading.replace(/^#+ /, "")));
    const codes = foundIn(list.text, /^\s+(FR\d{4}):/gm, (match) => ({ message: match[1] ?? "", fix: "" }));
    return codes.flatMap(({ line, message: code }): readonly Finding[] => {
      const found = { path: codesPath, line, rule: "error-code" };
      const isRaised = tree.sources.some(
        (file) => file.path !== codesPath && !file.path.startsWith("scripts/") && file.text.includes(`"${code}"`),
      );
      return [
        ...(documented.has(code) ? [] : [{ ...found, message: `${code} is not in ${referencePath}`, fix: "Run npm run generate." }]),
        ...(isRaised || code === "FR9001" ? [] : [{ ...found, message: `nothing raises ${code}`, fix: "Delete the code." }]),
      ];
    });
  },
};

/** Links between pages, and the paths they name in backticks, lead somewhere. */
export const links: Rule = {
  name: "link",
  check: (tree) =>
    tree.files.filter((file) => file.path.endsWith(".md")).flatMap((file) => [...deadLinks(file, tree), ...deadPaths(file, tree)]),
};

function deadLinks(file: TextFile, tree: Tree): readonly Finding[] {
  const targets = foundIn(file.text, /\]\(([^)\s]+)\)/g, (match) => ({ message: match[1] ?? "", fix: "" }));
  return targets.flatMap(({ line, message: target }): readonly Finding[] => {
    if (/^[a-z]+:/.test(target)) return [];
    const [relative = "", anchor] = target.split("#");
    const path = relative === "" ? file.path : resolve(file.path, relative).replace(/\/$/, "");
    const found = { path: file.path, line, rule: "link", fix: "Mend the link." };
    if (!tree.has(path)) return [{ ...found, message: `${target} leads nowhere` }];
    const page = tree.files.find((other) => other.path === path);
    if (anchor === undefined || page === undefined || anchorsOf(page).has(anchor)) return [];
    return [{ ...found, message: `${target} names a heading that is not there` }];
  });
}

const topFolders = /^(?:packages|services|schemas|infra|docs|scripts)\/[\w./-]+$/;

function deadPaths(file: TextFile, tree: Tree): readonly Finding[] {
  if (file.path === "CHANGELOG.md" || file.path.startsWith("docs/decisions/")) return [];
  const named = foundIn(file.text, /`([^`\n]+)`/g, (match) => ({ message: match[1] ?? "", fix: "" }));
  return named
    .filter(({ message: path }) => topFolders.test(path) && !tree.has(path.replace(/\/$/, "")))
    .map(({ line, message: path }) => ({
      path: file.path,
      line,
      rule: "link",
      message: `there is no ${path}`,
      fix: "Name the file as it is called now.",
    }));
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: TextFile): ReadonlySet<string> {
  const headings = page.text.match(/^#+ .+$/gm) ?? [];
  return new Set(
    headings.map((heading) =>
      heading
        .replace(/^#+ /, "")
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replaceAll(" ", "-"),
    ),
  );
}

/** Every alert has a page that says what to do, and every such page has its alert. */
export const runbooks: Rule = {
  name: "runbook",
  check: (tree) => {
    const alerts = tree.files
      .filter((file) => /^infra\/prometheus\/.*\.ya?ml$/.test(file.path) && !/\.test\.ya?ml$/.test(file.path))
      .flatMap((file) =>
        foundIn(file.text, /^[ ]*- alert: (\w+)/gm, (match) => ({ message: match[1] ?? "", fix: "" })).map((found) => ({ file, ...found })),
      );
    const names = new Set(alerts.map((alert) => alert.message));
    const missing = alerts
      .filter(({ message: name }) => !tree.has(`infra/runbooks/${name}.md`))
      .map(({ file, line, message: name }) => ({
        path: file.path,
        line,
        rule: "runbook",
        message: `${name} has no runbook`,
        fix: `Write infra/runbooks/${name}.md.`,
      }));
    const orphans = tree.files
      .filter((file) => parentOf(file.path) === "infra/runbooks" && !/README\.md$/.test(file.path))
      .filter((file) => !names.has(file.path.replace(/^.*\/|\.md$/g, "")))
      .map((file) => ({
        path: file.path,
        line: 1,
        rule: "runbook",
        message: "no alert leads here",
        fix: "Name it after its alert, or delete it.",
      }));
    return [...missing, ...orphans, ...alerts.filter(({ message: name }) => tree.has(`infra/runbooks/${name}.md`)).flatMap(unled)];
  },
};

/** The annotations of an alert, or those of the one before it that it takes by a YAML alias, lead to its page. */
function unled({ file, line, message: name }: { file: TextFile; line: number; message: string }): readonly Finding[] {
  const [own = ""] = file.text
    .split("\n")
    .slice(line)
    .join("\n")
    .split(/^[ ]*- (?:alert|name): /m);
  const alias = /^\s*annotations: \*(\w+)$/m.exec(own)?.[1];
  const anchored = new RegExp(`^\\s*annotations: &${alias}$`, "m");
  const text = alias === undefined ? own : file.text.split(/^\s*- alert: /m).find((alert) => anchored.test(alert));
  const url = /^\s*runbook_url: (\S+)$/m.exec(text ?? "")?.[1] ?? "";
  if (url.endsWith(`infra/runbooks/${name}.md`)) return [];
  const fix = `Give it runbook_url: infra/runbooks/${name}.md.`;
  return [{ path: file.path, line, rule: "runbook", message: `${name} does not lead to its runbook`, fix }];
}
