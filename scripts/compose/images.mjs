// Which images and which compose there are. Plain JavaScript, as the script that asks.
import { run, SetUpError } from "../set-up.mjs";

/** By variable of docker-compose.yml: what it takes by default, and what scripts/local-images.sh builds. */
const IMAGES = {
  NODE_IMAGE: ["node:24-bookworm-slim", "node:24-local"],
  RUNTIME_IMAGE: ["node-bare:24-local"],
  KAFKA_IMAGE: ["apache/kafka:4.3.0", "kafka:4.3-local"],
  REDIS_IMAGE: ["redis:7.2-alpine", "redis:7.0-local"],
  PROMETHEUS_IMAGE: ["prom/prometheus:v3.5.0", "prometheus:local"],
  GRAFANA_IMAGE: ["grafana/grafana:12.1.0"],
};
/** Without these it is not what was promised; the others are of the profile `watch`. */
const NEEDED = ["NODE_IMAGE", "KAFKA_IMAGE", "REDIS_IMAGE"];
const PULL_SECONDS = "180";

/**
 * What of the variables to set, the services to start, and those that must be left out.
 *
 * @throws SetUpError when there is no daemon, or a needed image is neither at hand nor can be pulled.
 */
export async function findImages() {
  if ((await run(["docker", "info"])).code !== 0) throw new SetUpError("no Docker daemon answers: start Docker");
  const images = {};
  const missing = [];
  for (const [variable, names] of Object.entries(IMAGES)) {
    const found = process.env[variable] ?? (await atHand(names)) ?? (variable === "RUNTIME_IMAGE" ? "" : await pulled(names[0]));
    if (found === null) missing.push(variable);
    else images[variable] = found;
  }
  const needed = missing.filter((variable) => NEEDED.includes(variable));
  if (needed.length > 0) {
    const fix = "scripts/local-images.sh redis kafka node prometheus";
    throw new SetUpError(`${needed.join(", ")}: neither at hand nor can it be pulled. As root on Debian: ${fix}`);
  }
  const watching = ["prometheus", "grafana"];
  const leftOut = watching.filter((name) => missing.includes(`${name.toUpperCase()}_IMAGE`));
  return { images, services: ["invalidator", ...watching.filter((name) => !leftOut.includes(name))], leftOut };
}

async function atHand(names) {
  for (const name of names) if ((await run(["docker", "image", "inspect", name])).code === 0) return name;
  return null;
}

async function pulled(name) {
  return (await run(["timeout", PULL_SECONDS, "docker", "pull", "-q", name])).code === 0 ? name : null;
}

/**
 * `docker compose`, or docker-compose.
 *
 * @throws SetUpError when there is neither.
 */
export async function composeOf() {
  const words = await firstThatWorks([["docker", "compose"], ["docker-compose"]]);
  const command = (args) => run([...words, ...args]);
  const must = async (args) => {
    const { code, output } = await command(args);
    if (code !== 0) throw new SetUpError(`${words.join(" ")} ${args.join(" ")}:\n${output}`);
    return output.trim();
  };
  const idOf = (service) => must(["ps", "-q", service]);
  const version = (await must(["version", "--short"])).split("\n")[0];
  return {
    name: `${words.join(" ")} ${version}`,
    run: command,
    must,
    idOf,
    inspect: async (service, format) => (await run(["docker", "inspect", "--format", format, await idOf(service)])).output.trim(),
    exec: async (service, args) => run(["docker", "exec", await idOf(service), ...args]),
  };
}

async function firstThatWorks(commands) {
  for (const words of commands) if ((await run([...words, "version"])).code === 0) return words;
  throw new SetUpError("there is neither docker compose nor docker-compose");
}
