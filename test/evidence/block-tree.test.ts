import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import type { Digest } from "../../lib/encoding/digest.ts";
import { sha256Digest } from "../../lib/encoding/digest.ts";
import {
  above,
  type BlockTree,
  type BlockView,
  below,
  isRecorded,
  standingOf,
} from "../../lib/evidence/block-tree.ts";
import { EVENT_TYPES, type EventType } from "../../lib/evidence/events.ts";
import { foldIntent } from "../../lib/evidence/fold.ts";
import { type ContractView, contractView } from "../../lib/evidence/intent-state.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import { forge } from "../support/forge.ts";
import { PLANE } from "../support/trust.ts";

const CONTRACT = sha256Digest("contract");
const HASH = sha256Digest("hash");
const digestOf = (jws: string): Digest => sha256Digest(jws.slice(0, jws.lastIndexOf(".")));

/** A block as evidence holds one: what the tree does not read is not there. */
function blockOf(name: string, parent: Digest | undefined, more: object = {}): string {
  const claims = {
    ...{ iss: PLANE, aud: PLANE, jti: name, iat: 1, nbf: 1, exp: 900, contractDigest: CONTRACT },
    ...{ cnf: { jkt: `key-${name}` }, agent: `agent-${name}`, authorization_details: [] },
    ...(parent === undefined ? { depth: 0 } : { depth: 1, parent, retain: false }),
    ...more,
  };
  return String(forge("vai-block+jwt", claims, "plane", undefined, 0));
}

const ROOT = blockOf("root", undefined);
const OTHER_ROOT = blockOf("other root", undefined);
/** Everything that may be granted: A, B, C and D, of which each may come from each, or from a root; kept or not. */
const NAMES = ["A", "B", "C", "D"] as const;

interface Said {
  readonly type: EventType;
  readonly detail: Record<string, unknown>;
  readonly blocks?: readonly Digest[];
}

function view(said: readonly Said[]): ContractView {
  const records = said.map(({ type, detail, blocks }, index) => ({
    hash: HASH,
    record: {
      chain: { id: "intent/1", seq: index + 1, prev: HASH },
      event: { id: "1", type, at: "2026-05-05T04:00:00.000Z" },
      contract: { id: "c", digest: CONTRACT },
      ...(type === "IdentityIssued" && { identity: { id: `identity-${index}` } }),
      ...(blocks !== undefined && { continuity: { depth: blocks.length - 1, blocks } }),
      detail,
    } as unknown as EvidenceRecord,
  }));
  return contractView(foldIntent(records, { seq: records.length, hash: HASH }), CONTRACT);
}

const NAMED = { requestJti: "jti", idempotencyKey: "key", contentDigest: HASH, firstSeq: 1 };
const grant = (block: string, root?: string): Said => ({
  type: "DelegationGranted",
  detail: { ...NAMED, block, delegator: "key", ...(root !== undefined && { root }) },
});
const end = (block: Digest): Said => ({
  type: "DelegationRevoked",
  detail: { block, ended: [block], by: "olga", reason: "odd", firstSeq: 1, requestedAt: "then" },
});
const issued = (blocks: readonly Digest[], step = "refund", amount = 5): Said => ({
  type: "IdentityIssued",
  detail: { step, totals: { amount } },
  blocks,
});

const root = digestOf(ROOT);
const A = blockOf("A", root, { retain: true });
const a = digestOf(A);
const B = blockOf("B", a, { depth: 2 });
const b = digestOf(B);
const C = blockOf("C", root);
const c = digestOf(C);

/** Any grant, end, use, retry or other record, of blocks that are there, that are not, and that come later. */
const tokens = fc.array(
  fc.record({
    kind: fc.constantFrom("grant", "end", "use", "retry", "any"),
    name: fc.constantFrom(...NAMES),
    parent: fc.constantFrom("root", "other root", "nobody", ...NAMES),
    retain: fc.boolean(),
    isRooted: fc.boolean(),
    use: fc.constantFrom("delegate", "withdraw"),
    amount: fc.integer({ min: -9, max: 9 }),
    type: fc.constantFrom(...EVENT_TYPES),
  }),
  { maxLength: 14 },
);
type Token = typeof tokens extends fc.Arbitrary<readonly (infer T)[]> ? T : never;

