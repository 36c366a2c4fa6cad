import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { KmsSigner } from "../../lib/aws/ports/kms-signer.ts";
import { readBlock } from "../../lib/continuity/block.ts";
import { blockLength } from "../../lib/continuity/size.ts";
import { verifyChain } from "../../lib/continuity/verify.ts";
import { readContract } from "../../lib/contract/contract.ts";
import { documentDigest } from "../../lib/encoding/canonical-json.ts";
import { jwkThumbprint } from "../../lib/encoding/jwk.ts";
import { appendToIntent, ready } from "../../lib/enforcement/barriers/append.ts";
import { isFailure, Judgement } from "../../lib/enforcement/judgement.ts";
import { readIntent } from "../../lib/enforcement/read/intent.ts";
import { readTrust } from "../../lib/enforcement/read/registry.ts";
import { type Delegating, HANDING_ON } from "../../lib/enforcement/stages/delegation.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { readDelegateRequest } from "../../lib/request/request.ts";
import {
  agentOf,
  DELEGABLE,
  delegated,
  digestOf,
  handOn,
  handOnEvent,
  rotatePlaneKey,
  treeOf,
  withdrawEvent,
  withdrawn,
} from "../support/delegating.ts";
import { playDelegateAttack } from "../support/delegating-play.ts";
import { CREDENTIALS } from "../support/deliveries.ts";
import { OPEN } from "../support/faults.ts";
import type { Governed } from "../support/governed.ts";
import { KEYS } from "../support/keys.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { MemoryKms } from "../support/memory-kms.ts";
import { attestation } from "../support/people.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";
import { rolling } from "../support/rollback.ts";
import { SHIFT_STEP } from "../support/shift-step.ts";
import { PLANE } from "../support/trust.ts";

async function begun(): Promise<{ readonly plane: Plane; readonly governed: Governed }> {
  const plane = await newPlane();
  return { plane, governed: plane.contract(DELEGABLE) };
}

const KEEPING = { request: { set: { "/retain": true } } };
const BOUND = ["IntentSubmitted", "ContextEvaluated", "PolicyEvaluated", "ContractBound"];
const GRANTED = ["DelegationRequested", "DelegationGranted"];

/** Whom a chain names, by the thumbprint of the plane's key alone. */
function verified(plane: Plane, chain: readonly string[]) {
  const thumbprints = plane.policy.planeKeys.map(({ key }) => jwkThumbprint(key));
  const at = Math.floor(plane.world.now / 1000);
  const { ok, blocks, problems } = verifyChain(chain, { thumbprints, at });
  assert.deepEqual([ok, problems], [true, []]);
  return blocks;
}

