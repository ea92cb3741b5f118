import type { Problem } from "./config-problem.js";
import { nearestName } from "./nearest-name.js";
import { settings } from "./settings.js";

/** Names the configuration file. */
export const CONFIG_VARIABLE = "FRESHET_CONFIG";

const PREFIX = "FRESHET_";
/** What tests use, and what Kubernetes puts into every container for a Service named `freshet`. */
const LEFT_ALONE = /^FRESHET_(TEST_|SERVICE_|PORT(_|$))/;
/** The same for a Service named `freshet-<something>`, which a chart may make. */
const OTHER_SERVICE = /^FRESHET_[A-Z0-9_]+_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;
const SERVICE_ADDRESS = /^(tcp|udp|sctp):\/\//;

/** The variables of a setting: its own and, for a secret, the one that names a file. */
function variablesOf({ env, secret }: { readonly env: string; readonly secret?: true }): readonly string[] {
  return secret === true ? [env, `${env}_FILE`] : [env];
}

/** A misspelt variable must not be overlooked: each unknown `FRESHET_` name is a problem. */
export function unknownVariables(env: Readonly<Record<string, string | undefined>>): readonly Problem[] {
  const known = [CONFIG_VARIABLE, ...settings.flatMap(variablesOf)];
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name) && !isForeign(name, env[name] ?? ""))
    .toSorted()
    .map((name) => {
      const near = nearestName(name, known);
      const fix = near === null ? "Remove it; docs/reference/configuration.md has them all." : `Did you mean ${near}?`;
      return { where: name, problem: "is not a variable of Freshet", fix };
    });
}

function isForeign(name: string, value: string): boolean {
  return LEFT_ALONE.test(name) || OTHER_SERVICE.test(name) || (name.endsWith("_PORT") && SERVICE_ADDRESS.test(value));
}
