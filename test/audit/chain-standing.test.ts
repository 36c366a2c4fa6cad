import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ChainHistorian, chainStanding, standingOffline } from "../../lib/audit/chain-standing.ts";
import { type Chain, readChain } from "../../lib/continuity/chain.ts";
import { verifyChain } from "../../lib/continuity/verify.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { type ChainChange, chainOf, chainPolicy, NOW } from "../support/chain.ts";
import { forge } from "../support/forge.ts";
import { KEYS } from "../support/keys.ts";
import type { Change } from "../support/mutate.ts";

function read(change: ChainChange = {}): Chain & { readonly digest: string } {
  const { chain, contract } = chainOf(change);
  const found = readChain(chain);
  assert.ok(found !== undefined && !isRefusal(found), JSON.stringify(found));
  return { ...found, digest: contract.digest };
}

/** Records as they come out of verification; `at` in seconds from when the chains are signed. */
const record = (type: string, at: number, detail: object, contract?: string): EvidenceRecord =>
  ({
    event: { id: "id", type, at: new Date((NOW + at) * 1000).toISOString() },
    detail,
    ...(contract !== undefined && { contract: { id: "c", digest: contract } }),
  }) as unknown as EvidenceRecord;

/** Each block was granted in turn, the root with the first. */
function granted(chain: Chain & { readonly digest: string }, at = 1): EvidenceRecord[] {
  const [root, ...rest] = chain.blocks.map(({ jws }) => jws.compact);
  return rest.map((block, index) =>
    record("DelegationGranted", at + index, { block, ...(index === 0 && { root }) }, chain.digest),
  );
}

const ROOT_REVOKED = (at: number, jkt = KEYS.plane.thumbprint): EvidenceRecord => {
  const command = forge("vai-command+jwt", { do: "revokePlaneKey", jkt }, "operator");
  return record("RootKeyRevoked", at, { command, do: "revokePlaneKey" });
};

interface Given {
  readonly records?: readonly EvidenceRecord[];
  readonly policy?: Change;
  /** Seconds from when the chains are signed. */
  readonly now?: number;
}

function judged(
  chain: Chain & { readonly digest: string },
  { records = granted(chain), policy, now = 5 }: Given = {},
) {
  const history = new ChainHistorian(chain.digest as `sha256:${string}`);
  for (const each of records) history.take(each);
  return chainStanding(chain, { policy: chainPolicy(policy), history, now: NOW + now });
}

const planeKeyAt = chainPolicy().planeKeys.findIndex(({ use }) => use === "plane");