const MADE = new Map<string, string>();
function made(name: string, parent: Digest, retain: boolean): string {
  const key = `${name} ${parent} ${retain}`;
  const jws = MADE.get(key) ?? blockOf(name, parent, { retain });
  MADE.set(key, jws);
  return jws;
}

/** What is said, with whatever blocks were granted before to be named. */
function said(all: readonly Token[]): Said[] {
  const known = new Map<string, Digest>([
    ["root", root],
    ["other root", digestOf(OTHER_ROOT)],
  ]);
  const digest = (name: string) => known.get(name) ?? sha256Digest(name);
  return all.map(({ kind, name, parent, retain, isRooted, use, amount, type }): Said => {
    switch (kind) {
      case "grant": {
        const block = made(name, digest(parent), retain);
        known.set(name, digestOf(block));
        return grant(block, isRooted ? (parent === "other root" ? OTHER_ROOT : ROOT) : undefined);
      }
      case "end":
        return end(digest(parent));
      case "use":
        return issued([digest(parent), digest(name)], "refund", amount);
      case "retry":
        return { type: "RetryDeduplicated", detail: { use, block: digest(name) } };
      default:
        return { type, detail: { step: "refund", totals: { amount }, block: digest(name) } };
    }
  });
}

/** Whoever may act or hand on by a place: nobody above has ended, and it was not handed on from. */
const isHead = (tree: BlockTree, digest: Digest): boolean =>
  standingOf(tree, digest)?.handedOn === false && isAlive(tree, digest);
const isAlive = (tree: BlockTree, digest: Digest): boolean =>
  tree.top.ended === undefined && above(tree, digest).every(({ ended }) => ended === undefined);

/** What of a block no record may change: everything but its end, and then that; what it has spent only grows. */
function judgeBlock(digest: Digest, was: BlockTree, is: BlockTree): void {
  const [before, after] = [was.blocks.get(digest), is.blocks.get(digest)];
  assert.ok(
    before !== undefined && after !== undefined,
    "a block that was granted stays on record",
  );
  assert.deepEqual(fixed(after), fixed(before));
  assert.deepEqual(after.retried.slice(0, before.retried.length), before.retried);
  assert.ok(after.handedOn || !before.handedOn, "superseded");
  assert.deepEqual(before.ended && after.ended, before.ended, "ended");
  for (const [step, count] of before.uses) assert.ok((after.uses.get(step) ?? 0) >= count);
  for (const [name, sum] of before.totals) assert.ok((after.totals.get(name) ?? 0) >= sum);
  assert.ok(isAlive(was, digest) || !isAlive(is, digest), "alive again");
  assert.ok(isHead(was, digest) || !isHead(is, digest), "a head again");
}

const fixed = ({
  handedOn: _1,
  ended: _2,
  uses: _3,
  totals: _4,
  retried: _5,
  ...block
}: BlockView) => block;

