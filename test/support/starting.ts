/** Test files that start processes: emulators, front doors, a Python environment, Node. */
export const STARTING = [
  "test/local/**/*.test.ts",
  "test/lambdas/*.test.ts",
  "test/walkthrough/*.test.ts",
  "test/localstack/{emulator*,first-deployment,processes,setup}.test.ts",
  "test/infra/cfn-lint.test.ts",
  "test/audit/{in-browser,in-toto}.test.ts",
  "test/mutants/sample.test.ts",
];
