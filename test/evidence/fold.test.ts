import assert from "node:assert/strict";
import { before, suite, test } from "node:test";
import fc from "fast-check";
import type { Digest } from "../../lib/encoding/digest.ts";
import { EVENT_TYPES, type EventType } from "../../lib/evidence/events.ts";
import { foldIntent } from "../../lib/evidence/fold.ts";
import {
  contractView,
  type IdentityView,
  type IntentState,
} from "../../lib/evidence/intent-state.ts";
import type { OpenRecord } from "../../lib/evidence/open.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import type { Governed } from "../support/governed.ts";
import { newPlane, type Plane } from "../support/plane.ts";

/** Chains that a fold must not forget anything of, made by the real course. */
interface History {
  readonly name: string;
  readonly chainId: string;
  readonly records: readonly EvidenceRecord[];
  readonly contract: Digest;
}

const TWO = {
  contract: { set: { "/authorization_details/0/limits": { calls: 2, totals: { percent: 10 } } } },
};
const SMALL = { request: { set: { "/operation/parameters/percent": 4 } } };
const HISTORIES: History[] = [];

async function remember(name: string, act: (plane: Plane, governed: Governed) => Promise<unknown>) {
  const plane = await newPlane();
  const governed = plane.contract(TWO);
  await act(plane, governed);
  plane.faults.clear();
  const { chainId, contractDigest: contract } = governed;
  HISTORIES.push({ name, chainId, records: plane.records(chainId), contract });
}

before(async () => {
  await remember("refused", (plane, governed) =>
    plane.ask({ request: { set: { "/step": "other" } } }, governed),
  );
  await remember("completed", (plane, governed) => plane.ask(SMALL, governed));
  await remember("failed", (plane, governed) => {
    plane.faults.plan({ at: "target:call", how: "throttle" });
    return plane.ask(SMALL, governed);
  });
  await remember("unknown", (plane, governed) => {
    plane.faults.plan({ at: "target:call", how: "timeout" });
    return plane.ask(SMALL, governed);
  });
  await remember("issuance failed", (plane, governed) => {
    plane.faults.plan({ at: "sts" });
    return plane.ask(SMALL, governed);
  });
  await remember("in use", async (plane, governed) => {
    const died = plane.faults.death({ at: "target:call" });
    void plane.ask(SMALL, governed);
    await died;
  });
  await remember("one in use, one failed", async (plane, governed) => {
    const died = plane.faults.death({ at: "target:call" });
    void plane.ask(SMALL, governed);
    await died;
    plane.faults.clear();
    plane.faults.plan({ at: "target:call", how: "throttle" });
    await plane.ask(SMALL, governed);
  });
  await remember("issued", async (plane, governed) => {
    const died = plane.faults.death({ at: "sts" });
    void plane.ask(SMALL, governed);
    await died;
  });
});

const HASH = `sha256:${"cd".repeat(32)}` as Digest;
const opened = (records: readonly EvidenceRecord[]): OpenRecord[] =>
  records.map((record) => ({ record, hash: HASH }));
const fold = (records: readonly EvidenceRecord[]): IntentState =>
  foldIntent(opened(records), { seq: records.length, hash: HASH });

/** Details of any record: what the fold reads, in every combination, and anything else. */
const amounts = fc.dictionary(
  fc.constantFrom("percent", "weight"),
  fc.integer({ min: -20, max: 20 }),
);
const detail = fc.oneof(
  fc.record(
    {
      step: fc.constantFrom("shift", "other"),
      totals: amounts,
      state: fc.constantFrom("ISSUED", "IN_USE", "COMPLETED", "FAILED", "INCOMPLETE", "REVOKED"),
      outcome: fc.record({ status: fc.constantFrom("succeeded", "failed", "unknown") }),
      executor: fc.string(),
      issuer: fc.constantFrom("governance.example", "other.example"),
      proofDigest: fc.constant(HASH),
      hardExpiry: fc.constant("2030-01-01T00:00:00.000Z"),
      count: fc.integer(),
      opens: fc.record({ issuer: fc.constant("other.example"), intentDigest: fc.constant(HASH) }),
    },
    { requiredKeys: [] },
  ),
  fc.dictionary(fc.string(), fc.jsonValue()),
);

const type: fc.Arbitrary<EventType> = fc.constantFrom(...EVENT_TYPES);

/** A further record about a known or an unknown identity and contract. */
const further = fc.record({ type, detail, isKnown: fc.boolean(), isSame: fc.boolean() });
interface Further {
  readonly type: EventType;
  readonly detail: Record<string, unknown>;
  readonly isKnown: boolean;
  readonly isSame: boolean;
}

