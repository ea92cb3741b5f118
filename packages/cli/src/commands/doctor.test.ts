import type { KafkaRight } from "@freshet/kafka/port";
import { FreshetError } from "@freshet/protocol";
import { describe, expect, test } from "@jest/globals";
import { doctor as contract } from "../../../../scripts/schemas/doctor.ts";
import { openClinic, withSettings } from "../../tests/clinic.js";
import { transcript } from "../../tests/transcript.js";

function away(code: "FR2001" | "FR3001") {
  return async () => {
    throw new FreshetError(code, "wait", "it is away", "Start it.");
  };
}

describe("freshet doctor, as text", () => {
  test("what was looked at, then findings with why and fix, in 80 columns", async () => {
    const clinic = await openClinic();
    const world = clinic.withTopic("shop.products", withSettings({ "retention.ms": "3600000" }));
    const { code, out, talk } = await transcript(["doctor", "--kafka-brokers", "localhost:9092"], world);
    expect(talk).toEqual([]);
    expect(out).toEqual([
      "deployment default, group freshet-default",
      expect.stringMatching(/^ok {8}rules {4}rules.yaml: 1 rule, hash [0-9a-f]{12}$/),
      "ok        brokers  1 broker, a log in memory; all codecs work here",
      "findings  topics   1 source topic, 4 of Freshet's own",
      "ok        rights   on 5 topics and the group freshet-default",
      "ok        samples  no source has a record yet",
      "ok        lag      group missing, 0 members; 0 records behind",
      "ok        redis    memory, noeviction",
      "ok        clocks   1 server, at least 0 ms from this machine",
      "ok        bounds   published: lease 5000 ms, floor 7250 ms",
      "",
      "warning retention-short: shop.products",
      "  records are kept for 1 h, and should be for 24 h",
      "  why: Records that are deleted before they are read, or replayed, leave stale",
      "       entries behind.",
      "  fix: kafka-configs.sh --bootstrap-server localhost:9092 --alter --entity-type",
      "       topics --entity-name shop.products --add-config retention.ms=86400000",
      "",
      "0 errors, 1 warning, 0 notes",
    ]);
    expect(code).toBe(3);
  });

  test("the canary's topic is looked at where the canary is on", async () => {
    const clinic = await openClinic();
    const canary = "freshet.canary.default";
    const of = async (world: ReturnType<typeof clinic.withTopic>, seconds: string) =>
      (await transcript(["doctor", "--canary-seconds", seconds], world)).out.filter(
        (line) => line.includes(canary) && line.startsWith("error"),
      );
    const gone = clinic.withTopic(canary, { state: "missing" });
    const refused = clinic.withTopic(canary, { rights: new Set<KafkaRight>(["READ", "DESCRIBE", "DESCRIBE_CONFIGS"]) });
    expect([await of(gone, "0"), await of(refused, "0")]).toEqual([[], []]);
    expect(await of(gone, "5")).toEqual([`error own-topic-missing (FR3002): ${canary}`]);
    expect(await of(refused, "5")).toEqual([`error topic-rights (FR3006): ${canary}`]);
  });

  test("more replicas in sync than there are: an error before Kafka 3.7, later a warning", async () => {
    const clinic = await openClinic();
    const of = async (release: string) => {
      const world = clinic.withCluster(({ topics }) => ({
        release,
        topics: topics.map((health) => ({ ...health, ...withSettings({ "min.insync.replicas": "2" })(health) })),
      }));
      return (await transcript(["doctor"], world)).out.find((line) => line.includes("replication-impossible"))?.split(" ")[0];
    };
    const releases = ["Kafka 2.7 to 3.0", "Kafka 3.5 or 3.6", "Kafka 3.7 or 3.8", "Kafka 3.9 or 4.0", "Kafka 4.1 or newer"];
    expect(await Promise.all(releases.map(of))).toEqual(["error", "error", "warning", "warning", "warning"]);
  });

  test("what a user may not see of topics that only commands use is a note", async () => {
    const clinic = await openClinic();
    const of = async (topic: string) => (await transcript(["doctor", "--json"], clinic.withTopic(topic, { state: "forbidden" }))).code;
    expect([await of("freshet.jobs.default"), await of("freshet.audit.default"), await of("freshet.dlq.default")]).toEqual([0, 0, 3]);
  });

  test("a shorter replay window makes it well again", async () => {
    const clinic = await openClinic();
    const world = clinic.withTopic("shop.products", withSettings({ "retention.ms": "3600000" }));
    expect((await transcript(["doctor", "--replay-window", "1h"], world)).code).toBe(0);
    expect((await transcript(["doctor", "--replay-window", "soon"], world)).code).toBe(2);
  });

  test("with Kafka away it tells what Redis says, and the other way round: 5", async () => {
    const clinic = await openClinic();
    const noKafka = await transcript(["doctor"], clinic.withKafka({ inspect: away("FR3001") }));
    expect(noKafka.out).toContain("skipped   brokers  could not be asked");
    expect(noKafka.out).toContain("ok        redis    memory, noeviction");
    const noRedis = await transcript(["doctor"], clinic.withStore({ probe: away("FR2001") }));
    expect(noRedis.out).toContain("ok        brokers  1 broker, a log in memory; all codecs work here");
    expect(noRedis.out).toContain("skipped   bounds   Redis did not answer in time");
    expect([noKafka.code, noRedis.code]).toEqual([5, 5]);
    expect([...noKafka.out, ...noRedis.out].filter((line) => line.length > 80)).toEqual([]);
  });

  test("a user that may not have a group of the doctor's own is no finding: the service needs none", async () => {
    const clinic = await openClinic();
    await clinic.produce("product.updated");
    const read = async () => {
      throw new FreshetError("FR3006", "halt", "GROUP_AUTHORIZATION_FAILED", "Allow it.");
    };
    const { out } = await transcript(["doctor", "--stale-after", "1h"], clinic.withKafka({ read }));
    expect(out).toContain("skipped   samples  this user may not READ with groups named freshet-doctor-…");
    expect(out.join("\n")).not.toContain("kafka-refused");
  });

  test("a group's coordinator that is away hides nothing else, and is told once", async () => {
    const clinic = await openClinic();
    const groupTrouble = new FreshetError("FR3001", "wait", "the coordinator is away", "Wait.");
    const world = clinic.withCluster(() => ({ groupRights: null, groupTrouble }));
    const kafka = { ...clinic.world.kafka, inspect: world.kafka?.inspect ?? away("FR3001"), committed: away("FR3001") };
    const { code, out } = await transcript(["doctor", "--json"], { ...world, kafka });
    const { checks, findings } = contract.schema.parse(JSON.parse(out.join("")));
    expect(findings.map(({ name, problem }) => `${name}: ${problem}`)).toEqual(["kafka-unreachable: the coordinator is away"]);
    const outcomes = Object.fromEntries(checks.map(({ name, outcome }) => [name, outcome]));
    expect(outcomes).toMatchObject({ brokers: "ok", topics: "ok", rights: "findings", lag: "skipped", redis: "ok" });
    expect(code).toBe(5);
  });

  test("with both away every check is skipped but the rules, and each is told once", async () => {
    const clinic = await openClinic();
    const store = { ...clinic.world.store, probe: away("FR2001") };
    const { code, out } = await transcript(["doctor", "--json"], { ...clinic.withKafka({ inspect: away("FR3001") }), store });
    const { checks, findings } = contract.schema.parse(JSON.parse(out.join("")));
    expect(checks.filter(({ outcome }) => outcome !== "skipped").map(({ name }) => name)).toEqual(["rules"]);
    expect(findings.map(({ name }) => name)).toEqual(["kafka-unreachable", "redis-unreachable"]);
    expect(code).toBe(5);
  });
});
