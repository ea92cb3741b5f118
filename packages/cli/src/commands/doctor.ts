import type { Deps, Flags } from "../deps.js";
import { type DoctorTerms, gather } from "../doctor/gather.js";
import { exitCodeOfReport, judge } from "../doctor/report.js";
import { tell } from "../doctor/tell.js";
import type { ExitCode } from "../exit-codes.js";
import { type Io, outJson } from "../io.js";

export interface DoctorOptions extends DoctorTerms {
  readonly flags: Flags;
  readonly json: boolean;
}

/**
 * Looks at everything that must be true of brokers, topics, Redis, rules and time bounds, whether a service runs or not.
 * Exit code 3 with errors or warnings, 5 when Kafka or Redis did not answer: what could be looked at is told all the same.
 */
export async function doctor(io: Io, deps: Deps, options: DoctorOptions): Promise<ExitCode> {
  const config = deps.readConfig(options.flags);
  const deployment = deps.deploymentOf(config);
  const facts = await gather({ config, deployment, terms: options }, deps);
  const report = judge(facts, { at: new Date(deps.clock.nowMs()).toISOString(), deployment: deployment.name });
  if (options.json) outJson(io, report);
  else for (const line of tell(report)) io.out(line);
  return exitCodeOfReport(report);
}