suite("delegate: authority that is handed on", () => {
  test("POC-08 POC-09 the first delegation binds the contract and signs a root; its chain verifies offline", async () => {
    const { plane, governed } = await begun();
    const { chain, block, evidence } = await handOn(plane, governed);
    const [root, first] = verified(plane, chain);
    assert.deepEqual([root?.jkt, first?.jkt], [KEYS.agent.thumbprint, KEYS.refunds.thumbprint]);
    assert.deepEqual(plane.types(governed.chainId), [...BOUND, ...GRANTED]);
    assert.deepEqual(block, {
      ...{ digest: digestOf(chain[1]), depth: 1, jkt: KEYS.refunds.thumbprint },
      ...{ agent: agentOf("refunds"), audience: PLANE, retain: false },
      expiresAt: new Date((first?.exp ?? 0) * 1000).toISOString(),
    });
    const { seq, hash } = plane.state(governed.chainId).head;
    assert.deepEqual(evidence, {
      ...{ chainId: governed.chainId, firstSeq: 1, lastSeq: seq, head: hash },
    });
  });

  test("POC-10 a second hop continues the block: it needs no proof, no contract text, and names the chain in its records", async () => {
    const { plane, governed } = await begun();
    const { chain } = await handOn(plane, governed);
    const event = {
      set: { "/contractDigest": governed.contractDigest },
      remove: ["/contract", "/proof"],
    };
    const second = await handOn(plane, governed, { chain, to: "ledger", event });
    assert.deepEqual(
      verified(plane, second.chain).map(({ jkt }) => jkt),
      ["agent", "refunds", "ledger"].map((name) => KEYS[name as "agent"].thumbprint),
    );
    assert.equal(second.block.depth, 2);
    const records = plane.records(governed.chainId).slice(-2);
    assert.deepEqual(
      records.map(({ event: { type } }) => type),
      GRANTED,
    );
    for (const { continuity, actor } of records) {
      assert.deepEqual(continuity, { depth: 1, blocks: chain.map(digestOf) });
      assert.deepEqual(actor, {
        ...{ id: agentOf("refunds"), kind: "agent", jkt: KEYS.refunds.thumbprint },
      });
    }
  });

  test("POC-20 POC-A13 what was handed on is handed on no more, from block or contract; a branch that was kept stays", async () => {
    const { plane, governed } = await begun();
    const kept = await handOn(plane, governed, KEEPING);
    const { chain } = await handOn(plane, governed, { to: "ledger" });
    assert.equal(treeOf(plane, governed).blocks.size, 2);
    const again = refused(await plane.delegate(handOnEvent(plane, governed, { to: "otherAgent" })));
    assert.deepEqual(
      [again.code, again.stage, again.pointer],
      ["HEAD_SUPERSEDED", "state", "/contract"],
    );
    assert.deepEqual(again.unlock, [{ kind: "contract" }]);
    const byRoot = { chain: [chain[0]], by: "agent", to: "otherAgent" } as const;
    const rooted = refused(await plane.delegate(handOnEvent(plane, governed, byRoot)));
    assert.deepEqual([rooted.code, rooted.pointer], ["HEAD_SUPERSEDED", "/chain/0"]);
    // Whose it is now: whoever has handed on and forgot it asks there.
    assert.match(rooted.detail, /^was handed on: spiffe:\S+ with key \S{43} has it now$/);
    await handOn(plane, governed, { chain: kept.chain, to: "otherAgent" });
    // Which of them was kept beside, the chain itself says.
    const [beside, handed] = [kept.chain, chain].map((each) => verified(plane, each).at(-1));
    assert.deepEqual([beside?.retain, handed?.retain], [true, false]);
  });

  test("POC-A3 POC-A10 asked again it is the same block, before and after the head has moved on", async () => {
    const { plane, governed } = await begun();
    const event = handOnEvent(plane, governed);
    const first = delegated(await plane.delegate(event));
    const again = delegated(await plane.delegate(event));
    assert.deepEqual(again, { ...first, deduplicated: true });
    await handOn(plane, governed, { chain: first.chain, to: "ledger" });
    assert.deepEqual(delegated(await plane.delegate(event)), { ...first, deduplicated: true });
    assert.deepEqual(plane.types(governed.chainId), [
      ...[...BOUND, ...GRANTED, "RetryDeduplicated"],
      ...GRANTED,
    ]);
    assert.equal(treeOf(plane, governed).blocks.size, 2);
  });

  test("POC-A3 with another content under its jti or its key it is refused, and signs nothing", async () => {
    const { plane, governed } = await begun();
    await handOn(plane, governed, {
      ...KEEPING,
      request: { set: { "/jti": "one", "/idempotencyKey": "k", "/retain": true } },
    });
    const other = { "/jti": "one", "/idempotencyKey": "k2" };
    const nonce = refused(
      await plane.delegate(handOnEvent(plane, governed, { request: { set: other } })),
    );
    assert.deepEqual([nonce.code, nonce.stage], ["NONCE_REPLAYED", "retry"]);
    const key = { "/jti": "two", "/idempotencyKey": "k" };
    const conflict = refused(
      await plane.delegate(handOnEvent(plane, governed, { request: { set: key } })),
    );
    assert.equal(conflict.code, "IDEMPOTENCY_CONFLICT");
    assert.equal(treeOf(plane, governed).blocks.size, 1);
  });

  test("POC-A3 what one executor has named is free for another", async () => {
    const { plane, governed } = await begun();
    const named = { "/jti": "one", "/idempotencyKey": "k" };
    const own = { request: { set: { ...named, "/retain": true } } };
    const { chain } = await handOn(plane, governed, own);
    await handOn(plane, governed, { chain, to: "ledger", request: { set: named } });
    const [block] = treeOf(plane, governed).blocks.keys();
    const ended = { block: block ?? governed.contractDigest, request: { set: named } };
    withdrawn(await plane.delegate(withdrawEvent(plane, governed, ended)));
  });

  test("POC-A10 a lost answer is asked for again, and nothing is signed or handed on twice", async () => {
    const { plane, governed } = await begun();
    const event = handOnEvent(plane, governed);
    plane.faults.plan({ at: "evidence:write", to: 1, how: "timeout", applied: true });
    const first = await plane.delegate(event);
    plane.faults.clear();
    const again = delegated(await plane.delegate(event));
    assert.equal(treeOf(plane, governed).blocks.size, 1);
    assert.ok(!first.ok || delegated(first).block.digest === again.block.digest);
  });

  test("POC-20 thirty times the same at once is one block; two hand-overs at once are one", async () => {
    const { plane, governed } = await begun();
    const event = handOnEvent(plane, governed);
    const same = await Promise.all(
      Array.from({ length: 30 }, () => plane.delegate(event, plane.process())),
    );
    assert.equal(new Set(same.map((each) => delegated(each).block.digest)).size, 1);
    assert.equal(treeOf(plane, governed).blocks.size, 1);
    const { chain } = delegated(same[0] ?? (await plane.delegate(event)));
    const both = await Promise.all(
      (["ledger", "otherAgent"] as const).map((to) =>
        plane.delegate(handOnEvent(plane, governed, { chain, to }), plane.process()),
      ),
    );
    const [won, lost] = both[0]?.ok ? both : [...both].reverse();
    assert.ok(won?.ok);
    assert.equal(refused(lost as never).code, "HEAD_SUPERSEDED");
    assert.equal(treeOf(plane, governed).blocks.size, 2);
  });

  test("POC-08 two branches that begin at once have one root", async () => {
    const { plane, governed } = await begun();
    const both = await Promise.all(
      (["ledger", "refunds"] as const).map((to) =>
        plane.delegate(handOnEvent(plane, governed, { ...KEEPING, to }), plane.process()),
      ),
    );
    const roots = new Set(both.map((each) => delegated(each).chain[0]));
    assert.equal(roots.size, 1);
    const { roots: recorded, blocks } = treeOf(plane, governed);
    assert.deepEqual([recorded.size, blocks.size], [1, 2]);
  });

  test("POC-28 whoever stands above ends a block and all below, leaves siblings, and may have handed on", async () => {
    const { plane, governed } = await begun();
    const kept = await handOn(plane, governed, KEEPING);
    const { chain } = await handOn(plane, governed, { to: "ledger" });
    const under = await handOn(plane, governed, { chain, to: "otherAgent" });
    const block = digestOf(chain[1]);
    const event = withdrawEvent(plane, governed, { block });
    const answer = withdrawn(await plane.delegate(event));
    assert.deepEqual(answer.ended, [block, under.block.digest]);
    assert.deepEqual(plane.types(governed.chainId).at(-1), "DelegationRevoked");
    const { blocks } = treeOf(plane, governed);
    assert.equal(blocks.get(kept.block.digest)?.ended, undefined);
    assert.deepEqual(withdrawn(await plane.delegate(event)), { ...answer, deduplicated: true });
    const other = withdrawEvent(plane, governed, { block });
    assert.deepEqual(withdrawn(await plane.delegate(other)).ended, answer.ended);
    const late = refused(
      await plane.delegate(handOnEvent(plane, governed, { chain: under.chain, to: "stranger" })),
    );
    assert.deepEqual([late.code, late.pointer], ["CHAIN_BLOCK_REVOKED", "/chain/1"]);
  });

  test("POC-28 VAI-64 a withdrawal that is asked for again and again fills no chain, whatever ended the block", async () => {
    const { plane, governed } = await begun();
    const [own, ordered] = [
      await handOn(plane, governed, KEEPING),
      await handOn(plane, governed, { ...KEEPING, to: "ledger" }),
    ];
    const under = await handOn(plane, governed, { chain: own.chain, to: "otherAgent" });
    await plane.delegate(withdrawEvent(plane, governed, { block: own.block.digest }));
    const { contractDigest } = governed;
    const order = { do: "revokeDelegation", contractDigest, block: ordered.block.digest, jti: "d" };
    await plane.revoke({ command: plane.command(order) });
    for (const { block } of [own, under, ordered]) {
      const { length } = plane.rows(governed.chainId);
      for (let times = 0; times < 4; times++) {
        const event = withdrawEvent(plane, governed, { block: block.digest });
        assert.equal(withdrawn(await plane.delegate(event)).deduplicated, true);
      }
      assert.deepEqual(plane.types(governed.chainId).slice(length), ["RetryDeduplicated"]);
    }
    // The others are counted.
    const counted = (digest: string): unknown =>
      plane.dynamo.table(TABLES.state).get(`refusals#retries/${digest}|counter`)?.["unwritten"];
    assert.deepEqual(
      [own, under, ordered].map(({ block }) => counted(block.digest)),
      [3, 3, 3],
    );
  });

  test("POC-13 VAI-03 an end by whoever holds a block names their chain and them, not the contract's actor", async () => {
    const { plane, governed } = await begun();
    const { chain } = await handOn(plane, governed);
    const { block } = await handOn(plane, governed, { chain, to: "ledger" });
    withdrawn(await plane.delegate(withdrawEvent(plane, governed, { chain, block: block.digest })));
    const ended = plane.records(governed.chainId).at(-1);
    assert.equal(ended?.event.type, "DelegationRevoked");
    assert.deepEqual(ended?.continuity, { depth: 1, blocks: chain.map(digestOf) });
    assert.equal(ended?.actor?.jkt, KEYS.refunds.thumbprint);
  });

  test("VAI-03 of what is not verified neither request nor contract stands in evidence", async () => {
    const { plane, governed } = await begun();
    const event = handOnEvent(plane, governed) as Readonly<Record<string, string>>;
    const cut = (text = "") => `${text.slice(0, -2)}${text.endsWith("AA") ? "BA" : "AA"}`;
    for (const [member, known] of [
      ["request", []],
      ["contract", ["request"]],
    ] as const) {
      const answer = refused(await plane.delegate({ ...event, [member]: cut(event[member]) }));
      const [asked] = plane.records(answer.evidence?.chainId ?? "").slice(-2);
      assert.equal(asked?.event.type, "DelegationRequested");
      const members = Object.keys(asked?.detail ?? {});
      assert.deepEqual(
        members.filter((name) => name === "request" || name === "contract"),
        known,
      );
    }
  });

  test("VAI-39 whoever does not own the intent is refused off its chain", async () => {
    const plane = await newPlane();
    const governed = plane.contract(DELEGABLE);
    const set = { ...DELEGABLE.contract?.set, "/iss": "other.example" };
    const other = { contract: { signedBy: "otherIssuer" as const, set } };
    const own = plane.contract(other, governed);
    await handOn(plane, governed);
    const before = plane.types(governed.chainId);
    const answer = refused(await plane.delegate(handOnEvent(plane, own)));
    assert.deepEqual(
      [answer.code, answer.stage, answer.pointer],
      ["CONTRACT_MISMATCH", "proof", "/contract/intent"],
    );
    assert.deepEqual(plane.types(governed.chainId), before);
  });

  test("POC-28 an identity under a block that was ended is revoked, one beside it is not", async () => {
    const { plane, governed } = await begun();
    const kept = await handOn(plane, governed, KEEPING);
    const handle = {
      request: {
        signedBy: "refunds" as const,
        set: {
          "/delivery": "handle",
          "/chainDigest": kept.block.digest,
          "/operation/parameters/percent": 1,
        },
      },
      event: { set: { "/chain": kept.chain } },
    };
    const issued = await plane.grant(handle, governed);
    const own = { request: { set: { "/delivery": "handle", "/operation/parameters/percent": 1 } } };
    const beside = await plane.grant(own, governed);
    const answer = withdrawn(
      await plane.delegate(withdrawEvent(plane, governed, { block: kept.block.digest })),
    );
    assert.equal(answer.evidence.lastSeq - answer.evidence.firstSeq, 1);
    const { identities } = plane.state(governed.chainId);
    assert.equal(identities.get(issued.identity.identityId)?.end?.trigger, "withdrawn");
    assert.equal(identities.get(beside.identity.identityId)?.end, undefined);
  });

  test("POC-28 credentials that were delivered under a block are denied at IAM once it is withdrawn", async () => {
    const plane = await newPlane();
    const governed = plane.contract({
      ...CREDENTIALS,
      contract: { set: { ...CREDENTIALS.contract?.set, "/delegation": { maxDepth: 1 } } },
    });
    const { chain, block } = await handOn(plane, governed);
    const set = { ...CREDENTIALS.request?.set, "/chainDigest": block.digest };
    const mutation = {
      ...CREDENTIALS,
      request: { ...CREDENTIALS.request, signedBy: "refunds" as const, set },
      event: { set: { "/chain": chain } },
    };
    await plane.grant(mutation, governed);
    withdrawn(await plane.delegate(withdrawEvent(plane, governed, { block: block.digest })));
    await plane.sweep();
    const points = plane
      .records(governed.chainId)
      .filter(({ event }) => event.type === "RevocationAcknowledged")
      .map(({ detail }) => detail["point"]);
    assert.deepEqual(points, ["iam"]);
  });

  test("POC-20 the root is signed again when its key is revoked, and what hangs on the old one is of the same place", async () => {
    const { plane, governed } = await begun();
    const kept = await handOn(plane, governed, KEEPING);
    const next = await rotatePlaneKey(plane);
    const fresh = await handOn(plane, governed, { ...KEEPING, to: "ledger" });
    assert.notEqual(fresh.chain[0], kept.chain[0]);
    const { blocks, roots } = treeOf(plane, governed);
    assert.equal(blocks.get(fresh.block.digest)?.kid, next);
    assert.deepEqual(
      [...roots.values()].map(({ kid }) => kid === next),
      [false, true],
    );
    const old = refused(
      await plane.delegate(handOnEvent(plane, governed, { chain: kept.chain, to: "stranger" })),
    );
    assert.deepEqual([old.code, old.pointer], ["CHAIN_ROOT_REVOKED", "/chain/0"]);
  });

  test("ADV-64 a key that State has under another name is designated under none, by key or by criterion", async () => {
    const other = "spiffe://example.org/agent/first";
    const plane = await newPlane({
      policy: {
        set: { "/agents": [{ name: "a", labels: ["x"], jkt: KEYS.otherAgent.thumbprint }] },
      },
    });
    const own = { set: { "/cnf/jkt": KEYS.otherAgent.thumbprint, "/actor/id": other } };
    const intent = { set: { "/actor": other } };
    const decision = { set: { "/boundary/actorId": other } };
    const first = plane.contract({ contract: own, intent, decision });
    await plane.grant({ request: { signedBy: "otherAgent" } }, first);
    for (const designate of [{ jkt: KEYS.otherAgent.thumbprint, agent: "a" }, { labels: ["x"] }]) {
      const request = { set: { "/designate": designate } };
      const event = handOnEvent(plane, plane.contract(DELEGABLE), { request });
      const answer = refused(await plane.delegate(event));
      assert.deepEqual([answer.code, answer.stage], ["ACTOR_MISMATCH", "proof"]);
    }
  });

  test("ADV-64 POC-20 a key that took another name after it was designated neither acts nor hands on, and it is said which block names it", async () => {
    const { plane, governed } = await begun();
    const { chain } = await handOn(plane, governed);
    const other = "spiffe://example.org/agent/first";
    const own = plane.contract({
      contract: { set: { "/cnf/jkt": KEYS.refunds.thumbprint, "/actor/id": other } },
      intent: { set: { "/actor": other } },
      decision: { set: { "/boundary/actorId": other } },
    });
    await plane.grant({ request: { signedBy: "refunds" } }, own);
    const set = { "/chainDigest": digestOf(chain.at(-1)), "/operation/parameters/percent": 1 };
    const use = {
      request: { signedBy: "refunds" as const, set },
      event: { set: { "/chain": chain } },
    };
    for (const answer of [
      await plane.ask(use, governed),
      await plane.delegate(handOnEvent(plane, governed, { chain, to: "ledger" })),
    ].map(refused)) {
      assert.deepEqual(
        [answer.code, answer.stage, answer.pointer],
        ["ACTOR_MISMATCH", "proof", "/chain/1/agent"],
      );
    }
    assert.equal(treeOf(plane, governed).blocks.size, 1);
  });

  test("VAI-03 a fault while a block is signed is on the intent's chain, with who had asked", async () => {
    const { plane, governed } = await begun();
    plane.faults.plan({ at: "planeSigner:sign" });
    const answer = refused(await plane.delegate(handOnEvent(plane, governed)));
    plane.faults.clear();
    assert.equal(answer.retryable, true);
    const [asked, rejected] = plane.records(governed.chainId).slice(-2);
    assert.deepEqual(
      [asked?.event.type, asked?.detail["executor"], rejected?.event.type],
      ["DelegationRequested", KEYS.agent.thumbprint, "DelegationRejected"],
    );
    // Of what nobody has bound yet, the contract stands beside the request.
    assert.equal(asked?.detail["contract"], governed.contract);
    assert.equal(treeOf(plane, governed).blocks.size, 0);
  });

  test("VAI-24 a key that the trust policy does not name signs no block", async () => {
    const { plane, governed } = await begun();
    const stray = new MemoryKms(plane.faults, "planeSigner");
    plane.deps = { ...plane.deps, planeSigner: new KmsSigner(stray.client(), "stray") };
    const answer = refused(await plane.delegate(handOnEvent(plane, governed)));
    assert.deepEqual([answer.code, answer.stage], ["EVIDENCE_SIGNER_UNAVAILABLE", "evidence"]);
    assert.equal(treeOf(plane, governed).blocks.size, 0);
  });

  test("VAI-59 a delegation that State knows and the chain does not is a chain that lost its records", async () => {
    const { plane, governed } = await begun();
    await handOn(plane, governed, KEEPING);
    const lost = handOnEvent(plane, governed, { to: "ledger" });
    const [keep, head] = [plane.saved(), new Map(plane.dynamo.table(TABLES.state))];
    delegated(await plane.delegate(lost));
    const retried = [...plane.dynamo.table(TABLES.state)].filter(
      ([key]) => key.startsWith("retry#") && !head.has(key),
    );
    assert.equal(retried.length, 2);
    keep();
    for (const [key, item] of retried) plane.dynamo.table(TABLES.state).set(key, item);
    const answer = refused(await plane.delegate(lost));
    assert.deepEqual([answer.code, answer.stage], ["EVIDENCE_CHAIN_BROKEN", "executor"]);
    assert.equal(treeOf(plane, governed).blocks.size, 1);
  });

  test("POC-34 what people approved stands in the block, and the next hop is judged by it", async () => {
    const policy = { set: { "/governance/LOW/approvals": 1 } };
    const before = [{ hand: { approvals: [{ by: "bea" as const }] }, as: "refunds" }];
    const attack = { under: "refunds", to: "ledger" as const };
    const { answer } = await playDelegateAttack({ policy, before, attack });
    // The chain holds with what bea has signed; nobody has approved the next block.
    assert.deepEqual([answer.code, answer.pointer], ["HUMAN_SIGNATURE_MISSING", "/approvals"]);
  });

  test("POC-34 VAI-60 by whose word a contract that was bound before is handed on is on record with the block", async () => {
    const threshold = { "/governance/MEDIUM/attestations": 1, "/governance/MEDIUM/classes": 1 };
    const plane = await newPlane({ policy: { set: threshold } });
    const governanceDigest = documentDigest(plane.policy.governance);
    const decision = { set: { "/governanceDigest": governanceDigest } };
    const governed = plane.contract({ ...DELEGABLE, decision });
    const { contract, proof } = governed;
    await plane.govern({ op: "register", contract, proof });
    const attestations = [attestation(plane, governed, "state.example")];
    const event = { set: { "/proof/attestations": attestations } };
    await handOn(plane, governed, { ...KEEPING, event });
    const [asked, brought, granted] = plane.records(governed.chainId).slice(-3);
    assert.deepEqual(
      [asked?.event.type, brought?.event.type, granted?.event.type],
      ["DelegationRequested", "ProofValidated", "DelegationGranted"],
    );
    assert.deepEqual(brought?.detail["attestations"], attestations);
    // What is on record counts from then on, and is told once.
    await handOn(plane, governed, { to: "ledger" });
    assert.deepEqual(plane.types(governed.chainId).slice(-2), GRANTED);
  });

  test("POC-34 whoever is designated approves nothing of it", async () => {
    const policy = { set: { "/governance/LOW/approvals": 1 } };
    const attack = {
      approvals: [{ by: "bea" as const, said: { set: { "/designate/agent": "bea" } } }],
      request: { set: { "/designate/agent": "bea" } },
    };
    const { answer } = await playDelegateAttack({ policy, attack });
    assert.deepEqual(
      [answer.code, answer.pointer],
      ["SELF_APPROVAL_FORBIDDEN", "/approvals/0/iss"],
    );
  });

  test("POC-34 nobody hands on to whoever has approved a block above: such a chain would be refused at every use", async () => {
    const policy = { set: { "/governance/LOW/approvals": 1 } };
    const hand = { to: "refunds" as const, approvals: [{ by: "bea" as const }] };
    const attack = {
      ...{ under: "a", to: "ledger" as const, approvals: [{ by: "ada" as const }] },
      request: { set: { "/designate/agent": "bea" } },
    };
    const { answer } = await playDelegateAttack({ policy, before: [{ hand, as: "a" }], attack });
    assert.deepEqual(
      [answer.code, answer.stage, answer.pointer],
      ["SELF_APPROVAL_FORBIDDEN", "proof", "/request/designate/agent"],
    );
  });

  test("POC-15 VAI-34 behind a decoy with its gate the contract's rollback is not left out", async () => {
    const plane = await newPlane();
    const shift = { ...SHIFT_STEP, id: "shift" };
    const other = { ...shift, id: "other" };
    const undo = { ...shift, id: "undo", gate: "rollback" };
    const delegation = { "/delegation": { maxDepth: 3 } };
    const governed = plane.contract(rolling(delegation, [other, shift, undo]));
    const decoy = { ...other, gate: "rollback" };
    const steps = (all: unknown) => ({ set: { "/authorization_details": all } });
    const shut = { request: steps([decoy, shift, undo]) };
    const { chain } = await handOn(plane, governed, shut);
    const without = { chain, to: "ledger", request: steps([decoy, shift]) } as const;
    const left = refused(await plane.delegate(handOnEvent(plane, governed, without)));
    assert.deepEqual(
      [left.code, left.stage, left.pointer],
      ["CONSTRAINT_REMOVED", "scope", "/request/authorization_details"],
    );
  });

  test("POC-21 a block that nobody could present is not signed, and refused as that before it is judged as too wide", async () => {
    const { plane, governed } = await begun();
    const others = Array.from({ length: 15 }, (_, clause) => ({
      notOneOf: Array.from({ length: 250 }, (__, at) => 10_000_000 + clause * 250 + at),
    }));
    const signed = plane.faults.counts.get("planeSigner:sign") ?? 0;
    for (const max of [10, 10_000]) {
      const all = [{ range: { min: 0, max } }, ...others];
      const request = { set: { "/authorization_details/0/parameters/percent": { all } } };
      const answer = refused(await plane.delegate(handOnEvent(plane, governed, { request })));
      assert.deepEqual(
        [answer.code, answer.stage, answer.pointer],
        ["CHAIN_TOO_DEEP", "scope", "/request"],
      );
    }
    assert.equal(plane.faults.counts.get("planeSigner:sign") ?? 0, signed);
  });

  test("POC-21 block, root and what is continued count together, to the last character", async () => {
    const { plane, governed } = await begun();
    const request = readDelegateRequest(
      (handOnEvent(plane, governed) as Readonly<Record<string, unknown>>)["request"],
    );
    const contract = readContract(governed.contract);
    assert.ok("claims" in request && "claims" in contract);
    const judgement = new Judgement(plane.deps, plane.invocation(), [], {});
    const most = 160 * 1024;
    for (const over of [0, 1]) {
      const asked = { request, contract, chain: undefined } as unknown as Delegating;
      const sizes = { block: 60_000, root: 50_000, before: most - 110_000 + over };
      const judged: object = judgement.judge(HANDING_ON, { ...asked, ...sizes });
      const code = isFailure(judged) ? judged.refusal.code : undefined;
      assert.equal(code, over === 1 ? "CHAIN_TOO_DEEP" : undefined);
    }
  });

  test("POC-21 the length of a block is told before it is signed", async () => {
    const { plane, governed } = await begun();
    const { chain } = await handOn(plane, governed);
    for (const jws of chain) {
      const block = readBlock(jws, "");
      assert.ok(!isRefusal(block));
      assert.equal(blockLength(block.claims), jws.length);
    }
  });

  test("POC-19 nothing is handed on from 120 records on, and what was handed on is still ended", async () => {
    const { plane, governed } = await begun();
    const kept = await handOn(plane, governed, KEEPING);
    await fill(plane, governed);
    const answer = refused(await plane.delegate(handOnEvent(plane, governed, { to: "ledger" })));
    assert.deepEqual(
      [answer.code, answer.stage, answer.pointer],
      ["CONTRACT_CONSUMED", "state", "/contract/intent/id"],
    );
    const { block } = kept;
    withdrawn(await plane.delegate(withdrawEvent(plane, governed, { block: block.digest })));
  });

  test("POC-19 VAI-64 no retry of a delegation or a withdrawal is recorded from 120 records on", async () => {
    const { plane, governed } = await begun();
    const event = handOnEvent(plane, governed, KEEPING);
    const { block } = delegated(await plane.delegate(event));
    await fill(plane, governed);
    const end = withdrawEvent(plane, governed, { block: block.digest });
    withdrawn(await plane.delegate(end));
    const { length } = plane.rows(governed.chainId);
    assert.equal(delegated(await plane.delegate(event)).deduplicated, true);
    assert.equal(withdrawn(await plane.delegate(end)).deduplicated, true);
    assert.equal(plane.rows(governed.chainId).length, length);
  });

  test("POC-19 a delegation takes four rounds of calls, five with the contract named by digest", async () => {
    const { plane, governed } = await begun();
    await plane.grant();
    const { chain } = await handOn(plane, governed, KEEPING);
    const byDigest = {
      set: { "/contractDigest": governed.contractDigest },
      remove: ["/contract", "/proof"],
    };
    const first = plane.contract(DELEGABLE);
    assert.equal(await roundsOf(plane, () => handOn(plane, first)), 4);
    assert.equal(
      await roundsOf(plane, () => handOn(plane, governed, { ...KEEPING, to: "ledger" })),
      4,
    );
    const next = { chain, to: "ledger" as const, event: byDigest };
    assert.equal(await roundsOf(plane, () => handOn(plane, governed, next)), 5);
  });

  test("VAI-59 State holds retry keys of a block and nothing else of it", async () => {
    const { plane, governed } = await begun();
    const before = new Set(plane.dynamo.table(TABLES.state).keys());
    await handOn(plane, governed, KEEPING);
    const taken = [...plane.dynamo.table(TABLES.state).keys()].filter((key) => !before.has(key));
    assert.deepEqual(taken.map((key) => key.split("#")[0]).sort(), [
      "chain",
      "contract",
      "contract-id",
      "executor",
      "retry",
      "retry",
    ]);
  });
});

