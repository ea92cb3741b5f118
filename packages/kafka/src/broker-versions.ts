import { FreshetError } from "@freshet/protocol";
import { kafkajsInside } from "./kafkajs-inside.js";
import { FETCH_VERSION, PRODUCE_VERSION_MIN } from "./patches.js";

/** What a broker says of one request: the versions it takes. */
type ApiRange = Readonly<Record<"minVersion" | "maxVersion", number>>;

/** By the number of the request. */
export type BrokerApis = Readonly<Record<number, ApiRange>>;

/** Every request that consuming, producing and administration make. */
const USED = [
  "Produce",
  "Fetch",
  "ListOffsets",
  "Metadata",
  "OffsetCommit",
  "OffsetFetch",
  "GroupCoordinator",
  "JoinGroup",
  "Heartbeat",
  "LeaveGroup",
  "SyncGroup",
  "DescribeGroups",
  "CreateTopics",
  "DescribeConfigs",
] as const;

/**
 * Compares what a broker takes with what Freshet sends.
 *
 * @throws FreshetError FR3007 when a request has no version that both sides speak.
 */
export function refuseStrangers(apis: BrokerApis, address: string): void {
  const apart = USED.flatMap((name) => disagreementOn(name, apis));
  if (apart.length === 0) return;
  const numbers = apiNumbers();
  const isController = apis[numbers.Metadata] === undefined && apis[numbers.JoinGroup] === undefined;
  const looks = isController ? "a KRaft controller, which serves no clients" : looksLike(apis[numbers.Fetch]);
  const problem = `the broker at ${address} looks like ${looks}, and shares no version with Freshet of ${apart.join(", ")}`;
  const fix = isController
    ? "Name the brokers' client port in FRESHET_KAFKA_BROKERS, not the controllers'."
    : "Use Kafka 2.3 to 4.x; for newer brokers look for a newer Freshet.";
  throw new FreshetError("FR3007", "halt", problem, fix);
}

function disagreementOn(name: (typeof USED)[number], apis: BrokerApis): readonly string[] {
  const spoken = versionsOf(name);
  const least = Math.min(...spoken);
  const most = Math.max(...spoken);
  const ours = least === most ? `${most}` : `${least} to ${most}`;
  const api = apis[apiNumbers()[name]];
  if (api === undefined) return [`${name} (Freshet ${ours}, the broker none)`];
  // kafkajs takes the lower of both sides' newest versions, whatever the oldest ones are.
  const chosen = Math.min(most, api.maxVersion);
  if (chosen >= api.minVersion && chosen >= least) return [];
  return [`${name} (Freshet ${ours}, the broker ${api.minVersion} to ${api.maxVersion})`];
}

/** The versions of a request that kafkajs knows, as far as our patches take them. */
function versionsOf(name: (typeof USED)[number]): readonly number[] {
  const { requests }: { requests: Readonly<Record<string, { readonly versions: readonly (string | number)[] }>> } =
    kafkajsInside("src/protocol/requests");
  const known = (requests[name]?.versions ?? []).map(Number);
  if (name === "Fetch") return known.filter((version) => version === FETCH_VERSION);
  if (name === "Produce") return known.filter((version) => version >= PRODUCE_VERSION_MIN);
  return known;
}

function apiNumbers(): Readonly<Record<(typeof USED)[number], number>> {
  return kafkajsInside("src/protocol/requests/apiKeys");
}

/** The newest version of Fetch tells releases apart; brokers do not say which release they are. */
const RELEASES: readonly (readonly [fetchVersion: number, release: string])[] = [
  [18, "Kafka 4.1 or newer"],
  [17, "Kafka 3.9 or 4.0"],
  [16, "Kafka 3.7 or 3.8"],
  [14, "Kafka 3.5 or 3.6"],
  [13, "Kafka 3.1 to 3.4"],
  [12, "Kafka 2.7 to 3.0"],
  [11, "Kafka 2.3 to 2.6"],
  [9, "Kafka 2.1 or 2.2"],
  [8, "Kafka 2.0"],
  [6, "Kafka 1.0 or 1.1"],
];

/** Which releases a broker with these versions may be. */
export function releaseOf(apis: BrokerApis): string {
  return looksLike(apis[apiNumbers().Fetch]);
}

function looksLike(fetch: ApiRange | undefined): string {
  if (fetch === undefined) return "something else than a Kafka broker";
  return RELEASES.find(([version]) => fetch.maxVersion >= version)?.[1] ?? "Kafka 0.11 or older";
}
