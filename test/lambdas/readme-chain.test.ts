import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import { REPOSITORY_ROOT } from "../../localstack/machine/paths.ts";
import { run } from "../../localstack/machine/run.ts";
import { agentAt, type ChainChange, chainOf } from "../support/chain.ts";
import { KEYS } from "../support/keys.ts";
import { ownTemporary } from "../support/local/state.ts";

const README = readFileSync(join(REPOSITORY_ROOT, "lambdas", "README.md"), "utf8");
const [, BLOCK = ""] = /^```js\n(import [\s\S]*?)^```$/m.exec(README) ?? [];

/** Runs a script over files in one process, as its reader would run it for each. */
const DRIVER = `
const [script, known, ...files] = process.argv.slice(2);
const print = console.log;
const found = [];
for (const [at, file] of files.entries()) {
  const lines = [];
  console.log = (...words) => lines.push(words.join(" "));
  process.argv = [process.argv[0], script, file, known];
  const error = await import(script + "?" + at).then(() => undefined, ({ message }) => message);
  found.push({ lines, error });
}
print(JSON.stringify(found));
`;

interface Told {
  readonly lines: readonly string[];
  readonly error?: string;
}

/** What the README's verifier says of chains. */
async function verified(
  t: TestContext,
  changes: readonly ChainChange[],
  known = KEYS.plane.thumbprint,
): Promise<readonly Told[]> {
  const folder = mkdtempSync(join(ownTemporary(), "readme-chain-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const ours = pathToFileURL(join(REPOSITORY_ROOT, "lib", "index.ts")).href;
  const script = write("verify.js", BLOCK.replace("../lib/index.ts", ours));
  const files = changes.map((change, at) =>
    write(`${at}.json`, JSON.stringify({ chain: chainOf(change).chain })),
  );
  const args = [write("driver.mjs", DRIVER), script, known, ...files];
  const ran = await run(process.execPath, args, { cwd: REPOSITORY_ROOT, timeout: 120_000 });
  assert.equal(ran.code, 0, ran.stderr);
  return JSON.parse(ran.stdout);
}

test("POC-02 the README's verifier needs a JOSE library, 25 lines beside its imports, and the plane's thumbprint", async (t) => {
  const lines = BLOCK.split("\n").filter((line) => line !== "" && !line.startsWith("import "));
  assert.equal(lines.length, 25);
  const depths = [0, 1, 2, 8];
  const found = await verified(
    t,
    depths.map((depth) => ({ depth })),
  );
  for (const [at, { lines: told, error }] of found.entries()) {
    assert.equal(error, undefined);
    const agents = told.map((line) => line.split(" ")[1]);
    assert.deepEqual(
      agents,
      Array.from({ length: (depths[at] ?? 0) + 1 }, (_, depth) => agentAt(depth)),
    );
  }
  const [other] = await verified(t, [{}], KEYS.otherPlane.thumbprint);
  assert.equal(other?.error, "never valid: block 0");
});

interface Case {
  readonly change: ChainChange;
  readonly expect: { readonly code: string; readonly offline?: unknown };
}

const CASES = ["signing", "narrowing", "shape"].flatMap((room) => {
  const folder = join(REPOSITORY_ROOT, "test/continuity/cases", room);
  return readdirSync(folder).map((name): readonly [string, Case] => [
    `${room}/${name}`,
    JSON.parse(readFileSync(join(folder, name), "utf8")),
  ]);
});

/** What only strict reading sees, in which no bound and nobody's designation differs; the plane signs none of them. */
const SPELLING = [
  "an-approval-that-is-none",
  "an-id-in-capitals",
  "designating-a-key-without-agent",
  "designating-a-label-twice",
  "designating-labels-and-key",
  "designating-no-labels",
  "designating-nothing",
  "no-approvals-in-a-list",
  "without-jti",
].map((name) => `shape/${name}.json`);

test("POC-02 POC-A5 POC-A11 the README's verifier lets through no chain that was signed, put together or widened wrongly", async (t) => {
  const wrong = CASES.filter(([, { expect }]) => expect.offline !== null);
  const found = await verified(
    t,
    wrong.map(([, { change }]) => change),
  );
  const passed = wrong.filter((_, at) => found[at]?.error === undefined).map(([name]) => name);
  assert.deepEqual(passed.toSorted(), SPELLING);
});
