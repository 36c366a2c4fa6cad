import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseBlock } from "../../lib/continuity/block.ts";
import { effectiveStep, judgeWithin } from "../../lib/continuity/bounds.ts";
import { type Chain, MAX_BLOCKS, readChain } from "../../lib/continuity/chain.ts";
import { judgeChainDigest } from "../../lib/continuity/judge.ts";
import { rootClaims } from "../../lib/continuity/root.ts";
import { judgeBlockWindows, judgeSigningKeys } from "../../lib/continuity/state.ts";
import { verifyChain } from "../../lib/continuity/verify.ts";
import { isSame } from "../../lib/encoding/same.ts";
import { isRefusal, refuse } from "../../lib/refusal.ts";
import { type ChainChange, chainOf, chainPolicy, NOW } from "../support/chain.ts";
import { KEYS } from "../support/keys.ts";
import { PLANE } from "../support/trust.ts";

function read(change: ChainChange = {}): Chain {
  const chain = readChain(chainOf(change).chain);
  if (chain === undefined || isRefusal(chain)) throw new Error(JSON.stringify(chain));
  return chain;
}

const REFUND = "/authorization_details/0/parameters/payload~1amount";

suite("a chain that is read", () => {
  test("POC-18 no list, and an empty one, are no chain; anything else is read or refused", () => {
    assert.deepEqual([readChain(undefined), readChain([])], [undefined, undefined]);
    for (const other of [null, "", {}, 7, "a.b.c"]) {
      const refusal = readChain(other);
      assert.ok(isRefusal(refusal));
      assert.deepEqual([refusal.code, refusal.pointer], ["CHAIN_MALFORMED", "/chain"]);
    }
  });

  test(`POC-21 ${MAX_BLOCKS} blocks are a chain`, () => {
    assert.equal(read({ depth: 32 }).blocks.length, 33);
  });

  test("VAI-55 a request is signed for the very last block of its chain, or for none", () => {
    const chain = read();
    const [root, middle] = chain.blocks;
    const judged = (chainDigest: string | undefined, of: Chain | undefined) =>
      judgeChainDigest({ chainDigest: chainDigest as never }, of)?.code;
    assert.equal(judged(chain.last.digest, chain), undefined);
    assert.equal(judged(undefined, undefined), undefined);
    for (const [digest, of] of [
      [undefined, chain],
      [root.digest, chain],
      [middle?.digest, chain],
      [chain.last.digest, undefined],
    ] as const) {
      assert.equal(judged(digest, of), "REQUEST_SIGNATURE_INVALID");
    }
  });

  test("POC-39 a root writes the contract's defaults out, and says what the contract says", () => {
    const { contract } = chainOf({ contract: { set: { "/delegation": { maxDepth: 2 } } } });
    const seal = { plane: PLANE, jti: "j", iat: NOW };
    const root = rootClaims(contract, { ...seal, approvals: [] });
    assert.deepEqual(root.delegation, { maxDepth: 2, retain: false, labels: [], planes: [] });
    assert.equal("approvals" in root, false);
    assert.deepEqual(rootClaims(contract, { ...seal, approvals: ["a"] }).approvals, ["a"]);
    const { delegation: _, ...claims } = contract.claims;
    const silent = rootClaims({ ...contract, claims }, { ...seal, approvals: [] });
    assert.deepEqual(silent.delegation, { maxDepth: 0, retain: false, labels: [], planes: [] });
  });

  test("POC-02 one block is looked into by itself", () => {
    const [root, block] = chainOf().chain;
    const [one, other] = [parseBlock(root), parseBlock(block)];
    assert.ok(!isRefusal(one) && !isRefusal(other));
    assert.deepEqual([one.depth, other.depth], [0, 1]);
    const refusal = parseBlock("a.b.c");
    assert.ok(isRefusal(refusal));
    assert.equal(refusal.pointer, "/block");
  });
});

