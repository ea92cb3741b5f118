import { FreshetError } from "@freshet/protocol";
import { type ExplainPeers, explain } from "@freshet/replay";
import { kafkaPeer, redisPeer, useBounded } from "../bounded.js";
import type { Deployment, Deps, Flags } from "../deps.js";
import { type ExitCode, exitCodeOf, exitCodes } from "../exit-codes.js";
import { familyNamed } from "../family.js";
import { type Io, outJson } from "../io.js";
import { readMoment } from "../moments.js";
import { usePatiently } from "../patient.js";
import { plain } from "../plain.js";
import { readDeployedRules } from "../rules-file.js";
import { explanationLines } from "./explain-text.js";

export interface ExplainOptions {
  readonly key: string;
  readonly family: string;
  readonly since: string;
  readonly limit: number;
  readonly scan: number;
  readonly flags: Flags;
  readonly json: boolean;
}

/** How long brokers may be silent before they count as unreachable. */
const SILENCE_MS = 10_000;
/** How long somebody at a terminal waits for the events; what was read by then is told, and that it is not all. */
const READ_MS = 15_000;

/**
 * Why an entry is as it is: one sentence, then its state, the rules that can touch it, and the events that did or would have.
 * Nothing is changed; no service needs to run. Where Redis or Kafka cannot be asked the rest is told all the same.
 */
export async function explainKey(io: Io, deps: Deps, options: ExplainOptions): Promise<ExitCode> {
  const nowMs = deps.clock.nowMs();
  const sinceMs = readMoment(options.since, "--since", nowMs);
  const config = deps.readConfig(options.flags);
  const deployment = deps.deploymentOf(config);
  const rules = await readDeployedRules(deployment, deps);
  const frames = deployment.connectFrames(deps.clock);
  const { explanation, errors } = await explain(peersOf(io, deps, deployment), {
    key: options.key,
    family: familyNamed(options.family, rules),
    rules,
    deployment: deployment.name,
    liveGroup: config.kafka.group,
    ownGroup: `freshet-explain-${deployment.name}-${deps.newId()}`,
    sinceMs,
    when: /^\d+[a-z]$/.test(options.since) ? `of the last ${options.since}` : `since ${new Date(sinceMs).toISOString()}`,
    limit: options.limit,
    recordsMax: options.scan,
    nowMs,
    frames,
  });
  frames.close();
  if (options.json) outJson(io, explanation);
  else for (const line of explanationLines(explanation)) io.out(line);
  for (const { code, message, fix } of errors) {
    io.talk(plain(`${code} ${message}`));
    if (fix !== "") io.talk(plain(`  fix: ${fix}`));
  }
  return deps.stop.aborted ? exitCodes.interrupted : codeOf(errors);
}

function peersOf(io: Io, deps: Deps, deployment: Deployment): ExplainPeers {
  return {
    withStore: (use) => useBounded(redisPeer, () => deployment.connectStore(), use),
    withKafka: async (use) => {
      const stop = AbortSignal.any([deps.stop, io.unread, AbortSignal.timeout(READ_MS)]);
      const used = await usePatiently(deployment, { stop, silenceMs: SILENCE_MS }, async (reading) => ({
        result: await use(reading, stop),
      }));
      if (used !== null) return used.result;
      throw new FreshetError(kafkaPeer.code, "wait", `${kafkaPeer.problem} (${READ_MS / 1000} s)`, kafkaPeer.fix);
    },
  };
}

/** Of several, that a peer is away is what a script can do something about: try again. */
function codeOf(errors: readonly FreshetError[]): ExitCode {
  const codes = errors.map(exitCodeOf);
  return codes.includes(exitCodes.unreachable) ? exitCodes.unreachable : (codes[0] ?? exitCodes.done);
}
