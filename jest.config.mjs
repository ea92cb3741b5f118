// One project: the tier of a test is in its file name (.test .prop.test .redis.test .kafka.test .e2e.test).
const swc = ["@swc/jest", { jsc: { parser: { syntax: "typescript" }, target: "es2024" }, module: { type: "es6" }, sourceMaps: "inline" }];

export default {
  rootDir: import.meta.dirname,
  testMatch: ["<rootDir>/{packages,services,scripts}/**/*.test.ts"],
  modulePathIgnorePatterns: ["<rootDir>/.*/dist/"],
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": swc },
  moduleNameMapper: {
    "^(\\.{1,2}/.*)\\.js$": "$1",
    "^@freshet/(invalidator|example-shop)$": "<rootDir>/services/$1/src/index.ts",
    "^@freshet/([a-z-]+)/([a-z-]+)$": "<rootDir>/packages/$1/src/$2.ts",
    "^@freshet/([a-z-]+)$": "<rootDir>/packages/$1/src/index.ts",
  },
  testTimeout: 270_000, // what waits says itself what it waited for, in 60 to 90 s each
  maxWorkers: 2,
  workerIdleMemoryLimit: "1500MB",
};
