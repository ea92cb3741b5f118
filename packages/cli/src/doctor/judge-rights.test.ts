import type { KafkaRight } from "@freshet/kafka";
import { expect, test } from "@jest/globals";
import { openClinic } from "../../tests/clinic.js";
import { transcript } from "../../tests/transcript.js";

const SOURCE = "shop.products";
const asking = (rules = ""): string => rules.replace("format: cloudevents", "format: cloudevents, canary: true");

/** What doctor says of rights where the service may read its source and not write to it. */
async function lacking(env: Readonly<Record<string, string>>, change: (rules?: string) => string): Promise<readonly string[]> {
  const clinic = await openClinic();
  const world = clinic.withTopic(SOURCE, { rights: new Set<KafkaRight>(["READ", "DESCRIBE", "DESCRIBE_CONFIGS"]) });
  const files = { ...world.files, "rules.yaml": change(world.files?.["rules.yaml"]) };
  const { out } = await transcript(["doctor", "--json"], { ...world, files, env: { ...world.env, ...env } });
  const { findings } = JSON.parse(out.join("")) as { findings: readonly { name: string; subject: string; fix: string }[] };
  return findings.filter(({ name, subject }) => name === "topic-rights" && subject === SOURCE).map(({ fix }) => fix);
}

test("a source that asks for canaries needs the right to write, where there is a canary", async () => {
  expect(await lacking({ FRESHET_CANARY_SECONDS: "5" }, asking)).toEqual([
    expect.stringContaining("--operation Write --topic shop.products"),
  ]);
  expect(await lacking({}, asking)).toEqual([]);
  expect(await lacking({ FRESHET_CANARY_SECONDS: "5" }, (rules = "") => rules)).toEqual([]);
});
