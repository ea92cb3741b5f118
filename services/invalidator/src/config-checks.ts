import { isLoopback } from "@freshet/protocol";
import type { Problem } from "./config-problem.js";
import type { Settings } from "./config-schema.js";

/** What no setting can know alone. */
export function checkTogether(settings: Settings): readonly Problem[] {
  return [...checkKafka(settings), ...checkRedis(settings), ...checkRegistry(settings)];
}

function checkKafka({ kafka, allowPlaintext }: Settings): Problem[] {
  const { ssl, saslMechanism, saslUsername, saslPassword } = kafka;
  const problems: Problem[] = [];
  if (!ssl && !allowPlaintext && !kafka.brokers.every((broker) => isLoopback(broker.replace(/:\d+$/, "")))) {
    problems.push(plaintext("FRESHET_KAFKA_BROKERS", "Set FRESHET_KAFKA_SSL=true"));
  }
  if (!ssl && [kafka.ca, kafka.cert, kafka.key].some((pem) => pem !== null)) {
    const fix = "Set FRESHET_KAFKA_SSL=true, or leave the certificates out.";
    problems.push({ where: "FRESHET_KAFKA_CA, _CERT and _KEY", problem: "have no meaning without TLS", fix });
  }
  problems.push(...checkPair("KAFKA", kafka));
  const given = [saslMechanism, saslUsername, saslPassword].filter((value) => value !== null).length;
  if (given !== 0 && given !== 3) {
    const where = "FRESHET_KAFKA_SASL_MECHANISM, _USERNAME and _PASSWORD";
    problems.push({ where, problem: "belong together, and only some are set", fix: "Set all three, or none." });
  }
  return problems;
}

function checkRedis({ redis, allowPlaintext }: Settings): Problem[] {
  const problems: Problem[] = [...checkPair("REDIS", redis)];
  if (redis.mode !== "sentinel" && redis.sentinelName !== null) {
    const fix = "Set FRESHET_REDIS_MODE=sentinel, or leave the name out.";
    problems.push({ where: "FRESHET_REDIS_SENTINEL_NAME", problem: "has no meaning without sentinels", fix });
  }
  if (redis.mode !== "sentinel" && (redis.sentinelUsername !== null || redis.sentinelPassword !== null)) {
    const fix = "Set FRESHET_REDIS_MODE=sentinel, or leave them out.";
    problems.push({ where: "FRESHET_REDIS_SENTINEL_USERNAME and _PASSWORD", problem: "have no meaning without sentinels", fix });
  }
  if (redis.mode === "sentinel" && redis.sentinelName === null) {
    problems.push({ where: "FRESHET_REDIS_SENTINEL_NAME", problem: "is missing", fix: "Name the master that the sentinels watch." });
  }
  if (redis.url === null) return problems;
  const url = new URL(redis.url.reveal());
  const isPlain = url.protocol === "redis:";
  if (isPlain && !allowPlaintext && !isLoopback(url.hostname)) problems.push(plaintext("FRESHET_REDIS_URL", "Use rediss://"));
  if (isPlain && [redis.ca, redis.cert, redis.key].some((pem) => pem !== null)) {
    const fix = "Use a rediss:// URL, or leave the certificates out.";
    problems.push({ where: "FRESHET_REDIS_CA, _CERT and _KEY", problem: "have no meaning without TLS", fix });
  }
  if ((url.username !== "" && redis.username !== null) || (url.password !== "" && redis.password !== null)) {
    const fix = "Leave them out of the URL, or leave the variables out.";
    problems.push({ where: "FRESHET_REDIS_URL", problem: "holds credentials that FRESHET_REDIS_USERNAME or _PASSWORD give as well", fix });
  }
  return problems;
}

function checkRegistry({ schemaRegistry: registry, allowPlaintext }: Settings): Problem[] {
  const problems: Problem[] = [...checkPair("SCHEMA_REGISTRY", registry)];
  if ((registry.username === null) !== (registry.password === null)) {
    const where = "FRESHET_SCHEMA_REGISTRY_USERNAME and _PASSWORD";
    problems.push({ where, problem: "belong together, and only one is set", fix: "Set both, or none." });
  }
  if (registry.url === null) return problems;
  const { protocol, hostname } = new URL(registry.url);
  const isPlain = protocol === "http:";
  if (isPlain && !allowPlaintext && !isLoopback(hostname)) problems.push(plaintext("FRESHET_SCHEMA_REGISTRY_URL", "Use https://"));
  if (isPlain && [registry.ca, registry.cert, registry.key].some((pem) => pem !== null)) {
    const fix = "Use an https:// URL, or leave the certificates out.";
    problems.push({ where: "FRESHET_SCHEMA_REGISTRY_CA, _CERT and _KEY", problem: "have no meaning without TLS", fix });
  }
  return problems;
}

function checkPair(peer: string, { cert, key }: { readonly cert: unknown; readonly key: unknown }): Problem[] {
  if ((cert === null) === (key === null)) return [];
  const fix = "Set both for a client certificate, or none.";
  return [{ where: `FRESHET_${peer}_CERT and FRESHET_${peer}_KEY`, problem: "belong together, and only one is set", fix }];
}

function plaintext(where: string, instead: string): Problem {
  return {
    where,
    problem: "leads to another machine without TLS, where everybody on the way can read and change events and entries",
    fix: `${instead}, or accept it with FRESHET_ALLOW_PLAINTEXT=true.`,
  };
}