/** One after the other, the longest row of calls that wait for one another: each waits for those that were under way with it. */
async function roundsOf(plane: Plane, act: () => Promise<unknown>): Promise<number> {
  let rounds = 0;
  let waiting: (() => void)[] = [];
  plane.faults.gate = async (_, effect) => {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length > 1) return;
      // All that begins before anything is answered is one round.
      setImmediate(() =>
        setImmediate(() => {
          rounds += 1;
          const all = waiting;
          waiting = [];
          for (const go of all) go();
        }),
      );
    });
    return effect();
  };
  await act();
  plane.faults.gate = OPEN;
  return rounds;
}

/** So many records that nothing more is handed on. */
async function fill(plane: Plane, governed: Governed): Promise<void> {
  const judgement = new Judgement(plane.deps, plane.invocation(), [], {});
  const { trust } = await readTrust(plane.deps);
  if (isRefusal(trust)) throw new Error(trust.detail);
  judgement.believe(trust);
  judgement.learn({ intentId: governed.ids.intent });
  const intent = await readIntent(plane.deps, governed.chainId, trust);
  if (isRefusal(intent)) throw new Error(intent.detail);
  const draft = { type: "GateOpened", detail: { step: "shift" } } as const;
  const drafts = Array.from({ length: 120 - intent.state.head.seq }, () => draft);
  for (let from = 0; from < drafts.length; from += 40) {
    const latest = await readIntent(plane.deps, governed.chainId, trust);
    if (isRefusal(latest)) throw new Error(latest.detail);
    await appendToIntent(judgement, latest, {
      prepare: () => ready({ drafts: drafts.slice(from, from + 40) }),
    });
  }
}

