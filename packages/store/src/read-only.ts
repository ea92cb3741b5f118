import { FreshetError } from "@freshet/protocol";
import type { EpochTag } from "./entry-port.js";
import type { StorePort } from "./port.js";

/**
 * The same store, read-only: busts answer what they would have done, epochs that are missing are answered and not made,
 * and other writes are refused. `FRESHET_MODE=observe`, dry runs and `createRedisStore({ readOnly: true })` all come here.
 *
 * A step that is not named here does not compile: nothing is let through because nobody thought of it.
 */
export function readOnly(store: StorePort): StorePort {
  return {
    bust: (busts) => store.preview(busts),
    preview: (busts) => store.preview(busts),
    bustTags: (busts) => store.previewTags(busts),
    previewTags: (busts) => store.previewTags(busts),
    read: (key, entry, epochTags) => store.read(key, entry, epochTags.map(unmade)),
    lease: refuse,
    fill: refuse,
    promote: refuse,
    drop: refuse,
    setIfNewer: refuse,
    indexAdd: refuse,
    indexRemove: refuse,
    epochs: (tags) => store.epochs(tags.map(unmade)),
    inspectTag: (tag) => store.inspectTag(tag),
    pendingSweeps: (atMost) => store.pendingSweeps(atMost),
    claimSweep: refuse,
    readIndex: (tag, range) => store.readIndex(tag, range),
    bustMembers: (busts) => store.preview(busts),
    moveSweep: refuse,
    endSweep: refuse,
    forgetSweep: refuse,
    trimIndex: refuse,
    // The bounds in force are those of whoever applies: a start that only observes goes on without its own.
    publishBounds: async () => undefined,
    readBounds: () => store.readBounds(),
    inspect: (key, entry, versionKey) => store.inspect(key, entry, versionKey),
    probe: () => store.probe(),
    servers: () => store.servers(),
    close: () => store.close(),
  };
}

function unmade(epochTag: EpochTag): EpochTag {
  return { ...epochTag, run: "preview" };
}

function refuse(): Promise<never> {
  const fix = "Use FRESHET_MODE=apply where something is to be written.";
  return Promise.reject(new FreshetError("FR1005", "usage", "This store is read-only.", fix));
}
