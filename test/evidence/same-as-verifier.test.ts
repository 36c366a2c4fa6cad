import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import fc from "fast-check";
import type { SealedRow } from "../../lib/audit/transaction.ts";
import { verifyRecords } from "../../lib/audit/verify.ts";
import { sha256Digest } from "../../lib/encoding/digest.ts";
import { evidenceKeys, openChain, openLast } from "../../lib/evidence/open.ts";
import type { StoredRow } from "../../lib/evidence/ports.ts";
import type { TrustPolicy } from "../../lib/trust/policy.ts";
import { evidenceKey, PLANE } from "../audit/support/plane.ts";
import { reseal } from "../audit/support/resign.ts";
import { CHAIN, type Story, tellStory } from "../audit/support/story.ts";

let story: Story;
/** The rows of the intent, and the last transaction of them, which is edited: nothing links to it. */
let rows: readonly SealedRow[];
const LAST = 12;

before(async () => {
  story = await tellStory();
  rows = story.rows.filter(({ chainId }) => chainId === CHAIN);
});

const chain = () => ({
  plane: PLANE,
  chainId: CHAIN,
  keys: evidenceKeys({ planeKeys: [evidenceKey(story.key)] } as unknown as TrustPolicy),
});

const stored = (some: readonly SealedRow[]): StoredRow[] => {
  const sealSeqOf = (index: number) => some.findIndex(({ seal }, at) => at >= index && seal) + 1;
  return some.map(({ record, seal }, index) => ({
    chainId: CHAIN,
    seq: index + 1,
    record,
    sealSeq: sealSeqOf(index),
    ...(seal !== undefined && { seal }),
  }));
};

/** Whether enforcement takes a chain, whose head names its last record. */
function opens(some: readonly SealedRow[]): boolean {
  const head = { seq: some.length, hash: sha256Digest(some.at(-1)?.record ?? "") };
  return !("defect" in openChain({ rows: stored(some), head }, chain()));
}

const holds = (some: readonly SealedRow[]): boolean =>
  verifyRecords(some, [evidenceKey(story.key)]).verdict === "unanchored";

// biome-ignore lint/suspicious/noExplicitAny: anything is put anywhere
type Json = any;

/** Every object in a value. */
const objectsIn = (value: Json): Json[] =>
  typeof value !== "object" || value === null
    ? []
    : [value, ...Object.values(value).flatMap(objectsIn)];

type Edit = (value: Json) => void;

/** Something that the holder of the key could write otherwise. */
const edit: fc.Arbitrary<Edit> = fc
  .tuple(
    fc.constantFrom("add", "remove", "replace"),
    fc.nat(),
    fc.nat(),
    fc.oneof(
      fc.constantFrom(
        null,
        {},
        [],
        "",
        0,
        -1,
        1.5,
        13,
        true,
        "2026-05-05T04:00:09Z",
        "May 5 2026 04:00:09 UTC",
        "2026-05-05T04:00:09.000Z",
        "x".repeat(513),
        "a\u202eb",
      ),
      fc.jsonValue({ maxDepth: 1 }),
    ),
  )
  .map(([how, one, two, value]) => (whole) => {
    const objects = objectsIn(whole);
    const object = objects[one % objects.length];
    const names = Object.keys(object);
    const name = names[two % names.length] ?? "more";
    if (how === "add") object[Array.isArray(object) ? object.length : "more"] = value;
    else if (how === "replace") object[name] = value;
    else if (Array.isArray(object)) object.splice(two % names.length, 1);
    else delete object[name];
  });

/** The rows with the last transaction edited, and sealed again by the plane's own key. */
const edited = (record: (value: Json, index: number) => void, statement: Edit = () => {}) => [
  ...rows.slice(0, LAST),
  ...reseal(rows.slice(LAST), story.key, { record, statement }),
];