suite("revokeDelegation: an operator ends a block", () => {
  const order = (plane: Plane, { contractDigest }: Governed, block: unknown) =>
    plane.revoke({ command: plane.command({ do: "revokeDelegation", contractDigest, block }) });

  /** A chain of two hops, a branch beside it, and a handle under each. */
  async function family() {
    const { plane, governed } = await begun();
    const kept = await handOn(plane, governed, { ...KEEPING, to: "ledger" });
    const first = await handOn(plane, governed, KEEPING);
    const second = await handOn(plane, governed, { chain: first.chain, to: "otherAgent" });
    const handle = (chain: readonly string[], signedBy: "ledger" | "otherAgent") =>
      plane.grant(
        {
          request: {
            signedBy,
            set: {
              ...{ "/delivery": "handle", "/chainDigest": digestOf(chain.at(-1)) },
              "/operation/parameters/percent": 1,
            },
          },
          event: { set: { "/chain": chain } },
        },
        governed,
      );
    const beside = await handle(kept.chain, "ledger");
    const under = await handle(second.chain, "otherAgent");
    return { plane, governed, kept, first, second, beside, under };
  }

  test("POC-37 it ends all below it and the identities under them, at once, and leaves the branch beside", async () => {
    const { plane, governed, kept, first, second, beside, under } = await family();
    const answer = await order(plane, governed, first.block.digest);
    assert.ok(answer.ok, JSON.stringify(answer));
    assert.equal(answer.state, "REVOKED");
    assert.deepEqual(plane.types(governed.chainId).slice(-4), [
      ...["RevocationRequested", "DelegationRevoked", "IdentityRevoked", "RevocationAcknowledged"],
    ]);
    const { blocks, endings } = treeOf(plane, governed);
    assert.deepEqual(endings[0]?.ended, [first.block.digest, second.block.digest]);
    assert.equal(endings[0]?.by, "olga");
    assert.equal(blocks.get(kept.block.digest)?.ended, undefined);
    const { identities, contracts } = plane.state(governed.chainId);
    assert.deepEqual(
      [under, beside].map(({ identity }) => identities.get(identity.identityId)?.end?.trigger),
      ["withdrawn", undefined],
    );
    assert.equal(contracts.get(governed.contractDigest)?.ended, undefined, "the contract goes on");
    const late = handOnEvent(plane, governed, { chain: second.chain, to: "stranger" });
    const refusal = refused(await plane.delegate(late));
    assert.deepEqual([refusal.code, refusal.pointer], ["CHAIN_BLOCK_REVOKED", "/chain/1"]);
    await handOn(plane, governed, { chain: kept.chain, to: "stranger" });
  });

  test("POC-37 it denies from its mark on, though nobody can write its record; sweep tells of it", async () => {
    const { plane, governed, first, second, kept } = await family();
    plane.faults.plan({ at: "signer:sign" });
    const answer = await order(plane, governed, first.block.digest);
    assert.ok(answer.ok, JSON.stringify(answer));
    plane.faults.clear();
    assert.equal(treeOf(plane, governed).endings.length, 0);
    const late = handOnEvent(plane, governed, { chain: second.chain, to: "stranger" });
    assert.equal(refused(await plane.delegate(late)).code, "CHAIN_BLOCK_REVOKED");
    await plane.sweep();
    const { endings } = treeOf(plane, governed);
    assert.deepEqual(endings[0]?.ended, [first.block.digest, second.block.digest]);
    await handOn(plane, governed, { chain: kept.chain, to: "stranger" });
  });

  test("POC-37 with a root everything ends that was ever handed on, and the contract's own executor asks in vain", async () => {
    const { plane, governed, first, kept } = await family();
    assert.ok((await order(plane, governed, digestOf(first.chain[0]))).ok);
    for (const chain of [first.chain, kept.chain]) {
      const late = handOnEvent(plane, governed, { chain, to: "stranger" });
      assert.equal(refused(await plane.delegate(late)).code, "CHAIN_BLOCK_REVOKED");
    }
    const own = refused(await plane.ask({}, governed));
    assert.deepEqual([own.code, own.pointer], ["CHAIN_BLOCK_REVOKED", "/contract"]);
  });

  test("POC-37 what has ended is not ended once more, by whomever", async () => {
    const { plane, governed, first } = await family();
    for (let times = 0; times < 2; times++) {
      const answer = await order(plane, governed, first.block.digest);
      assert.ok(answer.ok, JSON.stringify(answer));
    }
    const types = plane.types(governed.chainId);
    const count = (type: string) => types.filter((each) => each === type).length;
    assert.deepEqual([count("RevocationRequested"), count("DelegationRevoked")], [2, 1]);
  });

  test("POC-37 a block that is not on record is nobody's to end", async () => {
    const { plane, governed } = await family();
    const before = plane.types(governed.chainId);
    const refusal = refused(await order(plane, governed, governed.contractDigest));
    assert.deepEqual(
      [refusal.code, refusal.pointer, refusal.stage],
      ["CHAIN_BROKEN", "/command/block", "contract"],
    );
    assert.deepEqual(plane.types(governed.chainId), before);
  });
});
