import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { KmsSigner } from "../../lib/aws/ports/kms-signer.ts";
import { readBlock } from "../../lib/continuity/block.ts";
import { readContract } from "../../lib/contract/contract.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { KEYS } from "../support/keys.ts";
import { MemoryKms } from "../support/memory-kms.ts";
import { peopleDesk } from "./support/people-desk.ts";
import { desk } from "./support/plane-endpoint.ts";

/** The whole way by commands, before a plane that judges. */

const REFUNDS = { jkt: KEYS.refunds.thumbprint, agent: "spiffe://example.org/agent/refunds" };

/** A desk with a contract that may be handed on once, and a draft for somebody else. */
async function ready(t: TestContext) {
  const { plane, vai, file, pass } = await desk(t);
  const write = (name: string, value: unknown): string => {
    writeFileSync(file(name), JSON.stringify(value));
    return file(name);
  };
  const { jwk, thumbprint } = KEYS.anchor;
  const outputs = JSON.parse(readFileSync(file("outputs.json"), "utf8"));
  write("outputs.json", { ...outputs, anchor: thumbprint, anchorKeys: [jwk] });
  const set = {
    "/delegation": { maxDepth: 1 },
    "/authorization_details/0/limits": { calls: 2, totals: { percent: 10 } },
  };
  const { contract, proof } = plane.contract({
    contract: { set },
    decision: {
      set: { "/boundary/authorization_details/0/limits": { calls: 2, totals: { percent: 10 } } },
    },
  });
  const held = write("held.json", { contract, proof });
  const [payload = ""] = String(contract).split(".").slice(1, 2);
  const [step] = JSON.parse(Buffer.from(payload, "base64url").toString()).authorization_details;
  const parameters = { ...step.parameters, percent: { range: { min: 0, max: 5 } } };
  const steps = [{ ...step, parameters, limits: { calls: 1, totals: { percent: 5 } } }];
  const draft = write("draft.json", { designate: REFUNDS, steps });
  const out = file("for-refunds.json");
  return { plane, vai, file, write, held, draft, out, pass };
}

test("POC-06 POC-13 POC-28 POC-36 authority is handed on, used, verified and taken back by commands alone", async (t) => {
  const { vai, file, write, held, draft, out } = await ready(t);
  const handed = await vai(["delegate", held, "--draft", draft, "--out", out]);
  assert.equal(handed.code, 0, handed.out + handed.err);
  const valid = await vai(["chain", "verify", out]);
  assert.equal(valid.code, 0, valid.out + valid.err);
  assert.match(valid.out, /^its last block is the one to act, unless its contract has ended/m);
  assert.match(valid.out, /^next +npx --no -- vai trace [-0-9a-f]{36}$/m);

  const late = await vai(["issue", held, "--set", "percent=5"]);
  assert.match(late.out, /^refused +HEAD_SUPERSEDED at state$/m);
  const again = await vai(["delegate", held, "--draft", draft, "--out", file("again.json")]);
  assert.deepEqual([again.code, /HEAD_SUPERSEDED/.test(again.out)], [1, true]);

  const refunds = write("refunds.json", KEYS.refunds.privateKey.export({ format: "jwk" }));
  const wider = await vai(["issue", out, "--set", "percent=9", "--key", refunds]);
  assert.match(wider.out, /^refused +PARAMETER_OUT_OF_BOUNDS at scope$/m);
  const thief = await vai(["issue", out, "--set", "percent=5"]);
  assert.match(thief.out, /^refused +EXECUTOR_MISMATCH at executor$/m);

  const back = await vai(["withdraw", held, "--block", out]);
  assert.equal(back.code, 0, back.out + back.err);
  assert.match(back.out, /^ended +1 block, now/m);
  const over = await vai(["chain", "verify", out, "--json"]);
  assert.equal(over.code, 3, over.out + over.err);
  const { verdict, validAtTime, since, isHead } = JSON.parse(over.out);
  assert.deepEqual([verdict, validAtTime, isHead], ["validThen", true, false]);
  assert.deepEqual(
    since.map(({ what, depth }: { what: string; depth: number }) => [what, depth]),
    [["ended", 1]],
  );
  const ended = await vai(["issue", out, "--set", "percent=5", "--key", refunds]);
  assert.notEqual(ended.code, 0);
});

