import type { Command } from "commander";
import { rulesCheck } from "../commands/rules-check.js";
import { rulesExplain } from "../commands/rules-explain.js";
import { rulesTest } from "../commands/rules-test.js";
import { act, examples, type Wiring } from "./command.js";

/** `freshet rules check | test | explain`. */
export function addRules(program: Command, wiring: Wiring): void {
  const rules = program.command("rules").description("check, test and explain a rules file");
  examples(rules, ["freshet rules check services/example-shop/rules.yaml", "freshet rules test services/example-shop/rules.test.yaml"]);
  addCheck(rules, wiring);
  addTest(rules, wiring);
  addExplain(rules, wiring);
}

function addCheck(rules: Command, wiring: Wiring): void {
  const check = rules
    .command("check <file>")
    .description("every finding of a rules file, with line, column and fix")
    .option("--json", "one JSON object", false);
  examples(check, ["freshet rules check rules.yaml", "freshet rules check services/example-shop/rules.yaml --json"]);
  act(check, wiring, (io, deps) => rulesCheck(io, deps, { ...check.opts(), file: check.args[0] ?? "" }));
}

function addTest(rules: Command, wiring: Wiring): void {
  const test = rules
    .command("test <files...>")
    .description("run rule tests (*.test.yaml)")
    .option("--rules <file>", "default: FRESHET_RULES, else rules.yaml beside the test")
    .option("--json", "one JSON object", false);
  examples(test, ["freshet rules test services/example-shop/rules.test.yaml", "freshet rules test pages.test.yaml --rules rules.yaml"]);
  act(test, wiring, (io, deps) => rulesTest(io, deps, { ...test.opts(), files: test.args }));
}

function addExplain(rules: Command, wiring: Wiring): void {
  const explain = rules
    .command("explain <file>")
    .description("what each rule makes of one event, and why")
    .requiredOption("--event <file>", "the value of a record in JSON: a CloudEvent, a row as Debezium writes it, a document")
    .option("--topic <topic>", "where it would arrive; default: the first topic that takes it")
    .option("--key <text>", "the key of the record, for sources that read the id there")
    .option("--header <name=value...>", "headers of the record, for rules that read them")
    .option("--json", "one JSON object", false);
  examples(explain, [
    "freshet rules explain services/example-shop/rules.yaml \\\n    --event services/example-shop/price-change.json",
    "freshet rules explain rules.yaml --event event.json --json",
  ]);
  act(explain, wiring, (io, deps) => rulesExplain(io, deps, { ...explain.opts(), file: explain.args[0] ?? "" }));
}
