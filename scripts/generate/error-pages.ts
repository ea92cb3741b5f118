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
      "A setting or a file it names cannot be read, or its value is not allowed. An unknown `FRESHET_` variable counts, so that a typing mistake cannot go unseen.",
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
    fix: "Give the user the rights that `infra/redis/users.acl` lists for its role; the message names what is missing. Check the password in `FRESHET_REDIS_URL`.",
  },
  FR2004: {
    does: "halts",
    cause:
      "Redis is older than 7.0, has scripting switched off, is a part of a cluster that is taken for one server, holds keys of another service under the prefix of Freshet, or its settings would let floors disappear.",
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
    cause: "A topic that is read or written does not exist. Freshet makes none by itself, because a typing mistake would become a topic.",
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
    cause: "The access lists of Kafka do not allow the operation.",
    fix: "Allow reading the sources and the group, and writing to Freshet's own topics.",
  },
  FR9001: {
    does: "halts",
    cause: "Something happened that the code rules out.",
    fix: "Report it with the log around it. No payload is in the log.",
  },
};