suite("what ends a chain", () => {
  test("POC-36 a revoked key ends what it signed, whenever it signed it", () => {
    const chain = read({ block: { "1": { signedBy: "otherPlane" } } });
    const other = { use: "plane", key: KEYS.otherPlane.jwk, notBefore: 0 } as const;
    const keys = (revokedAt?: number) => {
      const policy = chainPolicy({ set: { "/planeKeys/2": { ...other, revokedAt } } });
      return judgeSigningKeys(chain, policy, new Set());
    };
    assert.equal(keys(), undefined);
    for (const at of [NOW + 9_999, 1]) {
      assert.deepEqual([keys(at)?.code, keys(at)?.pointer], ["CHAIN_ROOT_REVOKED", "/chain/1"]);
    }
    const policy = chainPolicy({ set: { "/planeKeys/2": other } });
    const byPeople = judgeSigningKeys(chain, policy, new Set([KEYS.plane.thumbprint]));
    assert.deepEqual([byPeople?.code, byPeople?.pointer], ["CHAIN_ROOT_REVOKED", "/chain/0"]);
  });

  test("POC-A24 from the first end of a block on nothing is left, at the second itself", () => {
    const chain = read({ asked: { "1": { set: { "/exp": NOW + 60 } } } });
    const at = (now: number) => judgeBlockWindows(chain, now);
    assert.equal(at(NOW + 59), undefined);
    assert.deepEqual(
      [at(NOW + 60)?.code, at(NOW + 60)?.pointer],
      ["CHAIN_EXPIRED", "/chain/1/exp"],
    );
  });

  test("POC-A24 offline an ended chain is told as that, and nothing else", () => {
    const { chain } = chainOf();
    const verified = verifyChain(chain as string[], {
      thumbprints: [KEYS.plane.thumbprint],
      at: NOW + 600,
    });
    assert.equal(verified.ok, false);
    assert.deepEqual(
      verified.problems.map(({ code, pointer }) => [code, pointer]),
      [["CHAIN_EXPIRED", "/chain/0/exp"]],
    );
    assert.equal(verified.blocks.length, 3);
  });

  test("POC-02 no chain verifies as none", () => {
    const { ok, blocks, problems } = verifyChain([], { thumbprints: [], at: NOW });
    assert.deepEqual([ok, blocks, problems[0]?.code], [false, [], "CHAIN_MALFORMED"]);
  });

  test("POC-02 without the plane's thumbprint nothing that it signed is believed", () => {
    const { chain } = chainOf();
    const thumbprints = [KEYS.otherPlane.thumbprint];
    const { ok, problems } = verifyChain(chain as string[], { thumbprints, at: NOW });
    assert.deepEqual([ok, problems[0]?.code], [false, "CHAIN_BLOCK_SIGNATURE_INVALID"]);
  });
});

suite("the bounds of an operation under a chain", () => {
  /** Refuses an amount that the step's bound does not include. */
  const amount = (value: number) => (step: { readonly parameters: unknown }) => {
    const { max } = (step.parameters as { "payload/amount": { range: { max: number } } })[
      "payload/amount"
    ].range;
    return value <= max ? undefined : refuse("PARAMETER_OUT_OF_BOUNDS", `${max}`);
  };

  test("POC-16 every block bounds, also where a later one was signed looser", () => {
    const made = chainOf({
      asked: { "2": { set: { [REFUND]: { range: { min: 1, max: 500 } } } } },
    });
    const chain = readChain(made.chain) as Chain;
    const judged = (value: number) => judgeWithin("refund", made.contract, chain, amount(value));
    assert.equal(judged(300), undefined);
    assert.equal(judged(301)?.detail, "300");
    assert.equal(judgeWithin("refund", made.contract, undefined, amount(500)), undefined);
    assert.equal(judgeWithin("refund", made.contract, undefined, amount(501))?.detail, "500");
  });

  test("POC-16 the contract bounds whatever a root says", () => {
    const made = chainOf({
      block: { "0": { set: { [REFUND]: { range: { min: 1, max: 9999 } } } } },
      depth: 0,
    });
    const chain = readChain(made.chain) as Chain;
    assert.equal(judgeWithin("refund", made.contract, chain, amount(501))?.detail, "500");
  });

  test("POC-A5 a step that one block does not have is nobody's", () => {
    const made = chainOf();
    const chain = readChain(made.chain) as Chain;
    const refusal = judgeWithin("pay", made.contract, chain, () => undefined);
    assert.deepEqual([refusal?.code, refusal?.pointer], ["STEP_MISMATCH", "/request/step"]);
    assert.equal(effectiveStep("pay", made.contract, chain), undefined);
    assert.equal(effectiveStep("pay", made.contract, undefined)?.id, "pay");
  });

  test("POC-16 the effective step is the last block's", () => {
    const made = chainOf();
    const step = effectiveStep("refund", made.contract, readChain(made.chain) as Chain);
    assert.deepEqual(step?.limits?.totals, { "payload/amount": 100 });
  });
});

suite("whether a block says the same as its request", () => {
  test("POC-06 the same is the same in any order of members, and nothing else is", () => {
    const good = { a: [1, { b: "x", c: true }], d: null };
    assert.ok(isSame(good, { d: null, a: [1, { c: true, b: "x" }] }));
    for (const other of [
      { ...good, e: 1 },
      { a: good.a },
      { ...good, a: [...good.a, 2] },
      { ...good, a: [{ b: "x", c: true }, 1] },
      { ...good, a: [1, { b: "x", c: 1 }] },
      { ...good, d: {} },
      { ...good, a: { 0: 1, 1: good.a[1] } },
      null,
      [],
    ]) {
      assert.equal(isSame(good, other), false, JSON.stringify(other));
      assert.equal(isSame(other, good), false, JSON.stringify(other));
    }
    assert.equal(isSame([], {}), false);
    assert.equal(isSame({ toString: 1 }, {}), false);
    assert.equal(isSame({ toString: 1 }, { valueOf: 1 }), false);
  });
});
