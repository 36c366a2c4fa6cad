import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import { runCli } from "../../lib/cli/program.ts";
import type { GrantedAnswer } from "../../lib/enforcement/answer.ts";
import type { DelegatedAnswer } from "../../lib/enforcement/delegate.ts";
import { REFUSAL_CODES, STAGES } from "../../lib/refusal.ts";
import { withoutAws } from "../../localstack/machine/environment.ts";
import { REPOSITORY_ROOT } from "../../localstack/machine/paths.ts";
import { run } from "../../localstack/machine/run.ts";
import { assertGrantedShape } from "../support/local/answer.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { ownTemporary } from "../support/local/state.ts";
import { readItem, resetRouting, routing, seedItem } from "../support/local/targets.ts";

const README = readFileSync(join(REPOSITORY_ROOT, "lambdas", "README.md"), "utf8");

/** The fenced blocks of one language, in order. */
const blocks = (language: string): string[] =>
  [...README.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))].map(
    ([, code = ""]) => code,
  );

const imports = (code: string): string[] =>
  [...code.matchAll(/\bfrom "([^"]+)"|\bimport\(?\s*"([^"]+)"|\brequire\("([^"]+)"/g)].map(
    ([, from, dynamic, required]) => from ?? dynamic ?? required ?? "",
  );

const OURS = "../lib/index.ts";

/** A block lies in `play/` in its reader's hands; here it does not. */
const withOurLibrary = (code: string): string =>
  code.replace(OURS, pathToFileURL(join(REPOSITORY_ROOT, "lib", "index.ts")).href);

const SHIFTED = { main: "1", extra: { "2": 0.1 } };

/** A folder inside the repository, so that its packages are found; gone after the test. */
function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(ownTemporary(), "readme-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** One of the README's own drafts, signed by the command that the README names. */
async function signedContract(plane: LocalPlane, folder: string, text: string): Promise<string> {
  const [draft, held] = [join(folder, "draft.json"), join(folder, "contract.json")];
  writeFileSync(draft, text);
  const said: string[] = [];
  const take = (text: string) => void said.push(text);
  const code = await runCli(["contract", "sign", draft, "--out", held], {
    ...{ out: take, err: take, isTerminal: false },
    environment: { VAI_OUTPUTS: plane.outputsFile },
  });
  assert.equal(code, 0, said.join("\n"));
  return held;
}

const [SHIFT = ""] = blocks("json");
const DIRECT = blocks("json").find((text) => text.includes('"unbounded"')) ?? "";

/** Runs a block as its reader would; the child has no AWS settings but what the block reads. */
async function told(folder: string, code: string, args: readonly string[]): Promise<unknown> {
  const agent = join(folder, "agent.ts");
  writeFileSync(agent, withOurLibrary(code));
  const result = await run(process.execPath, [agent, ...args], {
    cwd: REPOSITORY_ROOT,
    env: withoutAws(process.env),
    timeout: 60_000,
  });
  assert.equal(result.code, 0, `${result.stdout}\n${result.stderr}`);
  return JSON.parse(result.stdout);
}

async function answerOf(t: TestContext, code: string, draft = SHIFT): Promise<GrantedAnswer> {
  const plane = await localPlane();
  await resetRouting(plane);
  const folder = folderFor(t);
  const contract = await signedContract(plane, folder, draft);
  return (await told(folder, code, [plane.outputsFile, contract])) as GrantedAnswer;
}

test("USR-11 the README's agent of a JOSE library and an AWS SDK is granted its request", async (t) => {
  const [bare = ""] = blocks("ts");
  assert.deepEqual(imports(bare).sort(), [
    ...["@aws-sdk/client-lambda", "jose", "node:crypto", "node:fs"],
  ]);
  const answer = await answerOf(t, bare);
  assertGrantedShape(answer);
  assert.deepEqual(answer.outcome, {
    ...{ status: "succeeded", readBack: { matches: true } },
    obligations: [{ name: "alias-routing", met: true }],
  });
  assert.deepEqual(await routing(await localPlane()), SHIFTED);
});

test("USR-11 the README's agent that uses our library is granted its request", async (t) => {
  const code = blocks("ts")[1] ?? "";
  assert.ok(imports(code).includes(OURS));
  assertGrantedShape(await answerOf(t, code));
  assert.deepEqual(await routing(await localPlane()), SHIFTED);
});

test("USR-11 the README's agent asks for a handle and redeems it", async (t) => {
  const answer = await answerOf(t, blocks("ts")[2] ?? "");
  assertGrantedShape(answer);
  assert.equal(answer.outcome?.status, "succeeded");
  assert.deepEqual(await routing(await localPlane()), SHIFTED);
});

test("VAI-44 the README's agent gets credentials, opens them, and works with an unmodified client", async (t) => {
  const plane = await localPlane();
  await seedItem(plane, "checkout");
  const answer = await answerOf(t, blocks("ts")[3] ?? "", DIRECT);
  assert.equal(answer.credentials, "opened");
  assert.deepEqual([answer.guarantee.heldBy, answer.outcome], ["caller", undefined]);
  assert.equal((await readItem(plane, "checkout"))?.["weight"], 10);
});

test("POC-06 USR-11 the README's two drafts and its agent hand refunds on by our library, and the new executor does one", async (t) => {
  const plane = await localPlane();
  const folder = folderFor(t);
  const draftWith = (text: string) => blocks("json").find((each) => each.includes(text)) ?? "";
  const contract = await signedContract(plane, folder, draftWith('"maxDepth"'));
  const [draft, given] = [join(folder, "handed-on.json"), join(folder, "for-refunds.json")];
  writeFileSync(draft, draftWith('"designate"'));
  const code = blocks("ts").find((each) => each.includes("planeClient(")) ?? "";
  const args = [plane.outputsFile, contract, draft, given];
  const answer = (await told(folder, code, args)) as DelegatedAnswer;
  const [delegate = ""] = plane.outputs.names.delegates;
  assert.deepEqual([answer.block.depth, answer.block.agent], [1, delegate]);
  const { chain } = JSON.parse(readFileSync(given, "utf8"));
  assert.deepEqual(chain, answer.chain);

  const said: string[] = [];
  const take = (text: string) => void said.push(text);
  const [key = ""] = plane.outputs.keys.delegates;
  const token = `ref-${basename(folder)}`;
  const set = ["--set", "payload/amount=80", "--set", `payload/clientToken=${token}`];
  const exit = await runCli(["issue", given, "--key", key, ...set], {
    ...{ out: take, err: take, isTerminal: false },
    environment: { VAI_OUTPUTS: plane.outputsFile },
  });
  assert.equal(exit, 0, said.join("\n"));
});

test("USR-11 the README has every code once, every stage, and no code that there is not", () => {
  const table = README.slice(README.indexOf("## Codes"));
  const named = [...table.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, code = ""]) => code);
  assert.deepEqual([...new Set(named)].sort(), [...REFUSAL_CODES].sort());
  assert.equal(named.length, REFUSAL_CODES.length, "a code stands there twice");
  const order = STAGES.map((stage) => table.indexOf(`\`${stage}\``));
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
  assert.ok(order.every((at) => at >= 0));
});
