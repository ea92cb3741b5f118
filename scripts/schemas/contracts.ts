import { auditEntrySchema, explanationSchema } from "@freshet/replay";
import { rulesFileSchema } from "@freshet/rules";
import { applied } from "./applied.ts";
import { deadLetterHeaders } from "./dead-letter.ts";
import { deadLetterReports } from "./dead-letter-reports.ts";
import { doctor } from "./doctor.ts";
import { domainEvent } from "./domain-event.ts";
import type { Contract } from "./json-schema.ts";
import { lag } from "./lag.ts";
import { replays } from "./replay.ts";
import { ruleTest } from "./rule-test.ts";

const rules = { name: "rules.v1", title: "A rules file", schema: rulesFileSchema };

const audit = { name: "audit.v1", title: "Who busted or replayed what by hand: one record of the audit topic", schema: auditEntrySchema };

const explanation = { name: "explain.v1", title: "Why an entry is as it is: freshet explain KEY --json", schema: explanationSchema };

/** Every schema of `schemas/`, by name. */
export const contracts: readonly Contract[] = [
  applied,
  audit,
  deadLetterHeaders,
  ...deadLetterReports,
  doctor,
  domainEvent,
  explanation,
  lag,
  ...replays,
  ruleTest,
  rules,
];
