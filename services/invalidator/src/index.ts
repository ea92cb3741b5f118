export { type Config, type ConfigSources, loadConfig, processSources } from "./config.js";
export { configurationPage } from "./configuration-page.js";
export { connectKafka, connectStore } from "./connect.js";
export { connectRegistryLate } from "./connect-registry.js";
export { type ConfigLine, describeConfig } from "./describe-config.js";
export { type LagReport, type LagReportOptions, type PartitionReport, readLag, readSweeps, type SweepReport } from "./lag-report.js";
export { type RunOptions, runService, type UncaughtSource } from "./run.js";
export { type Setting, settings } from "./settings.js";
