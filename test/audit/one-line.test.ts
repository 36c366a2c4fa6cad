import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { Head } from "../../lib/audit/chain-ledger.ts";
import { longestRise } from "../../lib/audit/longest-rise.ts";
import { pairSeals } from "../../lib/audit/pair-seals.ts";
import type { ReadRecord } from "../../lib/audit/read-record.ts";
import { verifyEvidence } from "../../lib/audit/verify-evidence.ts";
import type { SigningKey } from "../../lib/encoding/jws.ts";
import type { EvidenceRow } from "../../lib/evidence/row.ts";
import {
  type Draft,
  evidenceKey,
  newKey,
  publication,
  signPolicy,
  writeRows,
} from "./support/plane.ts";

/** Records of each transaction, by chain, as an export orders chains. */
const SHAPE: readonly (readonly [chain: string, transactions: readonly number[]])[] = [
  ["intent/0198c7d2-0000-7000-8000-000000000001", [7, 2, 3, 4]],
  ["intent/0198c7d2-0000-7000-8000-000000000002", [7, 2, 3]],
  ["intent/0198c7d2-0000-7000-8000-000000000003", [7, 2, 3]],
  ["plane/registry", [1, 1]],
  ["unattributed/2026-05-05/3", [2]],
  ["unattributed/2026-05-05/a", [2, 1]],
  ["unattributed/2026-05-05/e", [1]],
];

let anchor: SigningKey;
let policies: readonly string[];
let rows: readonly EvidenceRow[];
let lines: readonly string[];
let seals: readonly string[];
let heads: readonly Head[];

before(async () => {
  anchor = newKey();
  const key = newKey();
  const first = signPolicy(anchor, [evidenceKey(key)]);
  const second = signPolicy(anchor, [evidenceKey(key)], first);
  policies = [first.jws, second.jws];
  const drafts = (chain: string, count: number, turn: number): Draft[] =>
    chain === "plane/registry"
      ? [publication(turn === 0 ? first : second)]
      : Array.from({ length: count }, () => ({ type: "IdentityDenied" }));
  const written: EvidenceRow[] = [];
  const ends: Head[] = [];
  for (const [chain, transactions] of SHAPE) {
    let own: EvidenceRow[] = [];
    const intentId = chain.startsWith("intent/") ? { intentId: chain.slice(7) } : {};
    for (const [turn, count] of transactions.entries()) {
      const about = { ...intentId };
      own = [
        ...own,
        ...(await writeRows(key, chain, drafts(chain, count, turn), { about, after: own })),
      ];
    }
    written.push(...own);
    ends.push({ id: chain, seq: own.length, hash: own.at(-1)?.recordHash ?? "sha256:" });
  }
  [rows, heads] = [written, ends];
  lines = rows.map(({ record }) => record);
  seals = rows.flatMap(({ seal }) => (seal === undefined ? [] : [seal]));
});

async function verify(some: readonly string[], others: readonly string[] = seals) {
  const told: ReadRecord[] = [];
  const report = await verifyEvidence(
    {
      trustPolicies: policies,
      anchors: [anchor.jwk],
      transactions: pairSeals(some, others),
      noted: { chains: heads, records: lines.length, seals: seals.length, trustPolicies: 2 },
    },
    [anchor.thumbprint],
    (read) => told.push(read),
  );
  return { report, told };
}

const nameOf = (row: EvidenceRow | undefined): string => `${row?.chainId}#${row?.seq}`;
const firstOf = ({ firstDefect: defect }: Awaited<ReturnType<typeof verify>>["report"]): string =>
  `${defect?.chainId}#${defect?.seq}`;

/** Every neighbour, and of the others one in seven: each line, and each place, is there many times. */
const pairs = (count: number): [number, number][] =>
  Array.from({ length: count * count }, (_, each): [number, number] => [
    Math.floor(each / count),
    each % count,
  ]).filter(([one, other]) => Math.abs(one - other) <= 2 || (one + 3 * other) % 7 === 0);

