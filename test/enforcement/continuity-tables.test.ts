import assert from "node:assert/strict";
import { before, suite, test } from "node:test";
import type { Answer } from "../../lib/enforcement/answer.ts";
import type { DelegateAnswer } from "../../lib/enforcement/delegate.ts";
import {
  DELEGABLE,
  delegated,
  digestOf,
  handOn,
  handOnEvent,
  withdrawEvent,
  withdrawn,
} from "../support/delegating.ts";
import type { Item } from "../support/dynamo-expressions.ts";
import type { Governed, Mutation } from "../support/governed.ts";
import { KEYS, type KeyName } from "../support/keys.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";

/*
 * Somebody can write every table and holds no key. A contract was handed on twice, a branch of it was ended, and its head
 * has spent what it had. Whatever is added, changed or removed then: whoever had nothing left has nothing, and nobody is
 * handed anything. What remains is told in README.md: an intent rolled back as a whole, newest records and head together.
 */

const KEEPING = { "/retain": true };
const LAST = { "/authorization_details/0/limits": { calls: 1, totals: { percent: 1 } } };

interface Handed {
  readonly plane: Plane;
  readonly governed: Governed;
  /** Ended. */
  readonly branch: readonly string[];
  /** Handed on from: `refunds` held the first of it, and `ledger` holds the last. */
  readonly chain: readonly string[];
  /** That the plane signed, and whose record was undone. */
  readonly undone: readonly string[];
  /** The hand-over to `ledger`, as it was asked for. */
  readonly asked: unknown;
  readonly putBack: () => void;
}

const use = (chain: readonly string[], by: KeyName): Mutation => ({
  request: {
    signedBy: by,
    set: {
      ...(chain.length > 0 && { "/chainDigest": digestOf(chain.at(-1)) }),
      "/operation/parameters/percent": 1,
    },
  },
  event: { set: chain.length > 0 ? { "/chain": chain } : {} },
});

async function handed(): Promise<Handed> {
  const plane = await newPlane();
  plane.isWhole = false;
  const governed = plane.contract(DELEGABLE);
  const kept = await handOn(plane, governed, { to: "otherAgent", request: { set: KEEPING } });
  const block = kept.block.digest;
  withdrawn(await plane.delegate(withdrawEvent(plane, governed, { block })));
  const undo = plane.saved();
  const { chain: undone } = await handOn(plane, governed, { to: "stranger" });
  undo();
  const first = await handOn(plane, governed);
  const how = { chain: first.chain, to: "ledger", request: { set: LAST } } as const;
  const asked = handOnEvent(plane, governed, how);
  const { chain } = delegated(await plane.delegate(asked));
  await plane.grant(use(chain, "ledger"), governed);
  return { plane, governed, branch: kept.chain, chain, undone, asked, putBack: plane.saved() };
}

/** Everything that somebody may try who has nothing left, with what refuses it while no table is edited. */
const ATTEMPTS: Readonly<
  Record<string, readonly [(on: Handed) => Promise<Answer | DelegateAnswer>, string]>
> = {
  "the contract's executor uses it": [
    ({ plane, governed }) => plane.issue(plane.event(governed, use([], "agent")), plane.process()),
    "HEAD_SUPERSEDED",
  ],
  "the contract's executor hands it on again": [
    ({ plane, governed }) =>
      plane.delegate(handOnEvent(plane, governed, { to: "stranger" }), plane.process()),
    "HEAD_SUPERSEDED",
  ],
  "the first executor uses what was handed on": [
    ({ plane, governed, chain }) =>
      plane.issue(plane.event(governed, use(chain.slice(0, 2), "refunds")), plane.process()),
    "HEAD_SUPERSEDED",
  ],
  "the first executor hands it on again": [
    ({ plane, governed, chain }) => {
      const how = { chain: chain.slice(0, 2), to: "stranger" } as const;
      return plane.delegate(handOnEvent(plane, governed, how), plane.process());
    },
    "HEAD_SUPERSEDED",
  ],
  "the last executor uses what is spent": [
    ({ plane, governed, chain }) =>
      plane.issue(plane.event(governed, use(chain, "ledger")), plane.process()),
    "SCOPE_EXCEEDED",
  ],
  "the executor of a branch that was ended uses it": [
    ({ plane, governed, branch }) =>
      plane.issue(plane.event(governed, use(branch, "otherAgent")), plane.process()),
    "CHAIN_BLOCK_REVOKED",
  ],
  "the executor of a block that is on no record uses it": [
    ({ plane, governed, undone }) =>
      plane.issue(plane.event(governed, use(undone, "stranger")), plane.process()),
    "CHAIN_BROKEN",
  ],
};

