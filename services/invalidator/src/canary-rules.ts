import { FreshetError } from "@freshet/protocol";
import { type CompiledRules, type Family, loadRules } from "@freshet/rules";

/** What the canary's source, family, rule and space are called. */
export const CANARY = "freshet-canary";

export interface CanaryPlace {
  readonly deployment: string;
  /** Of Freshet's own keys. */
  readonly prefix: string;
}

/** The rules of a file with those of the canary beside them. */
export interface RulesWithCanary {
  /** Its hash is that of the file: both mean the same for every event but the canary's. */
  readonly rules: CompiledRules;
  readonly topic: string;
  readonly family: Family;
}

/** Whose canaries fly where, besides the topic that is theirs: through those of sources that ask for them. */
export interface CanaryPlaces {
  readonly deployment: string;
  readonly topics: ReadonlySet<string>;
}

/** Where the canary of a deployment flies. */
export function canaryTopic(deployment: string): string {
  return `freshet.canary.${deployment}`;
}

/**
 * Adds a topic, a source, a family and a rule for the canary, so that its events go the way of all others.
 *
 * @throws FreshetError FR1002 (`usage`) when the file uses the canary's topic or names itself.
 */
export function addCanary(rules: CompiledRules, { deployment, prefix }: CanaryPlace): RulesWithCanary {
  const topic = canaryTopic(deployment);
  const own = loadRules(rulesText(topic, prefix, rules), { prefix: null }).rules;
  const family = own?.families.get(CANARY);
  if (own === null || family === undefined) throw clash(`no canary can be made for deployment ${deployment}`);
  const isTaken = rules.families.has(CANARY) || rules.ruleNames.includes(CANARY) || rules.topics.includes(topic);
  const sources = rules.topics.flatMap((name) => rules.sourcesOf(name));
  if (isTaken || sources.some(({ name }) => name === CANARY)) throw clash(`the rules file uses ${topic}, or the name ${CANARY}`);
  const joined: CompiledRules = {
    ...rules,
    topics: [...rules.topics, topic],
    sourcesOf: (name) => (name === topic ? own.sourcesOf(name) : rules.sourcesOf(name)),
    families: new Map([...rules.families, ...own.families]),
    ruleNames: [...rules.ruleNames, ...own.ruleNames],
    reaches: [...rules.reaches, ...own.reaches],
    map: (event) => (event.source === CANARY ? own.map(event) : rules.map(event)),
    explain: (event) => (event.source === CANARY ? own.explain(event) : rules.explain(event)),
  };
  return { rules: Object.freeze(joined), topic, family };
}

/** The bounds are those of the file, so that nothing is published for the canary. JSON is YAML, so texts are quoted as JSON. */
function rulesText(topic: string, prefix: string, { bounds }: CompiledRules): string {
  const { leaseMs, lagMs, skewMs, fillMs, floorMs } = bounds;
  const times = { lease: leaseMs, lag: lagMs, skew: skewMs, fill: fillMs, floors: floorMs };
  return JSON.stringify({
    freshet: 1,
    bounds: Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, `${ms}ms`])),
    sources: [{ name: CANARY, topic, format: "cloudevents", space: CANARY }],
    families: { [CANARY]: { key: `${prefix}canary:{id}`, ttl: "5m", entry: { kind: "hash", version: "v", gate: true } } },
    rules: [{ name: CANARY, source: CANARY, bust: [{ family: CANARY, with: { id: "subject" } }] }],
  });
}

function clash(problem: string): FreshetError {
  return new FreshetError("FR1002", "usage", problem, "Choose other names, or set FRESHET_CANARY_SECONDS=0.");
}