describe("one altered line", () => {
  test("VAI-91 a copied record is named itself, and spoils no other, wherever it stands", async () => {
    for (const [from, to] of pairs(lines.length)) {
      const { report, told } = await verify(lines.toSpliced(to, 0, lines[from] ?? ""));
      const what = `${nameOf(rows[from])} before ${nameOf(rows[to])}`;
      assert.deepEqual(
        [report.verdict, report.defectCount, firstOf(report)],
        ["tampered", 1, nameOf(rows[from])],
        what,
      );
      assert.deepEqual(new Set(told.map(({ hash }) => hash)).size, told.length, what);
      assert.equal(told.length, lines.length, what);
    }
  });

  test("VAI-91 a moved record is named itself, or the only one that it passed", async () => {
    for (const [from, to] of pairs(lines.length)) {
      if (from === to) continue;
      const moved = lines.toSpliced(from, 1).toSpliced(to, 0, lines[from] ?? "");
      const { report } = await verify(moved);
      const what = `${nameOf(rows[from])} to ${nameOf(rows[to])}: ${JSON.stringify(report.defects)}`;
      const named = Math.abs(from - to) === 1 ? [rows[from], rows[to]] : [rows[from]];
      assert.equal(report.verdict, "tampered", what);
      assert.ok(named.map(nameOf).includes(firstOf(report)), what);
      assert.ok(report.defectCount <= 3, what);
    }
  });

  test("VAI-91 a record in whose place a copy of another stands is named, and nothing else spoilt", async () => {
    for (const [at, by] of pairs(lines.length)) {
      if (at === by) continue;
      const { report } = await verify(lines.with(at, lines[by] ?? ""));
      const what = `${nameOf(rows[by])} for ${nameOf(rows[at])}: ${JSON.stringify(report.defects)}`;
      assert.equal(report.verdict, "tampered", what);
      assert.equal(firstOf(report), nameOf(rows[at]), what);
      assert.ok(report.defectCount <= 2, what);
    }
  });

  test("VAI-91 a copied seal spoils nothing, a moved or replaced one what it covered", async () => {
    const counts = SHAPE.flatMap(([, transactions]) => transactions);
    for (const [from, to] of pairs(seals.length)) {
      const seal = seals[from] ?? "";
      const covered = counts[from] ?? 0;
      const edits: [how: string, others: string[], most: number][] = [
        ["copied", seals.toSpliced(to, 0, seal), 2],
        ["moved", seals.toSpliced(from, 1).toSpliced(to, 0, seal), covered + 3],
        ["replaced", seals.with(to, seal), (counts[to] ?? 0) + 2],
      ];
      for (const [how, others, most] of edits.filter(([how]) => from !== to || how === "copied")) {
        const { report } = await verify(lines, others);
        const what = `${how} ${from} to ${to}: ${JSON.stringify(report.defects)}`;
        assert.equal(report.verdict, "tampered", what);
        assert.ok(report.defectCount <= most, what);
      }
    }
  });

  test("VAI-91 a transaction that stands twice with its seal is told once", async () => {
    const { report, told } = await verify(lines.toSpliced(9, 0, ...lines.slice(7, 9)), [
      ...seals.slice(0, 2),
      ...seals.slice(1),
    ]);
    assert.equal(report.verdict, "tampered");
    assert.equal(new Set(told.map(({ hash }) => hash)).size, told.length);
    assert.equal(told.length, lines.length);
  });

  test("VAI-91 twenty lines moved together spoil no others", async () => {
    for (const from of [0, 10, lines.length - 20]) {
      for (const to of [0, 13, lines.length - 20]) {
        if (Math.abs(from - to) < 20) continue;
        const block = lines.slice(from, from + 20);
        const { report } = await verify(lines.toSpliced(from, 20).toSpliced(to, 0, ...block));
        assert.equal(report.verdict, "tampered");
        assert.ok(report.defectCount <= 40, `${from} to ${to}: ${report.defectCount}`);
      }
    }
  });
});

describe("longestRise", () => {
  test("one value out of order is left out, and of equal ones the earlier", () => {
    const rise = (...values: number[]) => longestRise(values.map((value) => [value]));
    assert.deepEqual(rise(1, 9, 2, 3), [1, undefined, 2, 3]);
    assert.deepEqual(rise(1, 2, 2, 3), [1, undefined, 2, 3]);
    assert.deepEqual(rise(3, 1, 2), [undefined, 1, 2]);
    assert.deepEqual(longestRise([[1, 5], [2], [], [1, 3]]), [1, 2, undefined, 3]);
    assert.deepEqual(longestRise([[1, 2, 3]]), [1]);
    assert.deepEqual(longestRise([]), []);
  });
});
