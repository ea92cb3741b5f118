import type { KafkaPort } from "@freshet/kafka";
import { describe, expect, test } from "@jest/globals";
import { transcript } from "../tests/transcript.js";

describe("help", () => {
  test("shows two real examples first, on stdout, and ends well", async () => {
    const { code, out, talk } = await transcript(["--help"]);
    expect({ code, talk }).toEqual({ code: 0, talk: [] });
    expect(out.slice(0, 4)).toEqual(["Examples:", "  freshet dev --once", "  freshet rules check services/example-shop/rules.yaml", ""]);
  });

  const commands = [
    ["dev"],
    ["rules"],
    ["rules", "check"],
    ["rules", "test"],
    ["rules", "explain"],
    ["publish"],
    ["bust"],
    ["get"],
    ["explain"],
    ["topics"],
    ["topics", "create"],
    ["dlq"],
    ["dlq", "list"],
    ["dlq", "stats"],
    ["dlq", "show"],
    ["doctor"],
    ["support-bundle"],
    ["replay"],
    ["replay", "dlq"],
    ["replay", "history"],
    ["replay", "status"],
    ["replay", "resume"],
    ["replay", "abort"],
  ];
  test.each(commands.map((command) => [command.join(" "), command] as const))(
    "%s: examples, then usage, in 80 columns",
    async (name, command) => {
      const { code, out } = await transcript([...command, "--help"]);
      expect(code).toBe(0);
      expect(out[0]).toBe("Examples:");
      expect(out.filter((line) => /^ {2}(\w+=\S+ )?freshet /.test(line))).toHaveLength(2);
      expect(out.some((line) => line.startsWith(`Usage: freshet ${name}`))).toBe(true);
      expect(out.filter((line) => line.length > 80)).toEqual([]);
    },
  );

  test.each(["check", "test", "explain"])("rules %s takes --json", async (command) => {
    expect((await transcript(["rules", command, "--help"])).out.join("\n")).toContain("--json");
  });
});

describe("wrong usage", () => {
  const wrong: readonly (readonly [argv: readonly string[], cause: string, fix: string])[] = [
    [["pubish"], "FR1001 unknown command 'pubish'", "  fix: Did you mean `publish`? See `freshet --help`."],
    [["rules", "chek"], "FR1001 unknown command 'chek'", "  fix: Did you mean `check`? See `freshet --help`."],
    [["xyzzy"], "FR1001 unknown command 'xyzzy'", "  fix: See `freshet --help`."],
    [["dev", "--jsno"], "FR1001 unknown option '--jsno'", "  fix: Did you mean `--json`? See `freshet --help`."],
    [["lag", "--redis-pasword=hunter2='x'"], "FR1001 unknown option '--redis-pasword'", "  fix: See `freshet --help`."],
    [["get", "page:42"], "FR1001 a key with --family is needed, or --tag alone", "  fix: Say what to show, one at a time."],
    [["rules", "check"], "FR1001 missing required argument 'file'", "  fix: See `freshet --help`."],
    [
      ["rules", "check", "nowhere.yaml"],
      "FR1001 nowhere.yaml: there is no such file",
      "  fix: Check the path; it is relative to the current folder.",
    ],
  ];
  test.each(wrong)("%j is told with code, cause and fix, and ends with 2", async (argv, cause, fix) => {
    expect(await transcript(argv)).toEqual({ code: 2, out: [], talk: [cause, fix] });
  });

  test("no command at all: the help as talk, and 2", async () => {
    const { code, out, talk } = await transcript([]);
    expect({ code, out }).toEqual({ code: 2, out: [] });
    expect(talk[0]).toBe("Examples:");
    expect(talk).toContain("FR1001 a command is missing");
  });
});

describe("Ctrl-C", () => {
  test("a command that ends by itself is left where it is: 130", async () => {
    const controller = new AbortController();
    const world = { stop: controller.signal, interrupt: controller.signal, files: { "topics.json": '{ "topics": [] }' } };
    const running = transcript(["topics", "create"], { ...world, kafka: stuckUntil(controller.signal) });
    controller.abort();
    expect((await running).code).toBe(130);
  });

  test("the demo ends with its verdict: 130", async () => {
    const controller = new AbortController();
    const running = transcript(["dev"], { stop: controller.signal, interrupt: controller.signal });
    controller.abort();
    const { code, out } = await running;
    expect(code).toBe(130);
    expect(out.join("\n")).toContain("promises held.");
  });
});

/** A broker that does not answer before `signal`. */
function stuckUntil(signal: AbortSignal): KafkaPort {
  const stuck = () =>
    new Promise<never>((_resolve, reject) => {
      if (signal.aborted) reject(new Error("too late"));
      signal.addEventListener("abort", () => reject(new Error("too late")));
    });
  const reading = {
    read: stuck,
    offsets: stuck,
    offsetsAt: stuck,
    peek: stuck,
    committed: stuck,
    describeGroup: stuck,
    deleteGroup: stuck,
  };
  return { ...reading, consume: stuck, produce: stuck, describeTopics: stuck, inspect: stuck, createTopics: stuck, close: async () => {} };
}
