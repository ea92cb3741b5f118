import type { LagReport, PartitionReport } from "@freshet/invalidator";
import { needsAttention } from "@freshet/kafka";
import { number, plural } from "../commands/dlq-text.js";
import { type Judged, looked, skipped, troubleWith } from "./check.js";
import { type Answer, type Facts, knownOf, type SampledTopic } from "./facts.js";
import { type DoctorFinding, finding } from "./finding.js";

const NO_GROUP = "this user may not READ with groups named freshet-doctor-…";

/** What the newest records would become. */
export function judgeSamples({ samples, cluster }: Facts): Judged {
  // Nothing that the service needs: it is the doctor that may not use a group of its own.
  if (samples.kind === "failed" && samples.error.code === "FR3006") return skipped("samples", NO_GROUP);
  const told = notKnown("samples", samples, knownOf(cluster) === null);
  if (told !== null || samples.kind !== "known") return told ?? skipped("samples", "");
  const records = samples.value.reduce((sum, topic) => sum + topic.records, 0);
  const seen =
    records === 0 ? "no source has a record yet" : `${number(records)} records of ${plural(samples.value.length, "topic")} decoded`;
  return looked("samples", seen, samples.value.flatMap(ofTopic));
}

function ofTopic({ topic, records, matched, rejected }: SampledTopic): readonly DoctorFinding[] {
  const bad = rejected.map(({ reason, message, fix, count }) => {
    const problem = `${count} of its newest ${plural(records, "record")} would be dead letters as ${reason}: ${message}`;
    return finding("sample-rejected", { subject: topic, problem, fix });
  });
  if (matched > 0 || bad.length > 0 || records === 0) return bad;
  const problem = `none of its newest ${plural(records, "record")} matches a rule`;
  const fix = "freshet rules explain FILE --event E.json says for one record why.";
  return [finding("sample-unmatched", { subject: topic, problem, fix })];
}

/** Where the group stands now. */
export function judgeLag(facts: Facts): Judged {
  const { lag } = facts;
  const cluster = knownOf(facts.cluster);
  const told = notKnown("lag", lag, cluster === null || cluster.groupTrouble !== undefined);
  if (told !== null || lag.kind !== "known") return told ?? skipped("lag", "");
  const { group, partitions, oldestSeconds } = lag.value;
  const records = partitions.reduce((sum, partition) => sum + (partition.records ?? 0), 0);
  const oldest = oldestSeconds === null ? ", of unknown age" : oldestSeconds > 0 ? `, the oldest ${oldestSeconds.toFixed(1)} s old` : "";
  const seen = `group ${group.state}, ${plural(group.members, "member")}; ${plural(records, "record")} behind${oldest}`;
  return looked("lag", seen, [...stale(lag.value), ...sweeps(lag.value), ...idle(lag.value)]);
}

/** A question whose brokers are silent anyway is told once, there. */
function notKnown(name: "samples" | "lag", answer: Answer<unknown>, isTold: boolean): Judged | null {
  if (answer.kind === "known") return null;
  if (answer.kind === "skipped") return skipped(name, answer.because);
  return skipped(name, isTold ? "brokers could not be asked" : "could not be asked", isTold ? [] : [troubleWith("kafka", answer.error)]);
}

function stale({ partitions, staleAfterSeconds }: LagReport): readonly DoctorFinding[] {
  const attended = partitions.filter(({ seconds, ...lag }) => {
    return needsAttention({ ...lag, ageMs: seconds === null ? null : seconds * 1000 }, staleAfterSeconds * 1000);
  });
  const groups = Map.groupBy(attended, ({ topic, state }) => `${topic} ${state}`);
  return [...groups.values()].flatMap((some) => (some[0] === undefined ? [] : [staleFinding(some[0], some)]));
}

function staleFinding({ topic, state, reason }: PartitionReport, some: readonly PartitionReport[]): DoctorFinding {
  const records = some.reduce((sum, partition) => sum + (partition.records ?? 0), 0);
  const problem = `${plural(some.length, "partition")} ${state}, ${plural(records, "record")} behind: ${reason}`;
  return finding("lag-stale", {
    subject: topic,
    problem,
    fix: "freshet lag shows each partition; docs/reference/lag.md says what to do in each state.",
  });
}

function sweeps({ sweeps: told, staleAfterSeconds }: LagReport): readonly DoctorFinding[] {
  if (told === null || told.oldestSeconds < staleAfterSeconds) return [];
  const problem = `${plural(told.pending, "busted tag")} to walk, the oldest for ${told.oldestSeconds.toFixed(1)} s`;
  return [finding("lag-stale", { subject: "tags", problem, fix: "Start the service, which walks them; look at its log if it runs." })];
}

function idle({ group, partitions }: LagReport): readonly DoctorFinding[] {
  if (partitions.length === 0 || group.members <= partitions.length) return [];
  const problem = `${group.members} members share ${plural(partitions.length, "partition")}`;
  return [finding("members-idle", { subject: group.group, problem, fix: "Run fewer processes, or give the topics more partitions." })];
}
