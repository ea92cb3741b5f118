/** `error`: something is lost, stale or does not work. `warning`: it will be, when something else goes wrong. `note`: good to know. */
export type Severity = "error" | "warning" | "note";

export interface FindingKind {
  readonly severity: Severity;
  /** Why it matters. */
  readonly why: string;
}

function error(why: string): FindingKind {
  return { severity: "error", why };
}

function warning(why: string): FindingKind {
  return { severity: "warning", why };
}

function note(why: string): FindingKind {
  return { severity: "note", why };
}

/** Everything the doctor may find, by its name. Names are stable: scripts and alerts may go by them. */
export const findingKinds = {
  "rules-unnamed": error("Without rules nothing is busted, and the service does not start."),
  "rules-unreadable": error("The service does not start without its rules file."),
  "rules-lint": error("The service does not start with a rules file that has findings."),
  "kafka-unconfigured": error("The service does not start without brokers."),
  "kafka-unreachable": error("Events wait, and what they should bust stays as it is."),
  "kafka-refused": error("Brokers answer, and refuse what the service does first."),
  "kafka-untrusted": error("Without TLS that both sides trust the service does not start, and one that runs waits."),
  "kafka-protocol": error("The service does not start on brokers whose protocol it does not speak."),
  "codec-broken": error("Batches compressed with this codec cannot be read; each would become a dead letter."),
  "codec-unknown": error("The broker compresses batches again, with a codec that Freshet does not read."),
  "topic-missing": error("The service does not start while a topic of its rules is missing."),
  "own-topic-missing": error("What belongs into this topic has no place: without dead letters the service does not start."),
  "topic-forbidden": error("For this user the topic is not there."),
  "topic-rights": error("The service, or a command, is refused in the middle of its work."),
  "group-rights": error("The service cannot join its group or commit offsets."),
  "dead-letters-too-small": error(
    "A bad record that does not fit as a dead letter would hold up its partition; the service does not start.",
  ),
  "dead-letters-compacted": error("Compaction deletes dead letters that have the key of a newer one."),
  "jobs-not-compacted": error("Retention deletes the state of replay jobs, and which dead letters are resolved."),
  "retention-short": warning("Records that are deleted before they are read, or replayed, leave stale entries behind."),
  "source-compacted": note("Compaction deletes older events of a key: rules that look at previous values, and replays, do not see them."),
  "replication-low": warning("When the one broker that has it is lost, so are its records."),
  "replication-impossible": error("There are fewer copies than were meant; before Kafka 3.7 no write is ever acknowledged."),
  "replicas-out-of-sync": error("Writes are refused until more replicas are in sync; dead letters wait, and so do their partitions."),
  "partition-leaderless": error("Nobody can read or write this partition."),
  "producer-timestamps": note("Lag in seconds is told by producers' clocks: one that is wrong makes it wrong."),
  "members-idle": warning("A process without a partition does nothing; more of them do not make it faster."),
  "redis-unconfigured": error("The service does not start without Redis."),
  "redis-unreachable": error("Busts wait, and entries stay as they are."),
  "redis-refused": error("Redis answers, and refuses what the service does first."),
  "redis-untrusted": error("Without TLS that both sides trust the service does not start, and one that runs waits."),
  "redis-protocol": error("The service does not start on what is no Redis, and one that runs waits."),
  "redis-database": error("The service works in the database that the URL names, or not at all."),
  "redis-version": error("The scripts need commands that this server does not have."),
  "redis-mode": error("Taken for the wrong kind of server, calls are redirected for ever or miss their keys."),
  "redis-role": error("What is written to a replica is refused, or lost."),
  "redis-eviction": error("An evicted floor or lease lets a slow reader put an old value back."),
  "redis-rights": error("A bust would be refused in the middle of its work."),
  "redis-scripts": error("Every bust is a script; one that does not run busts nothing."),
  "clock-shards": error("Floors are compared with leases of other shards: further apart than `skew`, a floor ends too early."),
  "clock-here": warning("Ages and lag are told by this machine's clock, times of entries by that of Redis."),
  "bounds-unpublished": note("Readers take no leases until the service has published its time bounds."),
  "bounds-differ": warning("Floors are left by the rules file's bounds, and readers go by those that were published."),
  "bounds-unreadable": error("Whoever takes leases must not guess how long."),
  "floor-too-short": error("A load may take longer than the floor that keeps its old value out."),
  "sample-rejected": warning("These records are dead letters, or will be: what they should bust stays as it is."),
  "sample-unmatched": note("The newest records match no rule: a rule that never matches busts nothing."),
  "lag-stale": warning("What these records should bust is stale until they are applied."),
} as const satisfies Readonly<Record<string, FindingKind>>;

export type FindingName = keyof typeof findingKinds;
