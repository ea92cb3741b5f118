import { readFileSync } from "node:fs";
import type { KafkaRight } from "@freshet/kafka";
import { FreshetError } from "@freshet/protocol";
import type { ConnectionFault, ProbeFinding } from "@freshet/store";
import { describe, expect, test } from "@jest/globals";
import { doctor as contract } from "../../../../scripts/schemas/doctor.ts";
import { type Clinic, openClinic, withSettings } from "../../tests/clinic.js";
import { NOW_MS, transcript, type World } from "../../tests/transcript.js";
import { type FindingName, findingKinds } from "./finding-kinds.js";

const SOURCE = "shop.products";
const DEAD_LETTERS = "freshet.dlq.default";

function refuse(code: ConstructorParameters<typeof FreshetError>[0], disposition: "wait" | "halt" | "usage" = "halt", cause?: Error) {
  return async () => {
    throw new FreshetError(code, disposition, "it says no", "Ask again.", cause);
  };
}

function fault(what: ConnectionFault): Error {
  return Object.assign(new Error(what), { name: "ConnectionFault" });
}

function probe(about: ProbeFinding["about"]): (clinic: Clinic) => World {
  return (clinic) => clinic.withStore({ probe: async () => [{ fatal: true, about, code: "FR2004", problem: "no", fix: "Mend it." }] });
}

function settings(topic: string, changed: Readonly<Record<string, string>>): (clinic: Clinic) => World {
  return (clinic) => clinic.withTopic(topic, withSettings(changed));
}

function shards(...aheadMs: readonly number[]): (clinic: Clinic) => World {
  return (clinic) =>
    clinic.withStore({
      servers: async () => {
        const [server] = await clinic.world.store.servers();
        return aheadMs.flatMap((ms, at) =>
          server === undefined ? [] : [{ ...server, address: `redis-${at}:6379`, clockMs: NOW_MS + ms }],
        );
      },
    });
}

function published(change: { readonly floorMs: number }): (clinic: Clinic) => World {
  return (clinic) =>
    clinic.withStore({
      readBounds: async () => {
        const bounds = await clinic.world.store.readBounds();
        return bounds === null ? null : { ...bounds, ...change };
      },
    });
}

/** For each finding a world that has it; one without a world does not compile. */
const ill: Readonly<Record<FindingName, (clinic: Clinic) => World | Promise<World>>> = {
  "rules-unnamed": ({ world }) => ({ ...world, env: { ...world.env, FRESHET_RULES: "" } }),
  "rules-unreadable": ({ world }) => ({ ...world, files: { "topics.json": world.files?.["topics.json"] ?? "" } }),
  "rules-lint": ({ world }) => ({ ...world, files: { ...world.files, "rules.yaml": "freshet: 1\nsauces: []\n" } }),
  "kafka-unconfigured": (clinic) => clinic.withKafka({ inspect: refuse("FR1002", "usage") }),
  "kafka-unreachable": (clinic) => clinic.withKafka({ inspect: refuse("FR3001", "wait") }),
  "kafka-refused": (clinic) => clinic.withKafka({ inspect: refuse("FR3006") }),
  "kafka-untrusted": (clinic) => clinic.withKafka({ inspect: refuse("FR1002") }),
  "kafka-protocol": (clinic) => clinic.withKafka({ inspect: refuse("FR3007") }),
  "codec-broken": (clinic) => clinic.withKafka({ inspect: refuse("FR3010") }),
  "codec-unknown": settings(SOURCE, { "compression.type": "brotli" }),
  "topic-missing": (clinic) => clinic.withTopic(SOURCE, { state: "missing" }),
  "own-topic-missing": (clinic) => clinic.withTopic(DEAD_LETTERS, { state: "missing" }),
  "topic-forbidden": (clinic) => clinic.withTopic(SOURCE, { state: "forbidden" }),
  "topic-rights": (clinic) => clinic.withTopic(DEAD_LETTERS, { rights: new Set<KafkaRight>(["READ", "DESCRIBE", "DESCRIBE_CONFIGS"]) }),
  "group-rights": (clinic) => clinic.withCluster(() => ({ groupRights: new Set<KafkaRight>(["DESCRIBE"]) })),
  "dead-letters-too-small": settings(DEAD_LETTERS, { "max.message.bytes": "1048588" }),
  "dead-letters-compacted": settings(DEAD_LETTERS, { "cleanup.policy": "compact" }),
  "jobs-not-compacted": settings("freshet.jobs.default", { "cleanup.policy": "delete" }),
  "retention-short": settings(SOURCE, { "retention.ms": "3600000" }),
  "source-compacted": settings(SOURCE, { "cleanup.policy": "compact,delete" }),
  "replication-low": (clinic) =>
    clinic.withCluster(({ brokers }) => ({ brokers: [...brokers, { id: 2, address: "b:9092" }, { id: 3, address: "c:9092" }] })),
  "replication-impossible": settings(DEAD_LETTERS, { "min.insync.replicas": "2" }),
  "replicas-out-of-sync": (clinic) =>
    clinic.withTopic(SOURCE, (health) => ({ replicas: 3, inSyncReplicas: 1, ...withSettings({ "min.insync.replicas": "2" })(health) })),
  "partition-leaderless": (clinic) => clinic.withTopic(SOURCE, { partitionsWithoutLeader: 1 }),
  "producer-timestamps": settings(SOURCE, { "message.timestamp.type": "CreateTime" }),
  "members-idle": (clinic) => clinic.withKafka({ describeGroup: async (group) => ({ group, state: "stable", members: 3 }) }),
  "redis-unconfigured": ({ world }) => ({ ...world, env: {} }),
  "redis-unreachable": (clinic) => clinic.withStore({ probe: refuse("FR2001", "wait") }),
  "redis-refused": (clinic) => clinic.withStore({ probe: refuse("FR2004") }),
  "redis-untrusted": (clinic) => clinic.withStore({ probe: refuse("FR1002") }),
  "redis-protocol": (clinic) => clinic.withStore({ probe: refuse("FR2004", "halt", fault("protocol")) }),
  "redis-database": (clinic) => clinic.withStore({ probe: refuse("FR1002", "halt", fault("database")) }),
  "redis-version": probe("version"),
  "redis-mode": probe("mode"),
  "redis-role": probe("role"),
  "redis-eviction": probe("eviction"),
  "redis-rights": probe("rights"),
  "redis-scripts": probe("scripts"),
  "clock-shards": shards(0, 400),
  "clock-here": shards(5000),
  "bounds-unpublished": (clinic) => clinic.withStore({ readBounds: async () => null }),
  "bounds-differ": published({ floorMs: 3_600_000 }),
  "bounds-unreadable": (clinic) => clinic.withStore({ readBounds: refuse("FR2005") }),
  "floor-too-short": published({ floorMs: 1 }),
  "sample-rejected": async (clinic) => {
    await clinic.produce("product.updated", { freshetversion: "many" });
    return clinic.world;
  },
  "sample-unmatched": async (clinic) => {
    await clinic.produce("product.created");
    return clinic.world;
  },
  "lag-stale": async (clinic) => {
    await clinic.produce("product.updated");
    return clinic.world;
  },
};

