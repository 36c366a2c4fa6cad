import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const ROOT = join(import.meta.dirname, "../..");
const NAMES = [
  "LICENSE",
  "README.md",
  "infra",
  "lambdas",
  "lib",
  "localstack",
  "package-lock.json",
  "package.json",
  "test",
  "tsconfig.json",
];

test("USR-04 the root holds exactly the names that it may", () => {
  const listed = execFileSync("git", ["ls-files"], { cwd: ROOT, encoding: "utf8" });
  const roots = new Set(
    listed
      .trim()
      .split("\n")
      .map((path) => path.split("/")[0] ?? ""),
  );
  assert.deepEqual([...roots].filter((name) => !name.startsWith(".")).sort(), NAMES);
});

test("USR-03 the five named packages are dependencies, and imported", () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const known = { ...manifest.dependencies, ...manifest.devDependencies };
  const packages = [
    "@aws-sdk/client-sts",
    "@aws-sdk/client-dynamodb",
    "@aws-sdk/client-kms",
    "zod",
    "aws-cdk-lib",
  ];
  for (const name of packages) {
    assert.ok(name in known, name);
    const found = execFileSync("git", ["grep", "-lF", `from "${name}`, "--", "lib", "infra"], {
      cwd: ROOT,
    });
    assert.notEqual(found.length, 0, name);
  }
});

test("VAI-25 the README says what is not protected", () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const section = readme.slice(readme.indexOf("## Assurance and limits"));
  assert.ok(readme.includes("## Assurance and limits"));
  const topics = [
    /compromised trust plane/i,
    /wrong policy/i,
    /wrong context data/i,
    /tricked agent/i,
    /coarse IAM actions/i,
    /cannot be cancelled/i,
    /eventually consistent/i,
  ];
  for (const topic of topics) assert.match(section, topic);
});

test("DTF-24 the README does not claim more than the tests show", () => {
  assert.match(readFileSync(join(ROOT, "README.md"), "utf8"), /no proof that there are no others/);
});
