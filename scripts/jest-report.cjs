// jest's reporter for npm test: says what failed, what was skipped and what took long, and writes the counts to
// the file that FRESHET_TEST_COUNTS_FILE names.
const { writeFileSync } = require("node:fs");
const { relative } = require("node:path");

const SLOW_MS = 5000;

module.exports = class JestReport {
  constructor(globalConfig) {
    this.rootDir = globalConfig.rootDir;
  }

  onTestResult(test, result) {
    const file = relative(this.rootDir, test.path);
    const took = result.perfStats.end - result.perfStats.start;
    if (result.failureMessage) write(`\nFAIL  ${file}\n${result.failureMessage}`);
    else if (took >= SLOW_MS) write(`      ${file} ${(took / 1000).toFixed(1)} s`);
    for (const { fullName, status } of result.testResults) {
      if (status === "pending" || status === "todo") write(`skip  ${file}: ${fullName}`);
    }
  }

  onRunComplete(_contexts, results) {
    const counts = {
      passed: results.numPassedTests,
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped: results.numPendingTests + results.numTodoTests,
    };
    const { FRESHET_TEST_COUNTS_FILE: file } = process.env;
    writeFileSync(file, JSON.stringify(counts));
  }
};

function write(line) {
  process.stdout.write(`${line}\n`);
}
