import type { Finding } from "./tree.ts";

/** A finding we live with, and why. One that no longer covers anything is a finding itself. */
export interface Exception {
  readonly rule: string;
  readonly path: string;
  /** Text the message must hold; `""` for any. */
  readonly message: string;
  readonly reason: string;
}

export const exceptions: readonly Exception[] = [
  { rule: "pure-zone", path: "packages/rules/src/hash.ts", message: "node:crypto", reason: "A hash is a pure function of its input." },
  {
    rule: "parameters",
    path: "packages/protocol/src/errors.ts",
    message: "5 parameters",
    reason: "An error reads as a sentence where it is thrown: code, what to do, problem, fix, cause.",
  },
  {
    rule: "version-number",
    path: "packages/store/src/probe.ts",
    message: "a version becomes a number",
    reason: "The release of the Redis server, which counts no subject.",
  },
  {
    rule: "dead-export",
    path: "packages/protocol/src/index.ts",
    message: "bustOutcomes",
    reason: "The differential test counts every outcome there is.",
  },
  {
    rule: "skipped-test",
    path: "packages/testkit/src/providers/docker.kafka.test.ts",
    message: "describe.skip",
    reason: "Docker is one way of three; a machine without it says why this one was left out, and .ci/run makes it fail.",
  },
  {
    rule: "dead-export",
    path: "packages/store/src/index.ts",
    message: "seedRedis",
    reason: "Tests of the command line put entries in place with it.",
  },
  {
    rule: "dead-export",
    path: "packages/protocol/src/index.ts",
    message: "`encodeFloors`",
    reason: "The differential tests put random states into Redis with it, or hold the scripts to it.",
  },
  {
    rule: "dead-export",
    path: "packages/protocol/src/index.ts",
    message: "`encodeEpoch`",
    reason: "The differential tests put random states into Redis with it, or hold the scripts to it.",
  },
  {
    rule: "dead-export",
    path: "packages/protocol/src/index.ts",
    message: "`encodePending`",
    reason: "The differential tests put random states into Redis with it, or hold the scripts to it.",
  },
  {
    rule: "dead-export",
    path: "packages/protocol/src/index.ts",
    message: "`encodeTag`",
    reason: "The differential tests put random states into Redis with it, or hold the scripts to it.",
  },
  {
    rule: "dead-export",
    path: "packages/store/src/index.ts",
    message: "createBoundsGuard",
    reason: "Services with loaders of their own ask it before each lease; the cache SDK of a later release will.",
  },
  ...["readDeadLetter", "createLetterFilter", "scanDeadLetters"].map((name) => ({
    rule: "dead-export",
    path: "packages/replay/src/index.ts",
    message: `\`${name}\``,
    reason: "Dead letters as calls, for consoles that show them in another way than the command line does.",
  })),
  ...["runJob", "releaseJob"].map((name) => ({
    rule: "dead-export",
    path: "packages/replay/src/index.ts",
    message: `\`${name}\``,
    reason: "Replays as calls, for consoles that keep an audit trail of their own: `workOnJob` is both with ours.",
  })),
  {
    rule: "dead-export",
    path: "packages/schema-registry/src/index.ts",
    message: "`createFrames`",
    reason: "An optional package: the service loads it by name, and only where a source needs it.",
  },
];

/** The findings no exception covers, and the exceptions that cover none. */
export function withoutExceptions(findings: readonly Finding[], list: readonly Exception[]): readonly Finding[] {
  const covers = (exception: Exception, finding: Finding): boolean =>
    exception.rule === finding.rule && exception.path === finding.path && finding.message.includes(exception.message);
  const left = findings.filter((finding) => !list.some((exception) => covers(exception, finding)));
  const idle = list.filter((exception) => !findings.some((finding) => covers(exception, finding)));
  const message = (exception: Exception): string => `the exception for ${exception.rule} in ${exception.path} covers nothing`;
  const found = { path: "scripts/tidy/exceptions.ts", line: 1, rule: "exception", fix: "Remove it from the list." };
  return [...left, ...idle.map((exception) => ({ ...found, message: message(exception) }))];
}
