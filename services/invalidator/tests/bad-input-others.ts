import { connect } from "node:net";
import { loadConfig } from "@freshet/invalidator";
import { FreshetError } from "@freshet/protocol";
import { loadRules } from "@freshet/rules";
import { type BadInput, CANARY } from "./bad-input-lines.ts";

/** What became of an input that is no record. */
interface Judged {
  readonly place: string;
  readonly outcome: string;
  /** Whether anything that was said about it holds a piece of it. */
  readonly isTelling: boolean;
}

/** Holds rules files, settings and requests against what reads them. */
export async function judgeOthers(lines: readonly BadInput[], address: string): Promise<readonly Judged[]> {
  return await Promise.all(
    lines.map(async (line) => {
      const { outcome, text } = await judge(line, address);
      return { place: line.place, outcome, isTelling: text.includes(CANARY) };
    }),
  );
}

interface Said {
  readonly outcome: string;
  readonly text: string;
}

async function judge(line: BadInput, address: string): Promise<Said> {
  const part = (name: string): Buffer => line.edits.find((edit) => edit.name === name)?.bytes ?? Buffer.alloc(0);
  switch (line.source) {
    case "rules":
      return judgeRules(part("file").toString());
    case "when":
      return judgeRules(rulesWith(part("when").toString()));
    case "config":
      return judgeConfig(line);
    case "http":
      return await ask(address, part("request"));
    default:
      throw new Error(`${line.place}: there is no source ${line.source}`);
  }
}

function rulesWith(when: string): string {
  return `freshet: 1
sources: [{ name: s, topic: t, format: cloudevents, space: p }]
families: { page: { key: "page:{id}", ttl: 1h } }
rules: [{ name: r, source: s, when: ${JSON.stringify(when)}, bust: [{ family: page, with: { id: subject } }] }]
`;
}

function judgeRules(file: string): Said {
  const { rules, findings } = loadRules(file);
  return { outcome: rules === null ? [...new Set(findings.map(({ code }) => code))].toSorted().join(",") : "ok", text: "" };
}

/** Each edit is a variable, but for `file`, which is the configuration file. */
function judgeConfig({ edits }: BadInput): Said {
  const file = edits.find(({ name }) => name === "file")?.bytes;
  const env = Object.fromEntries(edits.filter(({ name }) => name !== "file").map(({ name, bytes }) => [name, bytes?.toString() ?? ""]));
  const readText = (): string => {
    if (file !== undefined && file !== null) return file.toString();
    throw Object.assign(new Error("none"), { code: "ENOENT" });
  };
  try {
    loadConfig({ env, flags: {}, readText });
    return { outcome: "ok", text: "" };
  } catch (error) {
    if (!(error instanceof FreshetError)) throw error;
    return { outcome: error.code, text: `${error.message} ${error.fix}` };
  }
}

/** The status of the answer; `closed` for none. A server that neither answers nor closes makes the whole run end late. */
function ask(address: string, request: Buffer): Promise<Said> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let text = "";
    socket.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1");
      if (/^HTTP\/1\.1 \d{3} [\s\S]*\r\n\r\n/.test(text)) socket.destroy();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve({ outcome: /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? "closed", text }));
    socket.write(request);
  });
}
