import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fetchPrograms } from "./debian-packages.js";
import { findProgram } from "./find-program.js";
import { freePort } from "./free-port.js";
import { type OwnServer, startOwnServer } from "./own-server.js";
import { installPackages, type Say } from "./system-packages.js";

/** Prometheus and the tools that check its files and Alertmanager's, by their full paths. */
export interface WatchPrograms {
  readonly prometheus: string;
  readonly promtool: string;
  readonly amtool: string;
}

export interface OwnWatch extends OwnServer {
  /** `http://127.0.0.1:port` */
  readonly url: string;
}

export interface WatchOptions {
  /** The configuration file, as YAML or JSON. Paths in it count from the server's folder: give full ones. */
  readonly config: string;
  /** More arguments for its command line. */
  readonly args?: readonly string[];
}

const DEBIAN = {
  release: "trixie",
  packages: ["prometheus", "prometheus-alertmanager"],
  programs: ["prometheus", "promtool", "amtool"],
} as const;

/** Starts a Prometheus of one's own on loopback. */
export async function startPrometheus(options: WatchOptions): Promise<OwnWatch> {
  const { prometheus } = await ensurePrometheus(() => undefined);
  const port = await freePort();
  const server = await startOwnServer({
    name: "prometheus",
    port,
    command: async (folder) => {
      const file = join(folder, "prometheus.yml");
      await writeFile(file, options.config);
      const storage = ["--storage.tsdb.path", join(folder, "data"), "--web.enable-lifecycle"];
      return [prometheus, "--config.file", file, "--web.listen-address", `127.0.0.1:${port}`, ...storage, ...(options.args ?? [])];
    },
    ready: /Server is ready to receive web requests/,
    startTimeoutMs: 90_000,
  });
  return Object.assign(server, { url: `http://127.0.0.1:${port}` });
}

/**
 * From the PATH, or else unpacked from Debian's packages into the user's cache.
 *
 * @throws Error that says what to install.
 */
export async function ensurePrometheus(say: Say): Promise<WatchPrograms> {
  const [prometheus, promtool, amtool] = DEBIAN.programs.map(findProgram);
  if (prometheus && promtool && amtool) return { prometheus, promtool, amtool };
  const fetched = await fetchPrograms(DEBIAN, say).catch((error: Error) => {
    const names = `${DEBIAN.programs.join(", ")} are not all on the PATH`;
    throw new Error(`${names}, so install them (Debian's names: ${DEBIAN.packages.join(" ")}); ${error.message}`);
  });
  const [server = "", rulesTool = "", routesTool = ""] = fetched;
  return { prometheus: server, promtool: rulesTool, amtool: routesTool };
}

/**
 * From the PATH, or else from the system's packages: Debian's looks for its templates where only an installed one has them.
 *
 * @throws Error that says what to install.
 */
export async function ensureAlertmanager(say: Say): Promise<string> {
  const find = (): string | null => findProgram("alertmanager") ?? findProgram("prometheus-alertmanager");
  const found = find();
  if (found !== null) return found;
  await installPackages(["prometheus-alertmanager"], say).catch((error: Error) => {
    throw new Error(`there is no alertmanager on the PATH; ${error.message}`);
  });
  const installed = find();
  if (installed === null) throw new Error("prometheus-alertmanager was installed, but is not on the PATH");
  return installed;
}

/** Starts an Alertmanager of one's own on loopback, with this configuration file. */
export async function startAlertmanager(options: WatchOptions): Promise<OwnWatch> {
  const alertmanager = await ensureAlertmanager(() => undefined);
  const port = await freePort();
  const server = await startOwnServer({
    name: "alertmanager",
    port,
    command: async (folder) => {
      const file = join(folder, "alertmanager.yml");
      await writeFile(file, options.config);
      const alone = ["--cluster.listen-address="];
      return [
        alertmanager,
        "--config.file",
        file,
        "--web.listen-address",
        `127.0.0.1:${port}`,
        "--storage.path",
        join(folder, "data"),
        ...alone,
      ];
    },
    ready: /msg="?Listening on"?/,
    startTimeoutMs: 90_000,
  });
  return Object.assign(server, { url: `http://127.0.0.1:${port}` });
}
