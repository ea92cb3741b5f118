import type { Finding, Rule, TextFile, Tree } from "./tree.ts";
import { foundIn, parentOf } from "./tree.ts";

const parsers = /^packages\/cli\/src\/(?:parse\/[\w-]+|program)\.ts$/;
const pages = /^(?:infra\/runbooks|docs\/guides)\/[\w-]+\.md$/;

/** What the program knows, as its parsers say it. */
interface Known {
  /** Each command and subcommand, and whether it takes something that is no flag. */
  readonly commands: ReadonlyMap<string, boolean>;
  readonly flags: ReadonlySet<string>;
}

/** Every command that runbooks and guides tell people to run is one that the program has, with flags it has; and each runbook tells of one. */
export const commands: Rule = {
  name: "command",
  check: (tree) => {
    const known = knownIn(tree);
    if (known.commands.size === 0) return [];
    return tree.files.filter(({ path }) => pages.test(path)).flatMap((page) => checked(page, known));
  },
};

function knownIn(tree: Tree): Known {
  const texts = tree.files.filter(({ path }) => parsers.test(path)).map(({ text }) => text);
  const named = texts.flatMap((text) => [...text.matchAll(/\.command\("([a-z-]+)([^"]*)"/g)]);
  const settings = tree.files.filter(({ path }) => /^services\/invalidator\/src\/config-[\w-]+\.ts$/.test(path));
  const variables = settings.flatMap(({ text }) => [...text.matchAll(/env: "FRESHET_([A-Z_]+)"/g)].map(([, name = ""]) => name));
  const flags = tree.files
    .filter(({ path }) => path.startsWith("packages/cli/src/"))
    .flatMap(({ text }) => [...text.matchAll(/"(?:-\w, )?--([a-z-]+)/g)].map(([, name = ""]) => name));
  return {
    commands: new Map(named.map(([, name = "", rest = ""]) => [name, rest !== ""])),
    flags: new Set([...flags, ...variables.map((name) => name.toLowerCase().replaceAll("_", "-")), "help", "config"]),
  };
}

function checked(page: TextFile, known: Known): readonly Finding[] {
  const text = page.text.replaceAll("\\\n", "  ");
  const told = foundIn(text, /(?:^[ \t]*|`)freshet ([a-z][^`\n]*)/gm, (match) => ({ message: match[1] ?? "", fix: "" }));
  const place = { path: page.path, rule: "command" };
  const wrong = told.flatMap(({ line, message }): readonly Finding[] => {
    const problem = problemOf(message.split(/\s+/), known);
    return problem === null ? [] : [{ ...place, line, message: problem, fix: "Write what `freshet --help` says." }];
  });
  const isSilent = told.length === 0 && parentOf(page.path) === "infra/runbooks" && !page.path.endsWith("README.md");
  const silent = { ...place, line: 1, message: "this runbook has no command", fix: "Say what to run to see the trouble." };
  return isSilent ? [...wrong, silent] : wrong;
}

function problemOf(words: readonly string[], { commands: names, flags }: Known): string | null {
  const [first = "", second = ""] = words;
  const takes = names.get(first);
  if (takes === undefined) return `there is no command \`freshet ${first}\``;
  if (!takes && /^[a-z]/.test(second) && !names.has(second)) return `there is no command \`freshet ${first} ${second}\``;
  const unknown = words.filter((word) => word.startsWith("--")).find((word) => !flags.has(word.replace(/^--|[=,.].*$/g, "")));
  return unknown === undefined ? null : `there is no flag \`${unknown}\``;
}
