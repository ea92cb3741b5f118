import type { KafkaPort } from "@freshet/kafka";
import { FreshetError } from "@freshet/protocol";
import { type CompiledRules, loadRules } from "@freshet/rules";
import { createMemoryStore, type StorePort } from "@freshet/store";
import { until } from "@freshet/testkit";
import { afterEach, describe, expect, test } from "@jest/globals";
import { type CanaryFailure, keepFlying } from "./canary.js";
import { addCanary, CANARY } from "./canary-rules.js";
import { isEvictionHarmless } from "./start-checks.js";

function rulesOf({ name = "changed", topic = "products" } = {}): CompiledRules {
  const { rules } = loadRules(`freshet: 1
sources: [{ name: products, topic: ${topic}, format: cloudevents, space: p }]
families: { product: { key: "page:{id}", ttl: 1h, bounds: { lag: 0ms }, entry: { kind: json, version: version } } }
rules: [{ name: ${name}, source: products, bust: [{ family: product, with: { id: "subject" } }] }]
`);
  if (rules === null) throw new Error("the rules of this test have findings");
  return rules;
}
const place = { deployment: "t", prefix: "fr:" };
const { family, topic } = addCanary(rulesOf(), place);
const away = (code: "FR2001" | "FR3001") => async (): Promise<never> => {
  throw new FreshetError(code, "wait", "away", "Wait.");
};
const nobody = async (): Promise<void> => undefined;

const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

/** A canary on a clock that moves with each pause. `produce` and `setIfNewer` can be changed at any time. */
function setUp() {
  const time = { ms: 1_000_000 };
  const store = createMemoryStore({ nowUs: () => time.ms * 1000 });
  /** What the pipeline makes of the canary's event, after half a second. */
  const applying: KafkaPort["produce"] = async (records) => {
    const { subject, freshetversion: version } = JSON.parse(Buffer.from(records[0]?.value ?? []).toString());
    time.ms += 500;
    const at = { target: "key", key: `fr:canary:${subject}`, family: family.name, entry: family.entry, rule: CANARY } as const;
    await store.bust([{ ...at, subject: `${CANARY}/${subject}`, version, spaceKind: "counter", mode: "hard" }]);
  };
  const ports = { produce: applying, setIfNewer: store.setIfNewer };
  const [successes, failures]: [number[], CanaryFailure[]] = [[], []];
  const state = { isHanging: false };
  const sleep = async (ms: number, signal: AbortSignal): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => resolve(), { once: true });
    const isPatience = ms > 10_000;
    if (!isPatience || state.isHanging) setImmediate(resolve);
    await promise;
    if (!isPatience) time.ms += ms;
  };
  const fly = (id = "a"): AbortController => {
    const stop = new AbortController();
    stops.push(stop);
    const kafka: Pick<KafkaPort, "produce"> = { produce: (records) => ports.produce(records) };
    const flown: Pick<StorePort, "setIfNewer" | "preview"> = { preview: store.preview, setIfNewer: (request) => ports.setIfNewer(request) };
    const onSuccess = (seconds: number) => void successes.push(seconds);
    const onFailure = (failure: CanaryFailure) => void failures.push(failure);
    const clock = { nowMs: () => time.ms };
    void keepFlying({ kafka, store: flown, family, topic, id, clock, sleep, everyMs: 5000, onSuccess, onFailure }, stop.signal);
    return stop;
  };
  return { store, ports, applying, successes, failures, state, fly };
}

describe("the canary", () => {
  test("comes back again and again, and tells how long it took", async () => {
    const { fly, successes, failures } = setUp();
    fly();
    await until(() => successes.length >= 3);
    expect(failures).toEqual([]);
    expect(new Set(successes)).toEqual(new Set([0.5]));
  });

  test("of several processes do not disturb each other", async () => {
    const { fly, successes, failures } = setUp();
    for (const id of ["a", "b", "c"]) fly(id);
    await until(() => successes.length >= 12);
    expect(failures).toEqual([]);
  });

  test("fails while nobody busts, and goes on when somebody does", async () => {
    const { fly, ports, applying, successes, failures } = setUp();
    ports.produce = nobody;
    fly();
    await until(() => failures.length >= 2);
    expect(successes).toEqual([]);
    expect(failures[0]).toMatchObject({ code: null, problem: expect.stringContaining("not busted within 10 s") });
    ports.produce = applying;
    await until(() => successes.length >= 1);
  });

  test("fails when its entry goes away without a bust", async () => {
    const { fly, ports, store, successes, failures } = setUp();
    ports.produce = nobody;
    const gone: StorePort["preview"] = async (busts) => busts.map(() => "absent");
    store.preview = gone;
    const { setIfNewer } = store;
    let writes = 0;
    // the second write of a flight finds a key without a floor, as after FLUSHALL
    ports.setIfNewer = async (request) =>
      writes++ % 2 === 0 ? { outcome: "stored" } : await setIfNewer({ ...request, key: `x${writes}` });
    fly();
    await until(() => failures.length >= 2);
    expect(successes).toEqual([]);
    expect(failures[0]?.problem).toContain("without a bust");
  });

  test.each([
    ["Kafka", "FR3001", "produce"],
    ["Redis", "FR2001", "setIfNewer"],
  ] as const)("counts failures while %s is away, and goes on by itself", async (_what, code, call) => {
    const { fly, ports, applying, store, successes, failures } = setUp();
    ports[call] = away(code);
    fly();
    await until(() => failures.length >= 2);
    expect(failures[0]).toMatchObject({ code });
    expect(successes).toEqual([]);
    Object.assign(ports, { produce: applying, setIfNewer: store.setIfNewer });
    await until(() => successes.length >= 1);
  });

  test("counts failures while a call does not answer", async () => {
    const { fly, ports, state, failures } = setUp();
    const sent: number[] = [];
    ports.produce = async () => {
      sent.push(1);
      await new Promise<void>(() => undefined);
    };
    state.isHanging = true;
    fly();
    await until(() => failures.length >= 3);
    expect(sent).toHaveLength(1);
  });
});

describe("rules with a canary", () => {
  test("mean the same for all other events, under the same hash and bounds", () => {
    const rules = rulesOf();
    const joined = addCanary(rules, place).rules;
    expect(joined.hash).toBe(rules.hash);
    expect(joined.topics).toEqual(["products", "freshet.canary.t"]);
    expect(joined.families.get(CANARY)?.bounds).toEqual(rules.bounds);
    expect(joined.sourcesOf("products")).toEqual(rules.sourcesOf("products"));
    expect(isEvictionHarmless(joined)).toBe(isEvictionHarmless(rules));
    expect(isEvictionHarmless(joined)).toBe(true);
  });

  test.each([{ name: CANARY }, { topic: "freshet.canary.t" }])("refuse a file that uses %j", (taken) => {
    expect(() => addCanary(rulesOf(taken), place)).toThrow(expect.objectContaining({ code: "FR1002" }));
  });
});
