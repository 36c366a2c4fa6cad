import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { installProblem } from "../../localstack/installed.js";
import { REPOSITORY_ROOT } from "../../localstack/machine/paths.ts";
import { temporaryFolder } from "./support/temporary.ts";

const PACKAGES = {
  "": { name: "root" },
  "node_modules/tool": { version: "1.0.0", bin: { tool: "bin/tool" } },
  "node_modules/thing": { version: "2.0.0" },
};

/** An install of two packages, and of one that is optional and for another platform. */
function installed(t: TestContext): string {
  const root = temporaryFolder(t);
  const write = (path: string, value: unknown): void => {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), JSON.stringify(value));
  };
  const other = { "node_modules/other": { version: "3.0.0", optional: true } };
  write("package-lock.json", { packages: { ...PACKAGES, ...other } });
  write("node_modules/.package-lock.json", { packages: PACKAGES });
  write("node_modules/tool/package.json", { version: "1.0.0" });
  write("node_modules/tool/bin/tool", "");
  write("node_modules/thing/package.json", { version: "2.0.0" });
  return root;
}

test("USR-10 a whole install is left alone, this one among them", (t) => {
  assert.equal(installProblem(installed(t)), undefined);
  assert.equal(installProblem(REPOSITORY_ROOT), undefined);
});

const DAMAGES: readonly (readonly [what: string, says: string, damage: (root: string) => void])[] =
  [
    [
      "no install",
      "nothing is installed",
      (root) => rmSync(join(root, "node_modules"), { recursive: true }),
    ],
    [
      "an install that broke off",
      "nothing is installed",
      (root) => rmSync(join(root, "node_modules/.package-lock.json")),
    ],
    [
      "a package that is gone",
      "node_modules/thing is damaged",
      (root) => rmSync(join(root, "node_modules/thing"), { recursive: true }),
    ],
    [
      "a package that is half written",
      "node_modules/thing is damaged",
      (root) => writeFileSync(join(root, "node_modules/thing/package.json"), '{"vers'),
    ],
    [
      "a program that is gone",
      "node_modules/tool is damaged",
      (root) => rmSync(join(root, "node_modules/tool/bin/tool")),
    ],
    [
      "a lockfile that moved on",
      "node_modules/thing is not 2.1.0",
      (root) => {
        const file = join(root, "package-lock.json");
        writeFileSync(file, readFileSync(file, "utf8").replace("2.0.0", "2.1.0"));
      },
    ],
  ];
for (const [what, says, damage] of DAMAGES) {
  test(`USR-10 set-up installs again after ${what}`, (t) => {
    const root = installed(t);
    damage(root);
    assert.equal(installProblem(root), says);
  });
}

test("USR-10 every command that starts something looks at the install first", () => {
  const { scripts } = JSON.parse(readFileSync(join(REPOSITORY_ROOT, "package.json"), "utf8"));
  assert.match(scripts.setup, /^\(node localstack\/installed\.js \|\| npm ci\) && /);
  for (const name of ["prestart", "pretest", "prelocal:up"]) {
    assert.equal(scripts[name], "npm run setup", name);
  }
});
