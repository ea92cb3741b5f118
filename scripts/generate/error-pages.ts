import type { ErrorCode } from "@freshet/protocol";

interface ErrorPage {
  readonly does: string;
  readonly cause: string;
  readonly fix: string;
}

/** Cause and fix of each code, for the reference page. A code without an entry does not compile. */
export const errorPages: Readonly<Record<ErrorCode, ErrorPage>> = {
  FR1001: {
    does: "usage",
    cause: "An option is missing, unknown, or its value cannot be right.",
    fix: "The message names the option; `freshet COMMAND --help` shows two examples that work.",
  },
  FR1002: {
    does: "usage",
    cause:
      "A setting or a file it names cannot be read, or its value is not allowed. An unknown `FRESHET_` variable counts, so that a typing mistake cannot go unseen; so does a certificate that a peer does not trust, a database that Redis does not have, and an address on another machine without TLS, whether a setting names it or a broker, a sentinel or a cluster. What is found only once Redis or Kafka is asked ends the service and commands with 1, the doctor with 3, all else with 2.",
    fix: "`freshet config show` lists each value and where it came from; [configuration](configuration.md) has them all.",
  },
  FR1003: {
    does: "usage",
    cause: "The rules file has mistakes. The service does not start with it, because a rule left out is a stale page.",
    fix: "`freshet rules check FILE` lists all findings with line, column and fix.",
  },
  FR1004: {
    does: "usage",
    cause: "The rules file is right, but it names something this release checks and explains and does not run yet.",
    fix: "Take that part out, or use a release that runs it; CHANGELOG.md says which.",
  },
  FR1005: {
    does: "usage, exit code 4",
    cause: "The command would change something and was not told that it may, or what it would run on was never tried.",
    fix: "Read what it says it would do; then add `--yes`, or the setting the message names.",
  },
  FR1006: {
    does: "usage, exit code 2",
    cause:
      "A reader or writer asked for more than the protocol allows: a key or subject that is too long, more than 256 deps, a version that is not canonical, a bound that breaks F >= L + R.",
    fix: "Keep within the limit that the message names; nothing was sent and nothing was cut short.",
  },
  FR1007: {
    does: "usage",
    cause: "The rules file or the configuration asks for something that lies in a package of its own, and that package is not there.",
    fix: "Install the package that the message names, in the version of Freshet itself.",
  },
  FR2001: {
    does: "waits",
    cause: "Redis does not run, cannot be reached from here, or did not answer within the deadline.",
    fix: "Check Redis and the network between. Nothing needs to be restarted afterwards.",
  },
  FR2002: {
    does: "waits",
    cause: "Redis answers and refuses: it is a replica, loads its data, is out of memory, cannot save, or its cluster is not settled.",
    fix: "Look at role, memory, disk and replicas of Redis.",
  },
  FR2003: {
    does: "halts",
    cause: "The user, password or access list of Redis does not allow the command.",
    fix: "Give the user the rights that `infra/redis/users.acl` lists for its role; the message names what is missing; a database other than 0 needs `+select` besides. Check the password in `FRESHET_REDIS_URL`.",
  },
  FR2004: {
    does: "halts",
    cause:
      "What answers is not a Redis, or not a sentinel where one is wanted. Or Redis is older than 7.0, has scripting switched off, is a part of a cluster that is taken for one server, holds keys of another service under the prefix of Freshet, or its settings would let floors disappear.",
    fix: "The message names what is missing.",
  },
  FR2005: {
    does: "halts",
    cause: "A script answered something that its header does not list: another program changed our keys, or this is a bug.",
    fix: "Check that nothing else writes under the prefix of Freshet; then report it with the log around it.",
  },
  FR3001: {
    does: "waits",
    cause: "No broker can be reached, or none answered within the deadline.",
    fix: "Check `FRESHET_KAFKA_BROKERS`, the brokers and their advertised listeners. Nothing needs to be restarted afterwards.",
  },
  FR3002: {
    does: "halts",
    cause:
      "A topic that is read or written does not exist. Freshet makes none by itself, because a typing mistake would become a topic. A command that was given its name ends with 2.",
    fix: "`freshet topics create` makes Freshet's own topics; make the source topics as you make all others.",
  },
  FR3003: {
    does: "halts",
    cause: "The broker refused a record, most often because it is larger than the topic allows.",
    fix: "Raise `max.message.bytes` of the dead-letter topic to the sources' largest plus 64 KiB.",
  },
  FR3004: {
    does: "waits",
    cause: "A slice took longer than it may. It is not committed and will be read again.",
    fix: "Look for a slow Redis or a slow dead-letter topic at that time.",
  },
  FR3005: {
    does: "halts",
    cause: "The Kafka client stopped several times in a row, or the broker speaks a protocol that is too old.",
    fix: "The log has the causes one by one. A restart is safe at any time.",
  },
  FR3006: {
    does: "halts",
    cause:
      "The access lists of Kafka do not allow the operation, or the brokers refused the login. The message says which, and names each right.",
    fix: "Grant what `infra/kafka/README.md` lists for the role, or correct `FRESHET_KAFKA_SASL_USERNAME`, `_PASSWORD` and `_MECHANISM`.",
  },
  FR3007: {
    does: "halts",
    cause:
      "The broker is older than Kafka 2.3, or so new that it gave up the versions that Freshet's client speaks, or `FRESHET_KAFKA_BROKERS` names the port of a KRaft controller. The message names the broker, what it looks like, and each request with both sides' versions.",
    fix: "Use Kafka 2.3 to 4.x, a newer Freshet for newer brokers, and the brokers' client port.",
  },
  FR3008: {
    does: "goes on with what is there, and raises an alarm: a line in the log at level error, and `freshet_kafka_holes_total`",
    cause:
      "The committed offset lies outside of the log. Retention or a deletion of records overtook the service (cause `expired`: the message has the range), or the topic was made anew or cut short (`beyond_end`: what was lost is not known). Consuming goes on at the first record that is there, never at the end.",
    fix: "Entries that the lost events should have busted stay until they end: bust what may be affected, by tag or by key, or remove the families' keys. Then give the topic a longer retention, and find out why the service was that far behind.",
  },
  FR3009: {
    does: "halts, and the process ends with exit code 1",
    cause:
      "There are committed records in a partition that is assigned, brokers answer, and neither did records end nor did a handler say that it waits, for a minute. A promise that never settles does that, and so does a client that lost a partition from sight.",
    fix: "Let a supervisor start the process again; nothing is lost, as nothing was committed. If it goes on, report it with the log.",
  },
  FR3010: {
    does: "halts",
    cause:
      "At the start Freshet decodes a sample of each codec. snappy and lz4 are native libraries: one that was installed for another platform fails here, and not at the first batch of a producer that changes its compression.",
    fix: "Install the dependencies anew on this machine (`npm ci`), for its platform and its version of Node.",
  },
  FR3011: {
    does: "goes on, and says so at each join",
    cause:
      "The group's leader gave this member partitions of topics it does not read: another program is in the same group. What is assigned so is read by nobody.",
    fix: "Give each program its own group (`FRESHET_KAFKA_GROUP`).",
  },
  FR4001: {
    does: "waits",
    cause:
      "The schema registry does not run, cannot be reached from here, answers with an error of its own, or takes too long. Only partitions whose records name a schema that is not known yet wait for it.",
    fix: "Check the registry and the network between, and `FRESHET_SCHEMA_REGISTRY_URL`. Nothing needs to be restarted afterwards.",
  },
  FR4002: {
    does: "halts",
    cause: "The registry knows no such user, or the user may not read schemas.",
    fix: "Check `FRESHET_SCHEMA_REGISTRY_USERNAME` and `_PASSWORD`, and let that user read schemas: `GET /schemas/ids/{id}` and, for schemas with references, `GET /subjects/{subject}/versions/{version}`.",
  },
  FR4003: {
    does: "halts",
    cause: "What answers is no schema registry: another server, a proxy, a page to log in. Or its certificate is not trusted.",
    fix: "Point `FRESHET_SCHEMA_REGISTRY_URL` at the registry itself, with its path where it has one; `FRESHET_SCHEMA_REGISTRY_CA` names its certificate authority.",
  },
  FR4004: {
    does: "waits",
    cause:
      "A registry that is a copy may have a schema a little later than its records are here. For a minute from the record's own time the partition waits; then the record is dead-lettered as `undecodable`.",
    fix: "Nothing, when it ends by itself. Else look at the registry's replication, and at which registry the producer writes to.",
  },
  FR9001: {
    does: "halts",
    cause: "Something happened that the code rules out.",
    fix: "Report it with the log around it. No payload is in the log.",
  },
};
