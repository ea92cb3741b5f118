// What compose-check looks at, once everything runs. A check answers with what is wrong, or null.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { root, run } from "../set-up.mjs";

const SCRAPED_MS = 60_000;

const differs = (got, wanted) => (got === wanted ? null : `it is ${got}, not ${wanted}`);

/** @param isBare whether it was built on a base that has no shell */
export async function checkImage(compose, look, { isBare }) {
  const inside = (script) => compose.exec("invalidator", ["node", "-e", script]);
  await look("it runs as a user without rights", async () => {
    const { output } = await inside("console.log(process.getuid(), process.getgid())");
    return differs(output.trim(), "10001 10001");
  });
  await look("its root cannot be written", async () => {
    const { output } = await inside("try { require('fs').writeFileSync('/app/x', '') } catch (error) { console.log(error.code) }");
    return differs(output.trim(), "EROFS");
  });
  await look("it has no capabilities and can gain none", async () => {
    const { output } = await inside("console.log(require('fs').readFileSync('/proc/1/status', 'utf8'))");
    const facts = Object.fromEntries(output.split("\n").map((line) => line.split(/:\s+/)));
    return differs(`${facts.CapEff} ${facts.CapBnd} ${facts.NoNewPrivs}`, "0000000000000000 0000000000000000 1");
  });
  await look(isBare ? "it runs without a shell" : "it was built on a base with a shell, which was not tried without", async () => {
    const { code, output } = await compose.exec("invalidator", ["sh", "-c", "true"]);
    return isBare && code === 0 ? `there is one: ${output}` : null;
  });
  await look("every package in it is in the bill of npm run sbom", () => unlisted(inside));
  const image = await compose.inspect("invalidator", "{{.Image}}");
  const { output: bytes } = await run(["docker", "image", "inspect", "--format", "{{.Size}}", image]);
  process.stdout.write(`        the image has ${Math.round(Number(bytes) / 1e6)} MB\n`);
}

/** What npm has installed there, and the bill of this work tree does not name. */
async function unlisted(inside) {
  const folder = mkdtempSync(join(tmpdir(), "freshet-bill-"));
  try {
    const file = join(folder, "bill.json");
    const { code, output } = await run([process.execPath, join(root, "scripts/sbom.ts"), file]);
    if (code !== 0) return output;
    const listed = new Set(JSON.parse(readFileSync(file, "utf8")).components.map(({ name, version }) => `${name}@${version}`));
    const installed = await inside("console.log(JSON.stringify(require('/app/node_modules/.package-lock.json').packages))");
    const missing = Object.entries(JSON.parse(installed.output))
      .filter(([path, { link }]) => link !== true && path.includes("node_modules/"))
      .map(([path, { version }]) => `${path.split("node_modules/").at(-1)}@${version}`)
      .filter((name) => !listed.has(name));
    return missing.length === 0 ? null : missing.join(", ");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function checkTopics(compose, look) {
  const file = readFileSync(join(root, "infra/kafka/topics.json"), "utf8").replaceAll(/\$\{deployment\}/g, "default");
  const wanted = JSON.parse(file).topics.map(({ topic }) => topic);
  await look("each topic of infra/kafka/topics.json is there, and making them again changes nothing", async () => {
    const { code, output } = await compose.run(["run", "--rm", "topics", "topics", "create"]);
    if (code !== 0) return output;
    const missing = wanted.filter((topic) => !output.includes(`${topic} was there already`));
    return missing.length === 0 ? null : `${missing.join(", ")} was not there: ${output}`;
  });
}

export async function checkMetrics(port, look) {
  await look("its admin port answers on loopback, with metrics", async () => {
    const page = await textOf(`http://127.0.0.1:${port}/metrics`);
    return /^freshet_busts_total\{.*outcome="removed".*\} [1-9]/m.test(page) ? null : "there is no bust in them";
  });
}

export async function checkWatching({ ports, hasGrafana }, look) {
  const prometheus = `http://127.0.0.1:${ports.PROMETHEUS_PORT}/api/v1`;
  await look("Prometheus scrapes the service", () =>
    until(async () => {
      const { data } = await jsonOf(`${prometheus}/targets`);
      return differs(data.activeTargets.map(({ health }) => health).join(), "up");
    }),
  );
  await look("Prometheus has loaded every alert", async () => {
    const { data } = await jsonOf(`${prometheus}/rules?type=alert`);
    const loaded = new Set(data.groups.flatMap(({ rules }) => rules.map(({ name }) => name)));
    const text = readFileSync(join(root, "infra/prometheus/freshet.alerts.yaml"), "utf8");
    const missing = [...text.matchAll(/- alert: (\w+)/g)].map(([, name]) => name).filter((name) => !loaded.has(name));
    return loaded.size > 0 && missing.length === 0 ? null : `missing: ${missing.join(", ")}`;
  });
  if (!hasGrafana) return;
  await look("Grafana has loaded both dashboards", () =>
    until(async () => {
      const found = await jsonOf(`http://127.0.0.1:${ports.GRAFANA_PORT}/api/search?tag=freshet`);
      return differs(found.length, 2);
    }),
  );
}

/** Waits until nothing is wrong any more; answers with what still is. */
async function until(check) {
  const endMs = Date.now() + SCRAPED_MS;
  for (;;) {
    const wrong = await check().catch((error) => error.message);
    if (wrong === null || Date.now() > endMs) return wrong;
    await pause(500);
  }
}

async function textOf(url) {
  return (await fetch(url)).text();
}

async function jsonOf(url) {
  return JSON.parse(await textOf(url));
}
