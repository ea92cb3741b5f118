import { rulesFileSchema } from "@freshet/rules";
import { applied } from "./applied.ts";
import { deadLetterHeaders } from "./dead-letter.ts";
import { domainEvent } from "./domain-event.ts";
import type { Contract } from "./json-schema.ts";
import { ruleTest } from "./rule-test.ts";

const rules = { name: "rules.v1", title: "A rules file", schema: rulesFileSchema };

/** Every schema of `schemas/`, by name. */
export const contracts: readonly Contract[] = [applied, deadLetterHeaders, domainEvent, ruleTest, rules];
