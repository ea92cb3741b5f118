import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fetchPrograms } from "./debian-packages.js";
import { findProgram } from "./find-program.js";
import { freePort } from "./free-port.js";
import { type OwnServer, startOwnServer } from "./own-server.js";
import type { Say } from "./system-packages.js";

/** What watches the service: the programs of Prometheus and of its Alertmanager, by their full paths. */
export interface WatchPrograms {
  readonly prometheus: string;
  readonly promtool: string;
  readonly alertmanager: string;
  readonly amtool: string;
}

export interface OwnPrometheus extends OwnServer {
  /** `http://127.0.0.1:port` */
  readonly url: string;
}

export interface PrometheusOptions {
  /** The configuration file, as YAML or JSON. Paths in it count from the server's folder: give full ones. */
  readonly config: string;
}

const DEBIAN = {
  release: "trixie",
  packages: ["prometheus", "prometheus-alertmanager"],
  programs: ["prometheus", "promtool", "prometheus-alertmanager", "amtool"],
} as const;

/** Starts a Prometheus of one's own on loopback. */
export async function startPrometheus(options: PrometheusOptions): Promise<OwnPrometheus> {
  const { prometheus } = await ensurePrometheus(() => undefined);
  const port = await freePort();
  const server = await startOwnServer({
    name: "prometheus",
    port,
    command: async (folder) => {
      const file = join(folder, "prometheus.yml");
      await writeFile(file, options.config);
      const storage = ["--storage.tsdb.path", join(folder, "data"), "--web.enable-lifecycle"];
      return [prometheus, "--config.file", file, "--web.listen-address", `127.0.0.1:${port}`, ...storage];
    },
    ready: /Server is ready to receive web requests/,
    startTimeoutMs: 30_000,
  });
  return Object.assign(server, { url: `http://127.0.0.1:${port}` });
}

/**
 * Prometheus and Alertmanager with their tools: from the PATH, or else unpacked from Debian's packages into the user's cache.
 *
 * @throws Error that says what to install.
 */
export async function ensurePrometheus(say: Say): Promise<WatchPrograms> {
  const [prometheus, promtool, amtool] = ["prometheus", "promtool", "amtool"].map(findProgram);
  const alertmanager = findProgram("alertmanager") ?? findProgram("prometheus-alertmanager");
  if (prometheus && promtool && amtool && alertmanager) return { prometheus, promtool, alertmanager, amtool };
  const fetched = await fetchPrograms(DEBIAN, say).catch((error: Error) => {
    const names = "prometheus, promtool, alertmanager and amtool";
    throw new Error(`${names} are not all on the PATH, so install them (Debian's names: ${DEBIAN.packages.join(" ")}); ${error.message}`);
  });
  const [server = "", tool = "", alerts = "", alertTool = ""] = fetched;
  return { prometheus: server, promtool: tool, alertmanager: alerts, amtool: alertTool };
}
