import type { BatchControl, KafkaPort } from "@freshet/kafka";
import { FreshetError } from "@freshet/protocol";
import type { EntryPort, StorePort, SweepPort, TagPort } from "@freshet/store";
import type { Rng } from "../rng.js";

/** How often calls fail, as probabilities of one call; together at most 1. */
export interface FaultPlan {
  readonly rng: Rng;
  /** Nothing was done. */
  readonly before?: number;
  /** A call with a list did some of it. */
  readonly partly?: number;
  /** All was done, and the answer got lost. */
  readonly after?: number;
  /** Told of each fault, e.g. `bust after`, so that a test can see that there were some. */
  readonly onFault?: (what: string) => void;
}

type When = "before" | "partly" | "after" | "never";

/** A store whose calls fail now and then as an unreachable Redis does. Probing and closing never do. */
export function faultyStore(store: StorePort, plan: FaultPlan): StorePort {
  const error = () => new FreshetError("FR2001", "wait", "an injected fault", "None: a test wanted it.");
  const faults = new Faults(plan, error);
  return {
    ...faultySweeps(store, faults),
    ...faultyEntries(store, faults),
    bustTags: (busts) => faults.list("bustTags", busts, (some) => store.bustTags(some)),
    bust: (busts) => faults.list("bust", busts, (some) => store.bust(some)),
    preview: (busts) => faults.one("preview", () => store.preview(busts)),
    previewTags: (busts) => faults.one("previewTags", () => store.previewTags(busts)),
    inspect: (...at) => faults.one("inspect", () => store.inspect(...at)),
    publishBounds: (bounds) => faults.one("publishBounds", () => store.publishBounds(bounds)),
    readBounds: () => faults.one("readBounds", () => store.readBounds()),
    probe: () => store.probe(),
    servers: () => faults.one("servers", () => store.servers()),
    close: () => store.close(),
  };
}

function faultySweeps(store: StorePort, faults: Faults): SweepPort & Pick<StorePort, "inspectTag"> {
  return {
    pendingSweeps: (atMost) => faults.one("pendingSweeps", () => store.pendingSweeps(atMost)),
    claimSweep: (tag, claim) => faults.one("claimSweep", () => store.claimSweep(tag, claim)),
    readIndex: (tag, range) => faults.one("readIndex", () => store.readIndex(tag, range)),
    bustMembers: (busts) => faults.list("bustMembers", busts, (some) => store.bustMembers(some)),
    moveSweep: (tag, step) => faults.one("moveSweep", () => store.moveSweep(tag, step)),
    endSweep: (tag, id) => faults.one("endSweep", () => store.endSweep(tag, id)),
    forgetSweep: (registered) => faults.one("forgetSweep", () => store.forgetSweep(registered)),
    trimIndex: (tag, skewMs) => faults.one("trimIndex", () => store.trimIndex(tag, skewMs)),
    inspectTag: (tag) => faults.one("inspectTag", () => store.inspectTag(tag)),
  };
}

function faultyEntries(store: StorePort, faults: Faults): EntryPort & Omit<TagPort, "inspectTag"> {
  return {
    read: (...at) => faults.one("read", () => store.read(...at)),
    lease: (request) => faults.one("lease", () => store.lease(request)),
    fill: (request) => faults.one("fill", () => store.fill(request)),
    promote: (...at) => faults.one("promote", () => store.promote(...at)),
    drop: (...at) => faults.one("drop", () => store.drop(...at)),
    setIfNewer: (request) => faults.one("setIfNewer", () => store.setIfNewer(request)),
    indexAdd: (request) => faults.one("indexAdd", () => store.indexAdd(request)),
    indexRemove: (tag, members) => faults.list("indexRemove", members, (some) => store.indexRemove(tag, some)),
    epochs: (tags) => faults.one("epochs", () => store.epochs(tags)),
  };
}

/** A broker whose produce, admin and commit calls fail now and then as an unreachable one's do. Records arrive as ever. */
export function faultyKafka(port: KafkaPort, plan: FaultPlan): KafkaPort {
  const error = () => new FreshetError("FR3001", "wait", "an injected fault", "None: a test wanted it.");
  const faults = new Faults(plan, error);
  return {
    consume: (options) => port.consume({ ...options, onBatch: (batch, control) => options.onBatch(batch, faultyControl(control, faults)) }),
    produce: (records) => faults.list("produce", records, (some) => port.produce(some)),
    describeTopics: (topics) => faults.one("describeTopics", () => port.describeTopics(topics)),
    inspect: (topics, group) => faults.one("inspect", () => port.inspect(topics, group)),
    createTopics: (topics) => faults.list("createTopics", topics, (some) => port.createTopics(some)),
    read: (options) => faults.one("read", () => port.read(options)),
    offsets: (topics) => faults.one("offsets", () => port.offsets(topics)),
    offsetsAt: (topics, timestampMs) => faults.one("offsetsAt", () => port.offsetsAt(topics, timestampMs)),
    peek: (from, options) => faults.one("peek", () => port.peek(from, options)),
    committed: (group, topics) => faults.one("committed", () => port.committed(group, topics)),
    describeGroup: (group) => faults.one("describeGroup", () => port.describeGroup(group)),
    deleteGroup: (group) => faults.one("deleteGroup", () => port.deleteGroup(group)),
    close: () => port.close(),
  };
}

function faultyControl(control: BatchControl, faults: Faults): BatchControl {
  return {
    ended: (offset) => control.ended(offset),
    commit: () => faults.one("commit", () => control.commit()),
    heartbeat: () => control.heartbeat(),
    shouldStop: () => control.shouldStop(),
  };
}

class Faults {
  readonly #plan: FaultPlan;
  readonly #error: () => Error;

  constructor(plan: FaultPlan, error: () => Error) {
    this.#plan = plan;
    this.#error = error;
  }

  async one<T>(name: string, call: () => Promise<T>): Promise<T> {
    return this.list(name, [], call);
  }

  async list<T, I>(name: string, items: readonly I[], call: (items: readonly I[]) => Promise<T>): Promise<T> {
    const when = this.#draw(items.length);
    if (when === "never") return call(items);
    this.#plan.onFault?.(`${name} ${when}`);
    if (when === "partly") await call(this.#some(items));
    if (when === "after") await call(items);
    throw this.#error();
  }

  #draw(items: number): When {
    const { rng, before = 0, partly = 0, after = 0 } = this.#plan;
    const drawn = rng.next();
    if (drawn < before) return "before";
    if (drawn < before + after) return "after";
    // half of nothing, or of one, would be one of the others
    return drawn < before + after + partly && items > 1 ? "partly" : "never";
  }

  /** At least one and not all, in their order. */
  #some<I>(items: readonly I[]): readonly I[] {
    const { rng } = this.#plan;
    const count = rng.integer(1, items.length - 1);
    const chosen = new Set(rng.shuffle(items.map((_, at) => at)).slice(0, count));
    return items.filter((_, at) => chosen.has(at));
  }
}