test("POC-38 one command leads from each record of a use to its blocks, their requests, the root, the contract and the decision", async (t) => {
  const { vai, write, held, draft, out } = await ready(t);
  const handed = await vai(["delegate", held, "--draft", draft, "--out", out, "--json"]);
  assert.equal(handed.code, 0, handed.err);
  const { chain, block } = JSON.parse(handed.out);
  const refunds = write("refunds.json", KEYS.refunds.privateKey.export({ format: "jwk" }));
  const used = await vai(["issue", out, "--set", "percent=5", "--key", refunds, "--json"]);
  const { evidence, identity } = JSON.parse(used.out);
  const anchor = ["--anchor-key", write("anchor.json", KEYS.anchor.jwk)];

  const tree = await vai(["trace", evidence.chainId, ...anchor, "--json"]);
  assert.equal(tree.code, 0, tree.err);
  const { events, contract, decision } = JSON.parse(tree.out);
  const mine = events.filter(({ seq }: { seq: number }) => seq >= evidence.firstSeq);
  assert.equal(mine.length, evidence.lastSeq - evidence.firstSeq + 1);
  const granted = events.find(({ type }: { type: string }) => type === "DelegationGranted");
  const under = [granted.detail.root, granted.detail.block];
  assert.deepEqual(under, chain);
  const blocks = under.map((each) => readBlock(each, ""));
  for (const { continuity, type } of mine) {
    assert.equal(continuity.depth, 1, type);
    assert.deepEqual(
      continuity.blocks,
      blocks.map((each) => !isRefusal(each) && each.digest),
    );
  }
  const [, last] = blocks;
  assert.ok(last !== undefined && !isRefusal(last) && last.request !== undefined);
  assert.equal(contract.detail.contract, JSON.parse(readFileSync(held, "utf8")).contract);
  assert.ok(typeof decision.detail.decision === "string");

  const text = (await vai(["trace", evidence.chainId, ...anchor])).out;
  assert.match(text, new RegExp(`DelegationGranted .*; block ${block.digest}$`, "m"));
  assert.match(text, new RegExp(`IdentityIssued .*, under block 1 ${block.digest}$`, "m"));
  const said = await vai(["identity", identity.identityId, ...anchor, "--json"]);
  assert.equal(
    JSON.parse(said.out).reason.at(-1),
    `spiffe://example.org/agent/coordinator handed it on to ${REFUNDS.agent} with key ${REFUNDS.jkt}: block 1 ${block.digest}`,
  );
});

test("POC-02 POC-37 by an export that hangs on no anchor of the reader's a chain is consistent, and said to be no more", async (t) => {
  const { vai, file, held, draft, out } = await ready(t);
  assert.equal((await vai(["delegate", held, "--draft", draft, "--out", out])).code, 0);
  assert.equal((await vai(["export", file("export")])).code, 0);
  const { thumbprint } = KEYS.anchor;
  for (const [anchor, code, trusted] of [
    [[], 3, false],
    [["--anchor", thumbprint], 0, true],
  ] as const) {
    const args = ["chain", "verify", out, "--from", file("export"), ...anchor];
    const text = await vai(args);
    const why = "not trusted: no anchor was given, so this is consistency alone";
    assert.deepEqual([text.code, text.out.includes(why)], [code, !trusted], text.out);
    assert.match(text.out, /^valid: /);
    assert.ok(text.out.endsWith(["", "--from", file("export"), ...anchor].join(" ")), text.out);
    const json = await vai([...args, "--json"]);
    const told = JSON.parse(json.out);
    assert.deepEqual([json.code, told.verdict, told.trusted], [code, "valid", trusted]);
  }
});

test("POC-28 of a block that was handed on with nothing kept nobody is told that somebody acts by it", async (t) => {
  const { vai, held, draft, out, file } = await ready(t);
  assert.equal((await vai(["delegate", held, "--draft", draft, "--out", out])).code, 0);
  const { contract, chain } = JSON.parse(readFileSync(out, "utf8"));
  writeFileSync(file("root.json"), JSON.stringify({ contract, chain: chain.slice(0, 1) }));
  for (const isEnded of [false, true]) {
    if (isEnded) assert.equal((await vai(["withdraw", held, "--block", out])).code, 0);
    const { code, out: said } = await vai(["chain", "verify", file("root.json")]);
    assert.equal(code, 0);
    assert.match(
      said,
      /^it was handed on since, and nothing was kept: its last block acts no more$/m,
    );
    assert.doesNotMatch(said, /acts now|one to act/);
  }
});