suite("what evidence says a chain is worth", () => {
  test("POC-02 POC-37 a chain whose every block was granted is valid, and its last block is the one to act", () => {
    for (const depth of [1, 2, 3]) {
      const found = judged(read({ depth }));
      assert.deepEqual(found, { verdict: "valid", validAtTime: true, since: [], isHead: true });
    }
  });

  test("POC-01 what the plane's key signed and evidence does not know was never valid", () => {
    const chain = read();
    for (const records of [
      [],
      granted(chain).slice(0, 1),
      granted(read({ depth: 1 })).slice(0, 1),
    ]) {
      const { verdict, validAtTime, problem } = judged(chain, { records });
      assert.deepEqual(
        [verdict, validAtTime, problem?.code],
        ["neverValid", false, "CHAIN_BROKEN"],
      );
    }
    const other = granted(chain).map((each) => ({
      ...each,
      contract: { id: "c", digest: `sha256:${"0".repeat(64)}` as const },
    }));
    assert.equal(judged(chain, { records: other }).problem?.code, "CHAIN_BROKEN");
  });

  test("POC-36 POC-37 a key revoked after the grant: valid then, and since when", () => {
    const chain = read();
    const revokedAt = NOW + 3;
    const policy = { set: { [`/planeKeys/${planeKeyAt}/revokedAt`]: revokedAt } };
    for (const given of [{ policy }, { records: [...granted(chain), ROOT_REVOKED(3)] }]) {
      const { verdict, validAtTime, rootRevokedSince, since } = judged(chain, given);
      assert.deepEqual([verdict, validAtTime], ["validThen", true]);
      assert.equal(rootRevokedSince, new Date(revokedAt * 1000).toISOString());
      assert.deepEqual(
        since.map(({ what, depth }) => [what, depth]),
        [0, 1, 2].map((depth) => ["rootRevoked", depth]),
      );
    }
  });

  test("POC-36 POC-A16 what is on record only once its key was revoked was never valid, whatever time it says", () => {
    const chain = read();
    const { problem, validAtTime } = judged(chain, {
      records: [ROOT_REVOKED(0), ...granted(chain)],
    });
    assert.deepEqual(
      [problem?.code, problem?.pointer, validAtTime],
      ["CHAIN_ROOT_REVOKED", "/chain/0", false],
    );
    // At the very second nobody can say which was first.
    const policy = { set: { [`/planeKeys/${planeKeyAt}/revokedAt`]: NOW + 1 } };
    assert.equal(judged(chain, { policy }).verdict, "neverValid");
    // Revoked by a command first and by the trust policy later, it is revoked from the first on.
    const both = { set: { [`/planeKeys/${planeKeyAt}/revokedAt`]: NOW + 9 } };
    const records = [ROOT_REVOKED(0), ...granted(chain)];
    assert.equal(judged(chain, { records, policy: both }).verdict, "neverValid");
    const later = [ROOT_REVOKED(2), ...granted(chain)];
    assert.equal(judged(chain, { records: later }).problem?.pointer, "/chain/2");
  });

  test("POC-36 the revocation of another key ends nothing, and neither does one that cannot be read", () => {
    const chain = read();
    const others = [
      ROOT_REVOKED(0, KEYS.otherPlane.thumbprint),
      record("RootKeyRevoked", 0, { command: "x" }),
      record("KeyRevoked", 0, { command: "x" }),
    ];
    assert.equal(judged(chain, { records: [...others, ...granted(chain)] }).verdict, "valid");
  });

  test("POC-28 what was ended, by whichever block of it, was valid then; a sibling is not touched", () => {
    const chain = read();
    const ended = (digests: readonly string[], contract = chain.digest) =>
      judged(chain, {
        records: [
          ...granted(chain),
          record("DelegationRevoked", 4, { block: digests[0], ended: digests }, contract),
        ],
      });
    const last = ended([chain.last.digest]);
    assert.deepEqual(
      [last.verdict, last.isHead, last.since.map(({ what, depth }) => [what, depth])],
      ["validThen", false, [["ended", 2]]],
    );
    assert.equal(last.since[0]?.at, new Date((NOW + 4) * 1000).toISOString());
    assert.equal(ended([chain.blocks[1]?.digest ?? "", chain.last.digest]).since.length, 2);
    assert.equal(ended([`sha256:${"1".repeat(64)}`]).verdict, "valid");
    assert.equal(ended([chain.last.digest], `sha256:${"2".repeat(64)}`).verdict, "valid");
    assert.equal(ended(["x"]).verdict, "valid");
  });

  test("POC-20 a block that was handed on is valid and no head; with what it kept it still is one", () => {
    const longer = read({ depth: 2 });
    const shorter = { ...longer, blocks: longer.blocks.slice(0, 2) as unknown as Chain["blocks"] };
    const last = shorter.blocks[1];
    assert.ok(last !== undefined);
    const part = { ...shorter, last };
    const found = judged(part, { records: granted(longer) });
    assert.deepEqual([found.verdict, found.isHead], ["valid", false]);
    const retaining = { contract: { set: { "/delegation": { maxDepth: 3, retain: true } } } };
    const kept = read({ ...retaining, asked: { "2": { set: { "/retain": true } } } });
    const [root, one] = kept.blocks;
    assert.ok(one !== undefined);
    const own = { ...kept, blocks: [root, one] as const, last: one };
    assert.deepEqual(judged(own, { records: granted(kept) }).isHead, true);
  });

  test("POC-39 handed on from one root, a contract is handed on from every root of it", () => {
    const chain = read({ depth: 1 });
    const again = read({ depth: 0, block: { "0": { set: { "/iat": NOW + 2 } } } });
    const other = again.blocks[0];
    assert.notEqual(other.digest, chain.blocks[0].digest);
    const { jws } = other;
    const records = [
      ...granted(chain),
      record("DelegationGranted", 4, { root: jws.compact }, chain.digest),
    ];
    const found = judged({ ...again, digest: chain.digest }, { records });
    assert.deepEqual([found.verdict, found.isHead], ["valid", false]);
  });

  test("POC-A24 a window that is over is told by depth, and was good before", () => {
    const { verdict, since, isHead, rootRevokedSince } = judged(read(), { now: 90_000 });
    assert.deepEqual([verdict, isHead, rootRevokedSince], ["validThen", false, undefined]);
    assert.deepEqual(
      since.map(({ what }) => what),
      ["over", "over", "over"],
    );
  });

  test("POC-A15 POC-A11 POC-A5 of another plane, by another key, or wider: never valid, though it is on record", () => {
    const wider = { "/authorization_details/0/limits/calls": 9 };
    const attacks: readonly (readonly [ChainChange, Change | undefined, string])[] = [
      [{}, { set: { "/plane": "vai:000000000000:us-east-1:other" } }, "CHAIN_ROOT_UNKNOWN"],
      [{ block: { "1": { signedBy: "stranger" } } }, undefined, "CHAIN_BLOCK_SIGNATURE_INVALID"],
      [{ block: { "2": { signedBy: "stranger" } } }, undefined, "CHAIN_BLOCK_SIGNATURE_INVALID"],
      [{ asked: { "2": { set: wider } } }, undefined, "ATTENUATION_VIOLATION"],
      [
        {},
        { set: { [`/planeKeys/${planeKeyAt}/notBefore`]: NOW + 1 } },
        "CHAIN_BLOCK_SIGNATURE_INVALID",
      ],
    ];
    for (const [change, policy, code] of attacks) {
      const whole = read(change);
      const standing = judged(whole, { ...(policy && { policy }) });
      assert.deepEqual([standing.verdict, standing.problem?.code], ["neverValid", code]);
      assert.equal(standing.isHead, undefined);
    }
  });
});

test("POC-02 offline nothing is said of heads, and a problem is never hidden by a window that is over", () => {
  const { chain } = chainOf({ block: { "2": { signedBy: "stranger" } } });
  const found = readChain(chain);
  assert.ok(found !== undefined && !isRefusal(found));
  const at = NOW + 90_000;
  const { problems } = verifyChain(chain as string[], { thumbprints: [KEYS.plane.thumbprint], at });
  assert.equal(problems.length, 2);
  const standing = standingOffline(found, problems, at);
  assert.deepEqual(
    [standing.verdict, standing.problem?.code],
    ["neverValid", "CHAIN_BLOCK_SIGNATURE_INVALID"],
  );
  assert.ok(!("isHead" in standingOffline(read(), [], NOW)));
});
