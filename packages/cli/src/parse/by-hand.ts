import type { Command } from "commander";
import { bust } from "../commands/bust.js";
import { get } from "../commands/get.js";
import { publish } from "../commands/publish.js";
import { topicsCreate } from "../commands/topics-create.js";
import { act, examples, type Wiring } from "./command.js";
import { addSettingFlags, flagsOf } from "./setting-flags.js";

/** `freshet publish | bust | get | topics`: one thing done by hand, on the Kafka and Redis of the configuration. */
export function addByHand(program: Command, wiring: Wiring): void {
  addPublish(program, wiring);
  addBust(program, wiring);
  addGet(program, wiring);
  addTopics(program, wiring);
}

function addPublish(program: Command, wiring: Wiring): void {
  const command = program
    .command("publish")
    .description("send one event (a CloudEvent in binary mode)")
    .requiredOption("--topic <topic>", "a topic that exists")
    .requiredOption("--space <space>", "what the version counts, e.g. catalog.product")
    .requiredOption("--subject <id>", "the id without its space")
    .requiredOption("--version <version>", "canonical decimal, at most 20 digits")
    .requiredOption("--type <type>", "the event's type, e.g. product.updated")
    .option("--data <json>", "a JSON object; default: {}", "{}")
    .option("--source <source>", "the event's source; default: freshet-cli", "freshet-cli")
    .option("--json", "one JSON object", false);
  examples(command, [
    "freshet publish --topic shop.products --space catalog.product \\\n    --subject 42 --version 7 --type product.updated --data '{\"price\":1800}'",
    "freshet publish --topic shop.products --space catalog.product \\\n    --subject 42 --version 8 --type product.deleted --json",
  ]);
  addSettingFlags(command, "hidden");
  act(command, wiring, (io, deps) => publish(io, deps, { ...command.opts(), flags: flagsOf(command) }));
}

function addBust(program: Command, wiring: Wiring): void {
  const command = program
    .command("bust")
    .description("bust one entry or tag; shows what it would do unless --yes is given")
    .option("--key <key>", "the entry's key")
    .option("--family <family>", "its family in the rules file")
    .option("--tag <tag>", "in place of both: a tag, written as rules make it")
    .option("--space <space>", "what the version counts")
    .option("--subject <id>", "the id without its space")
    .option("--version <version>", "busts only what is older; without it the bust is blind")
    .option("--mode <mode>", "hard (default) removes, soft marks stale")
    .option("--reason <text>", "why, for the audit trail")
    .option("--yes", "do it, and write it to the audit topic", false)
    .option("--json", "one JSON object", false);
  examples(command, [
    "freshet bust --key page:42 --family product-page --yes \\\n    --space catalog.product --subject 42 --version 7 --reason INC-7",
    "freshet bust --tag brand:acme --mode soft",
  ]);
  const own = ["mode"]; // of the bust; whether the deployment applies or observes is not for this command line to say
  addSettingFlags(command, "hidden", own);
  act(command, wiring, (io, deps) => bust(io, deps, { ...command.opts(), flags: flagsOf(command, own) }));
}

function addGet(program: Command, wiring: Wiring): void {
  const command = program
    .command("get [key]")
    .description("decode one entry: size, versions, tags, floors, lease, times; or show a tag")
    .option("--family <family>", "the entry's family in the rules file")
    .option("--tag <tag>", "in place of a key: floors, pending busts, walk, index, epoch")
    .option("--json", "one JSON object", false);
  examples(command, ["freshet get page:42 --family product-page", "freshet get --tag brand:acme --json"]);
  addSettingFlags(command, "hidden");
  act(command, wiring, (io, deps) => {
    const [key] = command.args;
    return get(io, deps, { ...command.opts(), flags: flagsOf(command), ...(key === undefined ? {} : { key }) });
  });
}

function addTopics(program: Command, wiring: Wiring): void {
  const topics = program.command("topics").description("the topics Freshet itself owns");
  examples(topics, ["freshet topics create", "FRESHET_DEPLOYMENT=blue freshet topics create --json"]);
  const create = topics
    .command("create")
    .description("make those that are missing, and check all (infra/kafka/topics.json)")
    .option("--json", "one JSON object", false);
  examples(create, ["freshet topics create", "FRESHET_KAFKA_BROKERS=kafka-1:9092 freshet topics create --json"]);
  addSettingFlags(create, "hidden");
  act(create, wiring, (io, deps) => topicsCreate(io, deps, { ...create.opts(), flags: flagsOf(create) }));
}
