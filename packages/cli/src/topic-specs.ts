import type { TopicSpec } from "@freshet/kafka/port";
import { FreshetError, isJsonObject, type JsonObject, type JsonValue, parseJson } from "@freshet/protocol";
import type { Deps } from "./deps.js";

/**
 * Where `infra/kafka/topics.json` may lie, seen from the compiled or the source folder of this package: the repository it
 * belongs to, wherever the command was called from and however the package was linked.
 */
const TOPICS_FILE = new URL("../../../infra/kafka/topics.json", import.meta.url);

/**
 * The topics that Freshet itself owns, for this deployment.
 *
 * @throws FreshetError `usage` when the file is missing or is not what it should be.
 */
export async function readTopicSpecs(deployment: string, deps: Deps): Promise<readonly TopicSpec[]> {
  const text = await deps.readText(TOPICS_FILE).catch((error: unknown) => {
    throw broken("cannot be read", error);
  });
  const file = parseJson(text.replaceAll(/\$\{deployment\}/g, deployment));
  const topics = isJsonObject(file) ? file.topics : undefined;
  if (!Array.isArray(topics)) throw broken("has no list named topics");
  return topics.map(toSpec);
}

function toSpec(value: JsonValue): TopicSpec {
  if (!isJsonObject(value)) throw broken("holds a topic that is not an object");
  const { topic, partitions, replicationFactor, config } = value;
  if (typeof topic !== "string" || typeof partitions !== "number" || typeof replicationFactor !== "number" || !isJsonObject(config)) {
    throw broken("holds a topic without topic, partitions, replicationFactor or config");
  }
  return { topic, partitions, replicationFactor, config: toConfig(config) };
}

function toConfig(config: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(config).map(([name, value]) => [name, String(value)]));
}

function broken(problem: string, cause?: unknown): FreshetError {
  return new FreshetError("FR1002", "usage", `infra/kafka/topics.json ${problem}`, "Take the file of this release again.", cause);
}
