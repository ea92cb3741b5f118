export { loadRules } from "./load.js";
export { rulesFileSchema } from "./schema.js";
export type { Bounds, CompiledRules, Family, Finding, LoadResult, MapResult, RuleExplanation } from "./types.js";
