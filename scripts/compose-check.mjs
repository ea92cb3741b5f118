// npm run compose:check: docker-compose.yml as its users have it, from the images to a bust, on ports of its own; then it is taken down.
import { composeOf, findImages } from "./compose/images.mjs";
import { checkImage, checkMetrics, checkTopics, checkWatching } from "./compose/looks.mjs";
import { begin, isHelp, whenBuilt } from "./runner.mjs";
import { root, run, say } from "./set-up.mjs";

const HELP = `npm run compose:check             builds the image, brings everything up, and looks at what was promised of it
npm run compose:check -- --keep   and leaves it running

Takes docker compose or docker-compose, whichever is there. Images that are at hand come first, those of scripts/local-images.sh
too; others are pulled. Prometheus and Grafana are left out, and it says so, where their image is neither. Ports 27710 to 27714.`;

const PROJECT = "freshet-check";
const PORTS = { KAFKA_PORT: "27710", REDIS_PORT: "27711", ADMIN_PORT: "27712", PROMETHEUS_PORT: "27713", GRAFANA_PORT: "27714" };
const PATIENCE_MS = 120_000;

await begin(async (args) => (isHelp(args, HELP) ? 0 : whenBuilt(import.meta.filename, args, () => main(args))));

async function main(args) {
  const { images, services, leftOut } = await findImages();
  for (const name of leftOut) say(`${name} is left out: its image is not at hand and cannot be pulled`);
  for (const name of Object.keys(process.env)) if (name.startsWith("FRESHET_")) delete process.env[name];
  Object.assign(process.env, images, PORTS, { COMPOSE_PROJECT_NAME: PROJECT });
  const compose = await composeOf();
  const broken = [];
  const look = async (what, check) => {
    const wrong = await check().catch((error) => (error instanceof Error ? error.message : String(error)));
    process.stdout.write(`${wrong ? "BROKEN" : "ok    "}  ${what}${wrong ? `: ${wrong}` : ""}\n`);
    if (wrong) broken.push(what);
  };
  try {
    say(`${compose.name}: building and starting ${services.join(", ")} …`);
    await compose.must(["up", "-d", "--build", ...services]);
    await look("the service becomes healthy, by a check without curl", () => untilHealthy(compose));
    await checkImage(compose, look, { isBare: images.RUNTIME_IMAGE.startsWith("node-bare") });
    await checkTopics(compose, look);
    await look("an event busts what is older and leaves what is newer", () => bustsByVersion(compose));
    await checkMetrics(PORTS.ADMIN_PORT, look);
    if (services.includes("prometheus")) await checkWatching({ ports: PORTS, hasGrafana: services.includes("grafana") }, look);
    await look("SIGTERM ends it within its grace, exit code 0", () => stopsInOrder(compose));
  } finally {
    if (broken.length > 0) say((await compose.run(["logs", "--tail=40", "--no-color"])).output);
    if (!args.includes("--keep")) await compose.run(["--profile", "watch", "down", "-v", "--remove-orphans"]);
  }
  process.stdout.write(broken.length === 0 ? "all is as promised\n" : `broken: ${broken.join("; ")}\n`);
  return broken.length === 0 ? 0 : 1;
}

async function untilHealthy(compose) {
  const endMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const health = await compose.inspect("invalidator", "{{.State.Health.Status}}");
    if (health === "healthy") return null;
    if (Date.now() > endMs) return `it is ${health} after ${PATIENCE_MS / 1000} s`;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Two offers of the sample rules, one older and one newer than the event of its product. */
async function bustsByVersion(compose) {
  const redis = async (...words) => (await compose.exec("redis", ["redis-cli", ...words])).output.trim();
  const [older, newer] = [`offer:old-${Date.now()}`, `offer:new-${Date.now()}`];
  await redis("HSET", older, "version", "6");
  await redis("HSET", newer, "version", "8");
  for (const key of [newer, older]) await publish(key.slice("offer:".length), "7");
  if ((await untilEnded(2)) !== null) return "the events have not ended";
  const left = [await redis("EXISTS", older), await redis("EXISTS", newer)];
  return left.join() === "0,1" ? null : `of the older and the newer entry there are ${left.join(" and ")}`;
}

/** So many records have ended with their busts done. */
async function untilEnded(wanted) {
  const endMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const page = await fetch(`http://127.0.0.1:${PORTS.ADMIN_PORT}/metrics`).then((response) => response.text());
    const counts = [...page.matchAll(/^freshet_events_total\{.*outcome="(?:applied|covered)".*\} (\d+)$/gm)];
    if (counts.reduce((sum, [, count]) => sum + Number(count), 0) >= wanted) return null;
    if (Date.now() > endMs) return "late";
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** From this machine, as the head of docker-compose.yml says. */
async function publish(subject, version) {
  process.env.FRESHET_KAFKA_BROKERS = `127.0.0.1:${PORTS.KAFKA_PORT}`;
  const event = ["--topic", "shop.products", "--space", "catalog.product", "--subject", subject, "--version", version];
  const data = JSON.stringify({ price: 2, previous: { price: 1 } });
  const freshet = [
    process.execPath,
    `${root}/packages/cli/bin/freshet.mjs`,
    "publish",
    ...event,
    "--type",
    "product.updated",
    "--data",
    data,
  ];
  const { code, output } = await run(freshet);
  if (code !== 0) throw new Error(`freshet publish: ${output}`);
}

async function stopsInOrder(compose) {
  const id = await compose.idOf("invalidator");
  const startedMs = Date.now();
  await compose.must(["stop", "invalidator"]);
  const code = (await run(["docker", "inspect", "--format", "{{.State.ExitCode}}", id])).output.trim();
  if (code !== "0") return `exit code ${code}`;
  return Date.now() - startedMs < 16_000 ? null : `it took ${Date.now() - startedMs} ms`;
}
