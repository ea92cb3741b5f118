import type { BustRun } from "./bust-calls.js";
import { notYet } from "./not-yet.js";
import type { BustPort, SweepPort, TagPort } from "./port.js";
import type { RedisLink } from "./redis-link.js";

type TagSteps = TagPort & SweepPort & Pick<BustPort, "bustTags" | "previewTags">;

export function redisTags(_link: RedisLink, _options: { readonly prefix: string; readonly run: BustRun }): TagSteps {
  const missing = () => Promise.reject(notYet("tags"));
  return {
    bustTags: missing,
    previewTags: missing,
    indexAdd: missing,
    indexRemove: missing,
    epochs: missing,
    inspectTag: missing,
    pendingSweeps: missing,
    claimSweep: missing,
    readIndex: missing,
    bustMembers: missing,
    moveSweep: missing,
    endSweep: missing,
    forgetSweep: missing,
    trimIndex: missing,
  };
}