test("POC-36 POC-37 of a chain whose plane key is revoked it is told that it was valid then, by table and by export", async (t) => {
  const { plane, vai, file, write, held, draft, out, pass } = await ready(t);
  assert.equal((await vai(["delegate", held, "--draft", draft, "--out", out])).code, 0);
  pass(1000);
  for (const name of ["operator", "otherOperator"] as const) {
    write(`${name}.json`, KEYS[name].privateKey.export({ format: "jwk" }));
  }
  const own = ["--as", "olga", "--reason", "stolen", "--key", file("operator.json")];
  const jkt = await plane.deps.planeSigner.keyid();
  const order = file("order.json");
  assert.equal((await vai(["revoke", "plane-key", ...own, "--out", order, "--", jkt])).code, 0);
  const sent = await vai(["order", "send", order, "--key", file("otherOperator.json")]);
  assert.equal(sent.code, 0, sent.out);
  assert.equal((await vai(["export", file("export")])).code, 0);
  const anchored = ["--from", file("export"), "--anchor", KEYS.anchor.thumbprint];
  for (const where of [[], anchored]) {
    const { code, out: said, err } = await vai(["chain", "verify", out, ...where, "--json"]);
    assert.equal(code, 3, said + err);
    const { verdict, validAtTime, rootRevokedSince } = JSON.parse(said);
    assert.deepEqual([verdict, validAtTime], ["validThen", true]);
    assert.ok(Date.parse(rootRevokedSince) > 0);
  }
  // Whoever knows the thumbprint alone cannot know it.
  assert.equal((await vai(["chain", "verify", out, "--thumbprint", jkt])).code, 0);
});

test("POC-36 POC-02 by evidence a chain is judged under the last trust policy, where that is whole and hangs on an anchor", async (t) => {
  const { plane, vai, file, held, draft, out } = await ready(t);
  const next = new MemoryKms(plane.faults, "planeSigner");
  const key = { key: next.jwk, use: "plane", notBefore: "$seconds-1" };
  await plane.publish({ set: { "/planeKeys/-": key } });
  plane.deps = { ...plane.deps, planeSigner: new KmsSigner(next.client(), "next-plane-key") };
  assert.equal((await vai(["delegate", held, "--draft", draft, "--out", out])).code, 0);
  assert.equal((await vai(["export", file("export")])).code, 0);
  const verify = (...where: string[]) => vai(["chain", "verify", out, ...where]);
  const from = ["--from", file("export")];
  const anchored = [...from, "--anchor", KEYS.anchor.thumbprint];
  for (const where of [[], anchored]) {
    const { code, out: said, err } = await verify(...where);
    assert.equal(code, 0, said + err);
  }
  const loose = await verify(...from);
  assert.equal(loose.code, 3, loose.out + loose.err);
  const records = readFileSync(file("export/records.jsonl"), "utf8");
  writeFileSync(file("export/records.jsonl"), records.replace('"ALLOW"', '"DENY"'));
  const torn = await verify(...anchored);
  assert.equal(torn.code, 1, torn.out + torn.err);
  assert.match(torn.err, /the evidence is not whole, so nothing is told by it/);
});

test("POC-34 POC-35 what a person approved is handed on, and without it nothing is", async (t) => {
  const found = await peopleDesk(t, { contract: { set: { "/delegation": { maxDepth: 1 } } } });
  const { vai, held, write, file, as } = found;
  await vai(["register", held]);
  await found.attestAll();
  assert.equal((await vai(["approve", held, ...as("ada")])).code, 0);
  const read = readContract(found.governed.contract);
  assert.ok(!isRefusal(read));
  const draft = write("draft.json", {
    designate: REFUNDS,
    steps: read.claims.authorization_details,
  });
  const [asked, yes, out] = [file("asked.json"), file("yes.json"), file("out.json")];
  const missing = await vai(["delegate", held, "--draft", draft, "--out", out]);
  assert.match(missing.out, /^refused +HUMAN_SIGNATURE_MISSING at proof$/m);
  assert.match(missing.out, /^do +people approve each block of this class: .* --ask FILE$/m);
  assert.equal((await vai(["delegate", held, "--draft", draft, "--ask", asked])).code, 0);
  const approved = await vai(["approve", asked, ...as("ada"), "--out", yes]);
  assert.equal(approved.code, 0, approved.out + approved.err);
  const handed = await vai(["delegate", asked, "--approval", yes, "--out", out]);
  assert.equal(handed.code, 0, handed.out + handed.err);
  assert.equal((await vai(["chain", "verify", out])).code, 0);
});
