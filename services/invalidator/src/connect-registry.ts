import { hasFrames } from "@freshet/pipeline";
import { type FramePort, FreshetError, type RegistryAccess, type SchemaRegistryModule } from "@freshet/protocol";
import type { CompiledRules } from "@freshet/rules";
import type { Config } from "./config.js";
import { errorCodeOf } from "./error-code.js";

/** Loaded by name: whoever reads no framed values need not have it. */
const PACKAGE: string = "@freshet/schema-registry";

interface RegistryOptions {
  readonly clock: { nowMs(): number };
  /** How the package is loaded; tests load none. */
  readonly load?: (name: string) => Promise<SchemaRegistryModule>;
}

/**
 * What reads the frames of these rules' sources; `undefined` where none of them is framed. Nothing is sent before the first
 * record that names a schema.
 *
 * @throws FreshetError FR1002 without a registry's URL, FR1007 when the optional package is not installed.
 */
export async function connectRegistry(config: Config, rules: CompiledRules, options: RegistryOptions): Promise<FramePort | undefined> {
  return hasFrames(rules) ? await open(config, options) : undefined;
}

async function open(config: Config, options: RegistryOptions): Promise<FramePort> {
  const { url } = config.schemaRegistry;
  if (url === null) {
    const problem = "FRESHET_SCHEMA_REGISTRY_URL is not set, and the rules file has sources with `encoding: registry`";
    throw new FreshetError("FR1002", "usage", problem, "Say where the registry is: https://registry.example:8081.");
  }
  const { createFrames } = await loadPackage(options.load ?? importByName);
  return createFrames({
    url,
    ...accessOf(config.schemaRegistry),
    renew: () => accessOf(config.renewed().schemaRegistry),
    clock: options.clock,
  });
}

function accessOf({ username, password, ca, cert, key }: Config["schemaRegistry"]): Pick<RegistryAccess, "user" | "tls"> {
  return {
    user: username === null || password === null ? null : { name: username, password: password.reveal() },
    tls: {
      ...(ca === null ? {} : { ca: ca.reveal() }),
      ...(cert === null ? {} : { cert: cert.reveal() }),
      ...(key === null ? {} : { key: key.reveal() }),
    },
  };
}

/**
 * The same for commands that learn their rules later: nothing is looked for before the first slice under rules with framed
 * sources, which then throws what `connectRegistry` does.
 */
export function connectRegistryLate(config: Config, options: RegistryOptions): FramePort {
  let opened: FramePort | null = null;
  return {
    unframe: async (records, sourcesOf) => {
      opened ??= await open(config, options);
      return await opened.unframe(records, sourcesOf);
    },
    close: () => opened?.close(),
  };
}

async function importByName(name: string): Promise<SchemaRegistryModule> {
  return await import(name);
}

async function loadPackage(load: (name: string) => Promise<SchemaRegistryModule>): Promise<SchemaRegistryModule> {
  try {
    return await load(PACKAGE);
  } catch (error) {
    const name = error instanceof Error ? error.name : typeof error;
    const isMissing = errorCodeOf(error) === "ERR_MODULE_NOT_FOUND";
    const what = isMissing ? "is not installed" : `cannot be loaded (${name})`;
    const problem = `the rules file has sources with \`encoding: registry\`, and the package ${PACKAGE} ${what}`;
    throw new FreshetError("FR1007", "usage", problem, `Install ${PACKAGE} beside Freshet, in the same version.`, error);
  }
}
