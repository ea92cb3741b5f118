import { FreshetError } from "@freshet/protocol";
import type { BrokerApis } from "./broker-versions.js";
import { protocolTypeOf } from "./kafka-errors.js";
import type { KafkajsBroker, KafkajsCluster } from "./kafkajs-cluster.js";
import { groupRequest, type WireRequest } from "./rights-requests.js";

/** Brokers as they are asked with requests of our own. */
export interface AskedBroker {
  readonly versions: BrokerApis | null;
  readonly connectionPool: { send<T>(request: WireRequest<T>): Promise<T> };
  describeConfigs(request: {
    readonly resources: readonly { readonly type: number; readonly name: string; readonly configNames: readonly string[] }[];
  }): Promise<{
    readonly resources: readonly { readonly configEntries: readonly { readonly configName: string; readonly configValue: string }[] }[];
  }>;
}

export const FORBIDDEN_GROUP = 30;

/** The broker that the cluster was reached by. */
export function seedOf(cluster: KafkajsCluster): AskedBroker {
  const { brokerPool }: { brokerPool?: { readonly seedBroker: AskedBroker } } = cluster as object;
  if (brokerPool === undefined) throw new TypeError("kafkajs keeps its brokers elsewhere");
  return brokerPool.seedBroker;
}

/** kafkajs tells nobody why it found no coordinator; any broker says whether this user may hear of the group. */
export async function isForbidden(cluster: KafkajsCluster, group: string): Promise<boolean> {
  const { errorCode } = await seedOf(cluster).connectionPool.send(groupRequest(group));
  return errorCode === FORBIDDEN_GROUP;
}

/**
 * The coordinator of a group.
 *
 * @throws FreshetError FR3006 (`halt`) when this user may not hear of the group; else as kafkajs does.
 */
export async function coordinatorOf(cluster: KafkajsCluster, group: string): Promise<KafkajsBroker> {
  try {
    return await cluster.findGroupCoordinator({ groupId: group });
  } catch (error) {
    if (protocolTypeOf(error) !== null || !(await isForbidden(cluster, group).catch(() => false))) throw error;
    const fix = `Give the client's user Describe on group ${group}: infra/kafka/README.md lists what each role needs.`;
    throw new FreshetError("FR3006", "halt", `Kafka refused rights while looking for the coordinator of group ${group}`, fix, error);
  }
}