const evidence = ({ plane }: Handed): Map<string, Item> => plane.dynamo.table(TABLES.evidence);
const state = ({ plane }: Handed): Map<string, Item> => plane.dynamo.table(TABLES.state);

/** What gives or carries out authority, over all chains. */
const GIVEN = /"type":"(DelegationGranted|IdentityIssued|ExecutionStarted)"/;
const given = (on: Handed): number =>
  [...evidence(on).values()].filter(({ record }) => GIVEN.test(String(record))).length;

type Edit = (on: Handed) => void;

const rowsOf = (on: Handed, type: string): readonly (readonly [string, Item])[] =>
  [...evidence(on)].filter(
    ([, item]) => item["chainId"] === on.governed.chainId && item["eventType"] === type,
  );
const rowOf = (on: Handed, type: string, at: number): readonly [string, Item] => {
  const found = rowsOf(on, type).at(at);
  assert.ok(found, type);
  return found;
};
const removed =
  (type: string, at: number): Edit =>
  (on) => {
    evidence(on).delete(rowOf(on, type, at)[0]);
  };
const changed =
  (type: string, at: number, change: (record: string) => string): Edit =>
  (on) => {
    const [key, item] = rowOf(on, type, at);
    const record = change(String(item["record"]));
    assert.notEqual(record, item["record"]);
    evidence(on).set(key, { ...item, record });
  };
const headKey = ({ governed }: Handed): string => `chain#${governed.chainId}|head`;
const headSet =
  (change: (head: Item) => Partial<Item>): Edit =>
  (on) => {
    const head = state(on).get(headKey(on));
    assert.ok(head);
    state(on).set(headKey(on), { ...head, ...change(head) } as Item);
  };
/** A record once more, behind the last one, with a head that says so. */
const appended =
  (type: string, at: number): Edit =>
  (on) => {
    const [, item] = rowOf(on, type, at);
    const { seq } = on.plane.rows(on.governed.chainId).at(-1) ?? { seq: 0 };
    evidence(on).set(`${on.governed.chainId}|${seq + 1}`, { ...item, seq: seq + 1 });
    headSet(() => ({ seq: seq + 1, hash: item["recordHash"] }))(on);
  };
/** The block in a record is another one of this contract, whole and signed by the plane. */
const otherBlock =
  (at: number, other: (on: Handed) => string | undefined): Edit =>
  (on) => {
    const swap = (record: string) => {
      const parsed = JSON.parse(record);
      parsed.detail.block = other(on);
      return JSON.stringify(parsed);
    };
    changed("DelegationGranted", at, swap)(on);
  };

const RECORDS: Readonly<Record<string, Edit>> = {
  "the last block removed": removed("DelegationGranted", -1),
  "the hand-over of the contract removed": removed("DelegationGranted", 1),
  "the branch removed": removed("DelegationGranted", 0),
  "the ending of the branch removed": removed("DelegationRevoked", -1),
  "the use removed": removed("IdentityIssued", -1),
  "the last record removed": (on) => {
    const { seq } = on.plane.rows(on.governed.chainId).at(-1) ?? { seq: 0 };
    evidence(on).delete(`${on.governed.chainId}|${seq}`);
  },
  "the last block replaced by one that is on no record": otherBlock(-1, ({ undone }) => undone[1]),
  "the hand-over replaced by the branch": otherBlock(1, ({ branch }) => branch[1]),
  "the ending turned to another block": changed("DelegationRevoked", -1, (record) => {
    const parsed = JSON.parse(record);
    parsed.detail.ended = [];
    return JSON.stringify(parsed);
  }),
  "the use said to be of another step": changed("IdentityIssued", -1, (record) =>
    record.replace('"step":"shift"', '"step":"spent"'),
  ),
  "a block added once more behind the last record": appended("DelegationGranted", 1),
  "the binding added once more behind the last record": appended("ContractBound", 0),
};

const HEADS: Readonly<Record<string, Edit>> = {
  removed: (on) => {
    state(on).delete(headKey(on));
  },
  "set to a number before": headSet(({ seq }) => ({ seq: Number(seq) - 1 })),
  "set to a number behind": headSet(({ seq }) => ({ seq: Number(seq) + 1 })),
  "set to another hash": headSet(() => ({ hash: `sha256:${"ab".repeat(32)}` })),
  "set to where the contract was not handed on, with its hash": (on) => {
    const [, { seq, prev }] = rowOf(on, "DelegationGranted", 1);
    headSet(() => ({ seq: Number(seq) - 1, hash: prev }))(on);
  },
};

const retryItems = (on: Handed): readonly (readonly [string, Item])[] =>
  [...state(on)].filter(([key]) => key.startsWith("retry#"));