suite("the tree of blocks", () => {
  test("POC-20 POC-28 whatever is recorded behind it, what was superseded, ended or spent never comes back", () => {
    fc.assert(
      fc.property(tokens, tokens, (first, then) => {
        const all = said([...first, ...then]);
        const [was, is] = [view(all.slice(0, first.length)), view(all)];
        for (const digest of was.tree.blocks.keys()) judgeBlock(digest, was.tree, is.tree);
        const { top } = was.tree;
        assert.ok(is.tree.top.handedOn || !top.handedOn);
        assert.deepEqual(top.ended && is.tree.top.ended, top.ended);
        assert.ok(is.tree.endings.length >= was.tree.endings.length);
      }),
      { numRuns: 3_000 },
    );
  });

  test("POC-20 of places without a branch there is one head at most, however often it is asked", () => {
    fc.assert(
      fc.property(tokens, (all) => {
        const { tree } = view(said(all.map((each) => ({ ...each, retain: false }))));
        const heads = [...tree.blocks.keys()].filter((digest) => isHead(tree, digest));
        assert.ok(heads.length + (tree.top.handedOn ? 0 : 1) <= 1, `${heads.length} heads`);
      }),
      { numRuns: 2_000 },
    );
  });

  test("POC-28 no use of a branch is missing above it, and the contract counts every one", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", "b", "c", "none"), { maxLength: 9 }), (uses) => {
        const chains = { a: [root, a], b: [root, a, b], c: [root, c], none: undefined };
        const grants = [grant(A, ROOT), grant(B), grant(C)];
        const { tree, ...contract } = view([
          ...grants,
          ...uses.map((name) => ({ ...issued([]), ...(chains[name] && { blocks: chains[name] }) })),
        ]);
        const spent = (digest: Digest) => tree.blocks.get(digest)?.uses.get("refund") ?? 0;
        const count = (...names: string[]) => uses.filter((name) => names.includes(name)).length;
        assert.deepEqual([spent(a), spent(b), spent(c)], [count("a", "b"), count("b"), count("c")]);
        assert.equal(contract.uses.get("refund") ?? 0, uses.length);
        assert.equal(tree.blocks.get(a)?.totals.get("refund amount") ?? 0, 5 * count("a", "b"));
      }),
      { numRuns: 200 },
    );
  });

  test("POC-20 handed on from a root is handed on from the contract and every other root", () => {
    const { tree } = view([grant(C, ROOT), grant(blockOf("D", digestOf(OTHER_ROOT)), OTHER_ROOT)]);
    assert.deepEqual([tree.top.handedOn, tree.blocks.size], [true, 1]);
    assert.deepEqual(
      [...tree.roots.keys()],
      [root],
      "a grant that counts for nothing signs no root",
    );
  });

  test("POC-37 ended by one root is ended for all roots, the contract, and every block", () => {
    const D = blockOf("D", digestOf(OTHER_ROOT));
    const said = [grant(A, ROOT), grant(B), grant(D, OTHER_ROOT), end(digestOf(OTHER_ROOT))];
    const { tree } = view(said);
    assert.deepEqual(
      [tree.top, ...tree.blocks.values()].map(({ ended }) => ended?.seq),
      [4, 4, 4, 4],
    );
    assert.deepEqual(
      new Set(tree.endings[0]?.ended),
      new Set([...tree.roots.keys(), ...tree.blocks.keys()]),
    );
  });

  test("POC-28 a block ends with all below it, leaves siblings and what is above, and keeps its first end", () => {
    const { tree } = view([grant(A, ROOT), grant(B), grant(C), end(b), end(a)]);
    assert.deepEqual(
      [a, b, c].map((each) => tree.blocks.get(each)?.ended?.seq),
      [5, 4, undefined],
    );
    assert.equal(tree.top.ended, undefined);
    assert.deepEqual(below(tree, a), [a, b]);
    assert.deepEqual(
      above(tree, b).map(({ digest }) => digest),
      [b, a],
    );
  });

  test("POC-20 a grant from a place that was handed on, ended or is unknown makes no block", () => {
    const again = blockOf("again", root);
    const under = blockOf("under", a);
    const cases: readonly (readonly Said[])[] = [
      [grant(C, ROOT), grant(again)],
      [grant(A, ROOT), end(a), grant(under)],
      [grant(A, ROOT), end(root), grant(again)],
      [grant(C)],
      [grant(blockOf("of itself", sha256Digest("itself")), ROOT)],
    ];
    for (const said of cases) {
      const before = view(said.slice(0, -1)).tree;
      assert.deepEqual(view(said).tree, before);
    }
  });

  test("POC-28 POC-39 an end of what nobody knows is none, and a root that is on record already is not taken again", () => {
    const { tree } = view([grant(A, ROOT), end(c)]);
    assert.deepEqual(tree.endings, []);
    const [known] = view([grant(A, ROOT), grant(C, ROOT)]).tree.roots.values();
    assert.equal(known?.seq, 1);
  });

  test("POC-36 what the key signed and nobody granted is not on record", () => {
    const { tree } = view([grant(A, ROOT)]);
    assert.deepEqual(
      [root, a, b, digestOf(OTHER_ROOT)].map((each) => isRecorded(tree, each)),
      [true, true, false, false],
    );
    const [first] = tree.roots.values();
    assert.equal(first?.jws, ROOT);
    assert.equal(tree.blocks.get(a)?.parent, undefined, "a root is no place of its own");
  });
});
