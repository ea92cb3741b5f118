import { clientImports, importArrows, oracleImports } from "./arrows.ts";
import { commands } from "./commands.ts";
import { deadExports, deadFiles } from "./dead-code.ts";
import { errorDocs, links, runbooks } from "./documents.ts";
import { escapes, exportForms, fileNames, grabBags, luaNumbers, versionNumbers, words } from "./language.ts";
import { declaredImports, machineTraces, manifestFacts } from "./manifests.ts";
import { consoleUse, pipelineExec, processUse, pureZone, skippedTests, sleepInTests } from "./purity.ts";
import { fileSize, functionSize, nesting, parameters } from "./sizes.ts";
import type { Rule } from "./tree.ts";

/** All rules, in the order of CONTRIBUTING.md. */
export const rules: readonly Rule[] = [
  fileSize,
  functionSize,
  nesting,
  parameters,
  importArrows,
  clientImports,
  oracleImports,
  pureZone,
  processUse,
  consoleUse,
  sleepInTests,
  skippedTests,
  pipelineExec,
  escapes,
  exportForms,
  versionNumbers,
  luaNumbers,
  words,
  grabBags,
  fileNames,
  deadExports,
  deadFiles,
  manifestFacts,
  declaredImports,
  machineTraces,
  errorDocs,
  links,
  runbooks,
  commands,
];
