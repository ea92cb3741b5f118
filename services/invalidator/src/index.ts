export { type Config, type ConfigSources, loadConfig, processSources } from "./config.js";
export { configurationPage } from "./configuration-page.js";
export { type ConfigLine, describeConfig } from "./describe-config.js";
export { Secret } from "./secret.js";
export { type Setting, settings } from "./settings.js";