function appended({ records, contract }: History, next: Further): EvidenceRecord[] {
  const last = records.at(-1);
  assert.ok(last !== undefined);
  const known = records.find(({ identity }) => identity !== undefined)?.identity;
  const record: EvidenceRecord = {
    ...last,
    chain: { ...last.chain, seq: last.chain.seq + 1 },
    event: { ...last.event, type: next.type },
    contract: { id: "c", digest: next.isSame ? contract : HASH },
    identity: next.isKnown && known !== undefined ? known : { id: "another" },
    detail: next.type === "IdentityIssued" ? { totals: {}, ...next.detail } : next.detail,
  };
  return [...records, record];
}

function judgeContract(digest: Digest, earlier: IntentState, later: IntentState): void {
  const [then, now] = [contractView(earlier, digest), contractView(later, digest)];
  for (const [step, uses] of then.uses) assert.ok((now.uses.get(step) ?? 0) >= uses);
  for (const [name, sum] of then.totals) assert.ok((now.totals.get(name) ?? 0) >= sum);
  assert.ok(now.refusals >= then.refusals);
  assert.deepEqual(now.bound, then.bound ?? now.bound);
  assert.deepEqual(now.ended, then.ended ?? now.ended);
}

/** What of an identity no record may change. */
const fixed = (identity: IdentityView) => {
  const { executor, contractDigest, step, idempotencyKey, requestJti, expiresAt, totals } =
    identity;
  return { executor, contractDigest, step, idempotencyKey, requestJti, expiresAt, totals };
};

function judgeIdentity(id: string, earlier: IntentState, later: IntentState): void {
  const [then, now] = [earlier.identities.get(id), later.identities.get(id)];
  assert.ok(then !== undefined && now !== undefined);
  assert.deepEqual(fixed(now), fixed(then));
  if (then.end !== undefined) {
    // What ran when somebody ended it is told behind its end, and once.
    const outcome = then.end.outcome ?? now.end?.outcome;
    assert.deepEqual(now.end, { ...then.end, ...(outcome !== undefined && { outcome }) });
    assert.equal(now.state, then.state);
  }
  const isReopened = then.startedAt !== undefined && now.startedAt === undefined;
  assert.equal(isReopened, false);
}

suite("the fold of an intent's chain", () => {
  test("VAI-66 VAI-69 no further record gives back a use, a total, an ended identity or contract", () => {
    fc.assert(
      fc.property(fc.nat(), further, (pick, next) => {
        const history = HISTORIES[pick % HISTORIES.length];
        assert.ok(history !== undefined);
        const [earlier, later] = [fold(history.records), fold(appended(history, next))];
        for (const digest of earlier.contracts.keys()) judgeContract(digest, earlier, later);
        for (const id of earlier.identities.keys()) judgeIdentity(id, earlier, later);
        assert.deepEqual(
          later.opens,
          earlier.opens,
          "an intent belongs to its first record's issuer",
        );
      }),
      { numRuns: 3_000 },
    );
  });

  test("design §2.3 what a record may open is a closed list: a contract, an identity, a run", () => {
    for (const history of HISTORIES) {
      for (const each of EVENT_TYPES) {
        const next: Further = { type: each, detail: { totals: {} }, isKnown: false, isSame: false };
        const later = fold(appended(history, next));
        const earlier = fold(history.records);
        const isOpened =
          later.identities.size > earlier.identities.size ||
          contractView(later, HASH).bound !== undefined;
        assert.equal(isOpened, ["IdentityIssued", "ContractBound"].includes(each), each);
      }
    }
  });

  test("OKG-33 the same records fold to the same state, and a prefix to an earlier one", () => {
    for (const { records } of HISTORIES) {
      assert.deepEqual(fold(records), fold(structuredClone([...records])));
      let uses = 0;
      for (let seq = 0; seq <= records.length; seq++) {
        const { identities } = fold(records.slice(0, seq));
        assert.ok(identities.size >= uses);
        uses = identities.size;
      }
    }
  });

  test("VAI-69 VAI-70 how each history left its contract", () => {
    const ends = HISTORIES.map(({ name, records, contract }) => {
      const { uses, totals, ended } = contractView(fold(records), contract);
      return [name, uses.get("shift") ?? 0, totals.get("shift percent") ?? 0, ended?.code];
    });
    assert.deepEqual(ends, [
      ["refused", 0, 0, undefined],
      ["completed", 1, 4, undefined],
      ["failed", 1, 4, "CONTRACT_REVOKED"],
      ["unknown", 1, 4, "CONTRACT_CONSUMED"],
      ["issuance failed", 1, 4, undefined],
      ["in use", 1, 4, undefined],
      ["one in use, one failed", 2, 8, "CONTRACT_REVOKED"],
      ["issued", 1, 4, undefined],
    ]);
  });
});
