export { compileEventFilter, type EventFilter, type EventFilterMistake } from "./event-filter.js";
export { type LoadOptions, loadRules } from "./load.js";
export type { RuleTestReport, RuleTestResult } from "./rule-tests.js";
export { runRuleTests } from "./rule-tests.js";
export { rulesFileSchema } from "./schema.js";
export type {
  Bounds,
  CompiledRules,
  Family,
  Finding,
  LoadResult,
  MapResult,
  ReachTarget,
  RuleExplanation,
  RuleReach,
  Tag,
  TagUse,
} from "./types.js";
