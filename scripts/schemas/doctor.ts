import { z } from "zod";
import { instant } from "./fields.ts";

const text = z.string().min(1);

const check = z.strictObject({
  name: z.enum(["rules", "brokers", "topics", "rights", "samples", "lag", "redis", "clocks", "bounds"]),
  outcome: z.enum(["ok", "findings", "skipped"]).meta({ description: "`skipped`: it could not be looked at." }),
  seen: z.string().meta({ description: "What there was to see; why not, where it was skipped." }),
});

const finding = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z]+(-[a-z]+)*$/)
    .meta({ description: "A stable name: docs/reference/doctor.md lists them." }),
  severity: z.enum(["error", "warning", "note"]).meta({ description: "Notes alone leave the exit code 0." }),
  code: z
    .string()
    .regex(/^FR\d{4}$/)
    .nullable()
    .meta({ description: "The error the service would tell, where it has one." }),
  subject: text.meta({ description: "What it is about: a topic, a server, a file." }),
  problem: text,
  why: text.meta({ description: "Why it matters." }),
  fix: text,
});

const schema = z.strictObject({
  at: instant,
  deployment: text,
  group: text,
  verdict: z.enum(["ok", "findings", "unreachable"]).meta({ description: "Exit code 0, 3 or 5." }),
  checks: z.array(check),
  findings: z.array(finding).meta({ description: "Errors first." }),
});

/** What `freshet doctor --json` prints. */
export const doctor = { name: "doctor.v1", title: "What freshet doctor --json prints", schema };
