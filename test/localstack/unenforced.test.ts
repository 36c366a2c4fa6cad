import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { REPOSITORY_ROOT } from "../../localstack/machine/paths.ts";
import { skippedSummary, unmetNeeds } from "../support/unenforced.ts";
import { temporaryFolder } from "./support/temporary.ts";

const NAMED = { AWS_ENDPOINT_URL: "http://127.0.0.1:1" };
const files = (environment: NodeJS.ProcessEnv): string[] =>
  [...unmetNeeds(environment).keys()].map((path) => relative(REPOSITORY_ROOT, path));

test("our own local AWS meets every need; an endpoint that a person named meets fewer", () => {
  assert.deepEqual(files({}), []);
  assert.deepEqual(files({ VAI_ALLOW_UNENFORCED: "1" }), []);
  const enforcing = files(NAMED);
  assert.ok(enforcing.includes("test/local/faults.test.ts"));
  assert.ok(!enforcing.includes("test/local/iam-people.test.ts"), "it was shown to enforce");
  const open = files({ ...NAMED, VAI_ALLOW_UNENFORCED: "1" });
  assert.ok(open.includes("test/local/iam-people.test.ts"));
  assert.ok(!open.includes("test/local/granted-item.test.ts"), "what needs nothing is run");
});

test("what is skipped is named and counted", () => {
  assert.equal(
    skippedSummary(["Function URLs", "a feed", "a feed"]),
    "skipped 3 checks that this endpoint cannot enforce: Function URLs (1), a feed (2)",
  );
});

test("a test file whose needs are not met is listed as skipped, by Node itself, and not run", (t) => {
  const named = join(REPOSITORY_ROOT, "test", "local", "faults.test.ts");
  const own = join(temporaryFolder(t), "own.test.mjs");
  writeFileSync(own, 'import { test } from "node:test"; test("runs", () => {});');
  const hooks = join(REPOSITORY_ROOT, "test", "support", "skip-unenforced.ts");
  const args = ["--import", hooks, "--test", "--test-isolation=none", "--test-reporter=tap"];
  const said = execFileSync(process.execPath, [...args, named, own], {
    env: { ...NAMED, PATH: process.env["PATH"] },
    encoding: "utf8",
  });
  assert.match(said, /ok \d+ - runs/);
  assert.match(said, /ok \d+ - VAI-99 .* # SKIP this endpoint does not have: faults on request/);
  const count = / SKIP /g[Symbol.match](said)?.length ?? 0;
  assert.ok(count > 5);
  assert.match(said, new RegExp(`# skipped ${count}\\n`));
  assert.match(
    said,
    new RegExp(`skipped ${count} checks that this endpoint cannot enforce: faults`),
  );
});
