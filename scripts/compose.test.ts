import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadRules } from "@freshet/rules";
import { describe, expect, test } from "@jest/globals";
import { parse } from "yaml";

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly profiles?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly read_only?: boolean;
  readonly tmpfs?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly restart?: string;
  readonly healthcheck?: { readonly test: readonly string[] };
}

const root = join(import.meta.dirname, "..");
const read = (path: string) => parse(readFileSync(join(root, path), "utf8"), { merge: true });
const services = Object.entries(read("docker-compose.yml").services as Record<string, Service>);
const named = (name: string) => services.find(([other]) => other === name)?.[1];

/** Text with variables at their defaults. */
const settled = (text: string) => text.replaceAll(/\$\{\w+:-([^}]*)\}/g, "$1");
const mounts = services.flatMap(([name, { volumes = [] }]) =>
  volumes.map((volume) => {
    const [from = "", to = "", mode = ""] = settled(volume).split(":");
    return { name, from, to, mode };
  }),
);

describe("docker-compose.yml", () => {
  test("publishes one block of ports on loopback, each by a variable", () => {
    const ports = services.flatMap(([, { ports = [] }]) => ports);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\$\{[A-Z]+_PORT:-\d+\}:\d+$/);
    expect(ports.map((port) => Number(settled(port).split(":")[1])).sort()).toEqual([27700, 27701, 27702, 27703, 27704]);
  });

  test("takes images of others by variables", () => {
    const foreign = services.map(([, { image }]) => image).filter((image) => image !== "freshet-invalidator:local");
    expect(foreign.length).toBeGreaterThan(3);
    for (const image of foreign) expect(image).toMatch(/^\$\{[A-Z]+_IMAGE:-[\w./-]+:[\w.-]+\}$/);
  });

  test("mounts what is there, to be read only", () => {
    expect(mounts.filter(({ from }) => !existsSync(join(root, from)))).toEqual([]);
    expect(mounts.filter(({ mode }) => mode !== "ro")).toEqual([]);
    expect(new Set(mounts.map(({ name }) => name))).toEqual(new Set(["kafka", "shop-topics", "invalidator", "prometheus", "grafana"]));
  });

  test.each(["topics", "invalidator", "prometheus", "grafana"])("gives %s nothing to write to and no capabilities", (name) => {
    expect(named(name)).toMatchObject({ read_only: true, cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] });
    expect(named(name)?.tmpfs).toContain("/tmp");
  });

  test("makes every topic that the sample rules read", () => {
    const { from = "" } = mounts.find(({ to }) => to === "/etc/freshet/rules.yaml") ?? {};
    const { rules } = loadRules(readFileSync(join(root, from), "utf8"));
    expect(named("shop-topics")?.command?.slice(5).sort()).toEqual([...(rules?.topics ?? [])].sort());
  });

  test.each(["topics", "shop-topics"])("lets %s fail so that whoever waits for it hears of it", (name) => {
    expect(named(name)?.restart).toMatch(/^on-failure:\d+$/);
  });

  test("starts Prometheus and Grafana only with the profile `watch`", () => {
    expect(services.filter(([, { profiles }]) => profiles !== undefined).map(([name, { profiles }]) => [name, profiles])).toEqual([
      ["prometheus", ["watch"]],
      ["grafana", ["watch"]],
    ]);
  });
});

describe("the service's Dockerfile", () => {
  const lines = readFileSync(join(root, "services/invalidator/Dockerfile"), "utf8")
    .replaceAll("\\\n", "")
    .split("\n")
    .filter((line) => /^[A-Z]/.test(line));
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith("FROM")));
  const words = (name: string) => last.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? "";

  test("builds in one stage and runs in another, whose bases are build arguments that compose passes on", () => {
    const bases = lines.filter((line) => line.startsWith("FROM"));
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as it stands in a Dockerfile
    expect(bases).toEqual(["FROM ${NODE_IMAGE} AS build", "FROM ${RUNTIME_IMAGE:-$NODE_IMAGE}"]);
    const { NODE_IMAGE, RUNTIME_IMAGE } = read("docker-compose.yml").services.invalidator.build.args;
    expect(lines).toContain(`ARG NODE_IMAGE=${settled(NODE_IMAGE)}`);
    expect([lines.includes("ARG RUNTIME_IMAGE"), settled(RUNTIME_IMAGE)]).toEqual([true, ""]);
  });

  test("runs as a user without rights, and with no shell", () => {
    expect(words("USER")).toMatch(/^[1-9]\d{3,}:[1-9]\d{3,}$/);
    expect(last.filter((line) => line.startsWith("RUN"))).toEqual([]);
    for (const name of ["ENTRYPOINT", "CMD"]) expect(JSON.parse(words(name))).toEqual(expect.arrayContaining([expect.any(String)]));
  });

  test("looks whether it is well with Node alone", () => {
    const [, command = ""] = /CMD (\[.*\])$/.exec(words("HEALTHCHECK")) ?? [];
    expect(JSON.parse(command)[0]).toBe("node");
    expect(named("invalidator")?.healthcheck?.test.slice(0, 2)).toEqual(["CMD", "node"]);
  });
});

describe("what is watched", () => {
  test("Prometheus finds the service, its rules and its alerts", () => {
    const { scrape_configs: jobs, rule_files: files } = read("infra/prometheus/prometheus.yml");
    const [host, port] = jobs[0].static_configs[0].targets[0].split(":");
    expect(settled(named(host)?.ports?.[0] ?? "").split(":")[2]).toBe(port);
    expect(mounts).toContainEqual({ name: "prometheus", from: "./infra/prometheus", to: "/etc/prometheus", mode: "ro" });
    expect(files).toEqual(["freshet.rules.yaml", "freshet.alerts.yaml"]);
    expect(files.filter((file: string) => !existsSync(join(root, "infra/prometheus", file)))).toEqual([]);
  });

  test("Grafana finds Prometheus", () => {
    const [source, ...others] = read("infra/grafana/provisioning/datasources/prometheus.yaml").datasources;
    expect([source.type, source.isDefault, others]).toEqual(["prometheus", true, []]);
    const { hostname, port } = new URL(source.url);
    expect(settled(named(hostname)?.ports?.[0] ?? "").split(":")[2]).toBe(port);
    expect(mounts).toContainEqual({ name: "grafana", from: "./infra/grafana/provisioning", to: "/etc/grafana/provisioning", mode: "ro" });
  });

  test("Grafana finds the dashboards, and begins with one of them", () => {
    const [provider] = read("infra/grafana/provisioning/dashboards/freshet.yaml").providers;
    expect(mounts).toContainEqual({ name: "grafana", from: "./infra/grafana/dashboards", to: provider.options.path, mode: "ro" });
    const boards = readdirSync(join(root, "infra/grafana/dashboards")).map((file) => `${provider.options.path}/${file}`);
    const grafana = read("docker-compose.yml").services.grafana.environment;
    expect(boards).toContain(grafana.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH);
  });
});
