import { type Config, Secret } from "@freshet/invalidator";
import { FreshetError } from "@freshet/protocol";
import { collect, type SupportBundle } from "../bundle/collect.js";
import { redact, secretsOf } from "../bundle/redact.js";
import type { Deps, Flags } from "../deps.js";
import type { DoctorTerms } from "../doctor/gather.js";
import { type ExitCode, exitCodes } from "../exit-codes.js";
import { type Io, outJson } from "../io.js";
import { number } from "./dlq-text.js";

export interface SupportBundleOptions extends DoctorTerms {
  /** Where it goes; a file that is there is not replaced. */
  readonly out: string;
  readonly flags: Flags;
  readonly json: boolean;
}

/**
 * One JSON file with what support asks for first: configuration, versions, rules, doctor, lag, dead letters in numbers, what the
 * service says of itself. No payloads, keys or tenants; secrets and e-mail addresses are taken out. What cannot be had is
 * named in it, so it ends with 0 also when Kafka or Redis are away.
 *
 * @throws FreshetError FR1001 when the file cannot be written.
 */
export async function supportBundle(io: Io, deps: Deps, options: SupportBundleOptions): Promise<ExitCode> {
  const config = deps.readConfig(options.flags);
  const bundle = await collect({ config, deployment: deps.deploymentOf(config), terms: options }, deps);
  const text = `${JSON.stringify(redact(bundle, secretsOf(deps.env, revealed(config))), null, 2)}\n`;
  await write(deps, options.out, text);
  const missing = missingParts(bundle);
  if (options.json) outJson(io, { file: options.out, characters: text.length, verdict: bundle.doctor.verdict, missing });
  else {
    io.out(`${options.out}: ${number(text.length)} characters; doctor says ${bundle.doctor.verdict}`);
    for (const part of missing) io.talk(`without ${part}`);
    io.talk("secrets and e-mail addresses are taken out; look at it before you send it");
  }
  return exitCodes.done;
}

async function write(deps: Deps, path: string, text: string): Promise<void> {
  try {
    await deps.writeText(path, text);
  } catch (error) {
    const isThere = error instanceof Error && "code" in error && error.code === "EEXIST";
    const problem = isThere ? `${path} is there already` : `${path} cannot be written`;
    throw new FreshetError("FR1001", "usage", problem, "Name another file with --out.", error);
  }
}

function missingParts(bundle: SupportBundle): readonly string[] {
  const { rules, servers, lag, deadLetters, service } = bundle;
  const parts = Object.entries({ rules, servers, lag, deadLetters, ...service });
  return parts.flatMap(([name, part]) => ("missing" in part ? [`${name}: ${part.missing}`] : []));
}

/** The secrets of the configuration, wherever they came from. */
function revealed(config: Config): readonly string[] {
  const groups: readonly unknown[] = Object.values(config);
  const members = groups.flatMap((group) =>
    typeof group === "object" && group !== null ? Object.values(group) : [],
  ) as readonly unknown[];
  return members.flatMap((member) => (member instanceof Secret ? [member.reveal()] : []));
}