const names = Object.keys(findingKinds) as FindingName[];

describe("freshet doctor", () => {
  test("finds nothing in a deployment in which nothing is wrong", async () => {
    const { code, out, talk } = await transcript(["doctor", "--json"], (await openClinic()).world);
    const report = contract.schema.parse(JSON.parse(out.join("")));
    expect(report.findings).toEqual([]);
    expect(report.checks.map(({ outcome }) => outcome)).toEqual(report.checks.map(() => "ok"));
    expect({ code, talk, verdict: report.verdict }).toEqual({ code: 0, talk: [], verdict: "ok" });
  });

  test.each(names)("finds %s, with cause and fix, and ends as it should", async (name) => {
    const { code, out } = await transcript(["doctor", "--json"], await ill[name](await openClinic()));
    const report = contract.schema.parse(JSON.parse(out.join("")));
    expect(report.findings.map((found) => found.name)).toContain(name);
    const severe = report.findings.some(({ severity }) => severity !== "note");
    expect(code).toBe(name.endsWith("-unreachable") ? 5 : severe ? 3 : 0);
    expect(report.findings.find((found) => found.name === name)).toMatchObject(findingKinds[name]);
  });

  test("asks a Redis that is lost once more: a refused certificate may look like it at first", async () => {
    const clinic = await openClinic();
    const answers = [refuse("FR2001", "wait"), refuse("FR1002")];
    const { code, out } = await transcript(
      ["doctor", "--json"],
      clinic.withStore({ probe: async () => (await answers.shift()?.()) ?? [] }),
    );
    const { findings } = contract.schema.parse(JSON.parse(out.join("")));
    expect({ code, found: findings.map(({ name }) => name) }).toEqual({ code: 3, found: expect.arrayContaining(["redis-untrusted"]) });
  });

  test("is read-only: the log, its groups and the store are as they were", async () => {
    const clinic = await openClinic();
    await clinic.produce("product.updated");
    const before = clinic.log.records(SOURCE).length;
    const refused = ["produce", "createTopics", "consume"] as const;
    const kafka = { ...clinic.world.kafka, ...Object.fromEntries(refused.map((step) => [step, refuse("FR9001")])) };
    const steps = ["bust", "bustTags", "lease", "fill", "setIfNewer", "publishBounds", "claimSweep"] as const;
    const store = { ...clinic.world.store, ...Object.fromEntries(steps.map((step) => [step, refuse("FR9001")])) };
    const { out } = await transcript(["doctor", "--json"], { ...clinic.world, kafka, store });
    expect(out.join("")).not.toContain("FR9001");
    expect(clinic.log.records(SOURCE)).toHaveLength(before);
    expect(clinic.log.committed("freshet-default", { topic: SOURCE, partition: 0 })).toBeNull();
    expect((await clinic.world.kafka.describeGroup("freshet-doctor-default-id-1")).state).toBe("missing");
  });
});

test("the reference page lists exactly these findings, each with its severity", () => {
  const page = readFileSync(new URL("../../../../docs/reference/doctor.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (error|warning|note) \| (.*) \|$/gm)].map(([, name, severity, why]) => ({
    name,
    severity,
    why,
  }));
  expect(rows).toEqual(names.map((name) => ({ name, ...findingKinds[name] })));
});