const RETRIES: Readonly<Record<string, Edit>> = {
  "all removed": (on) => {
    for (const [key] of retryItems(on)) state(on).delete(key);
  },
  "all set to a block that is on no record": (on) => {
    const value = digestOf(on.undone[1]);
    for (const [key, item] of retryItems(on)) state(on).set(key, { ...item, value });
  },
  "those of a delegation set to another block": (on) => {
    const value = digestOf(on.branch[1]);
    for (const [key, item] of retryItems(on)) {
      if (key.includes("#delegate|")) state(on).set(key, { ...item, value });
    }
  },
  "one added for a delegation that nobody asked for": (on) => {
    const { governed } = on;
    const pk = `retry#${KEYS.agent.thumbprint}#${governed.contractDigest}#delegate`;
    const item = { pk, sk: "key#planted", value: digestOf(on.undone[1]) };
    state(on).set(`${pk}|key#planted`, item as Item);
  },
};

suite("tables edited by somebody without keys: what was handed on", () => {
  let on: Handed;
  before(async () => {
    on = await handed();
  });

  /** What every attempt comes to once a table was edited, from the same beginning each. */
  async function afterEdit(edit: Edit): Promise<Map<string, string>> {
    const codes = new Map<string, string>();
    for (const [what, [attempt]] of Object.entries(ATTEMPTS)) {
      on.putBack();
      edit(on);
      const was = { effects: on.plane.effects(), given: given(on) };
      codes.set(what, refused(await attempt(on)).code);
      assert.deepEqual({ effects: on.plane.effects(), given: given(on) }, was, what);
    }
    return codes;
  }

  const AS_EVER = new Map(Object.entries(ATTEMPTS).map(([what, [, code]]) => [what, code]));
  const BROKEN = new Map(Object.keys(ATTEMPTS).map((what) => [what, "EVIDENCE_CHAIN_BROKEN"]));

  test("POC-20 POC-28 unedited, whoever has nothing left is refused for just that", async () => {
    assert.deepEqual(await afterEdit(() => {}), AS_EVER);
  });

  for (const [what, edit] of Object.entries(RECORDS)) {
    test(`POC-20 POC-28 ADV-19 ADV-20 Evidence: ${what}, and nobody has more than before`, async () => {
      assert.deepEqual(await afterEdit(edit), BROKEN);
    });
  }

  for (const [what, edit] of Object.entries(HEADS)) {
    test(`POC-20 POC-28 ADV-19 State: the chain's head ${what}, and nobody has more than before`, async () => {
      assert.deepEqual(await afterEdit(edit), BROKEN);
    });
  }

  for (const [what, edit] of Object.entries(RETRIES)) {
    test(`POC-20 VAI-59 State: retry keys, ${what}: the records alone say what was handed on`, async () => {
      assert.deepEqual(await afterEdit(edit), AS_EVER);
    });
  }

  for (const what of ["all removed", "those of a delegation set to another block"] as const) {
    test(`POC-A10 VAI-59 a delegation asked again, its retry keys ${what}: the same block, or none`, async () => {
      on.putBack();
      RETRIES[what]?.(on);
      const was = given(on);
      const again = delegated(await on.plane.delegate(on.asked, on.plane.process()));
      assert.deepEqual([again.chain, again.deduplicated], [on.chain, true]);
      assert.equal(given(on), was);
    });
  }

  test("POC-A10 VAI-68 a delegation asked for under a retry key that was planted is not granted, and nothing is invented", async () => {
    on.putBack();
    const { plane } = on;
    const governed = plane.contract(DELEGABLE);
    const planted: Edit = RETRIES["one added for a delegation that nobody asked for"] as Edit;
    planted({ ...on, governed });
    const was = given(on);
    const request = { set: { "/idempotencyKey": "planted" } };
    const answer = await plane.delegate(handOnEvent(plane, governed, { request }), plane.process());
    assert.equal(refused(answer).code, "EVIDENCE_CHAIN_BROKEN");
    assert.equal(given(on), was);
  });

  test("POC-20 ADV-19 an intent rolled back behind a hand-over, records and head: the block is as if it had never been, and who asks for it again is told that it was lost", async () => {
    on.putBack();
    const { plane, governed, chain, asked } = on;
    const [, { seq, prev }] = rowOf(on, "DelegationRequested", 2);
    for (const row of plane.rows(governed.chainId)) {
      if (row.seq >= Number(seq)) evidence(on).delete(`${governed.chainId}|${row.seq}`);
    }
    headSet(() => ({ seq: Number(seq) - 1, hash: prev }))(on);
    const was = given(on);
    const used = await plane.issue(plane.event(governed, use(chain, "ledger")), plane.process());
    assert.equal(refused(used).code, "CHAIN_BROKEN");
    const again = await plane.delegate(asked, plane.process());
    assert.equal(refused(again).code, "EVIDENCE_CHAIN_BROKEN");
    assert.equal(given(on), was);
  });
});