describe("what enforcement opens and what the verifier takes", () => {
  test("VAI-91 is the same for what the plane wrote", () => {
    assert.deepEqual([opens(rows), holds(rows)], [true, true]);
    const same = edited(() => {});
    assert.deepEqual([opens(same), holds(same)], [true, true]);
  });

  test("VAI-91 is the same of whatever the plane's own key sealed", () => {
    const counts = { yes: 0, no: 0 };
    const choice = fc.record({
      index: fc.nat(3),
      record: fc.option(edit),
      statement: fc.option(edit),
    });
    fc.assert(
      fc.property(choice, ({ index, record, statement }) => {
        const some = edited(
          (value, at) => at === index && record?.(value),
          (value) => statement?.(value),
        );
        const taken = holds(some);
        assert.equal(opens(some), taken);
        counts[taken ? "yes" : "no"]++;
      }),
      { numRuns: 1500 },
    );
    assert.ok(counts.yes > 20 && counts.no > 200, JSON.stringify(counts));
  });

  test("VAI-91 is the same of what was found to differ", () => {
    const first = JSON.parse(rows[0]?.record ?? "");
    const records: Edit[] = [
      (record) => Object.assign(record, { more: 1 }),
      (record) => Object.assign(record.event, { more: 1 }),
      (record) => Object.assign(record, { event: null }),
      (record) => Object.assign(record, { chain: null }),
      (record) => Object.assign(record.event, { id: first.event.id }),
      (record) => Object.assign(record, { intentId: first.contract.id }),
      (record) => delete record.contract,
      (record) => Object.assign(record, { eventDigest: first.contract.digest }),
      (record) => delete record.detail,
      (record) => delete record.decision,
      (record) => delete record.source,
      (record) => Object.assign(record.event, { type: "no event type" }),
    ];
    for (const each of records) {
      const some = edited((record, index) => index === 3 && each(record));
      assert.deepEqual([opens(some), holds(some)], [false, false], each.toString());
    }
    for (const at of ["2026-05-05T04:00:09Z", "May 5 2026 04:00:09 UTC"]) {
      const some = edited(
        (record) => Object.assign(record.event, { at }),
        (statement) => Object.assign(statement.predicate, { at }),
      );
      assert.deepEqual([opens(some), holds(some)], [false, false], at);
    }
    const statements: Edit[] = [
      (statement) => Object.assign(statement, { more: 1 }),
      (statement) => Object.assign(statement.predicate, { more: 1 }),
      (statement) => Object.assign(statement.predicate.chain, { more: 1 }),
      (statement) => Object.assign(statement.subject[0], { more: 1 }),
      (statement) => Object.assign(statement.subject[0].digest, { sha512: "" }),
    ];
    for (const each of statements) {
      const some = edited(() => {}, each);
      assert.deepEqual([opens(some), holds(some)], [false, false], each.toString());
    }
  });

  test("VAI-91 a last record that links to another one than its seal is not opened alone", () => {
    const chainId = "plane/registry";
    const registry = story.rows.filter((row) => row.chainId === chainId);
    const last = (some: readonly SealedRow[]) =>
      openLast({ chainId, seq: 1, sealSeq: 1, record: "", ...some[0] } as StoredRow, {
        ...chain(),
        chainId,
      });
    assert.equal(typeof last(registry), "object");
    const other = reseal(registry, story.key, {
      record: (record) => Object.assign(record.chain, { prev: `sha256:${"0".repeat(64)}` }),
    });
    assert.match(String(last(other)), /links to another record/);
    assert.equal(holds(other), false);
  });

  test("ADV-07 a row of any shape is a defect, not an exception", () => {
    const good = stored(rows);
    const anything = fc.oneof(fc.anything(), fc.json());
    fc.assert(
      fc.property(fc.nat(15), anything, anything, (at, record, seal) => {
        const row = { ...good[at], record, seal } as StoredRow;
        assert.ok("defect" in openChain({ rows: good.with(at, row), head: undefined }, chain()));
        assert.equal(typeof openLast(row, chain()), "string");
      }),
    );
  });
});
