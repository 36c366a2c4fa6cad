import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import fc from "fast-check";
import type { Head } from "../../lib/audit/chain-ledger.ts";
import { linesOf } from "../../lib/audit/lines.ts";
import { pairSeals } from "../../lib/audit/pair-seals.ts";
import { placeOf } from "../../lib/audit/read-record.ts";
import { SealsAhead } from "../../lib/audit/seals-ahead.ts";
import type { Transaction } from "../../lib/audit/transaction.ts";
import { type EvidenceSet, verifyEvidence } from "../../lib/audit/verify-evidence.ts";
import { chainRecords, genesisHead } from "../../lib/evidence/chain.ts";
import type { RecordDraft } from "../../lib/evidence/record.ts";
import { sealRecords } from "../../lib/evidence/seal.ts";
import { temporary } from "./support/folder.ts";
import { newId, PLANE } from "./support/plane.ts";
import { type Story, tellStory } from "./support/story.ts";

let story: Story;
let records: readonly string[];
let seals: readonly string[];
let heads: readonly Head[];

before(async () => {
  story = await tellStory();
  records = story.rows.map(({ record }) => record);
  seals = story.rows.flatMap(({ seal }) => (seal === undefined ? [] : [seal]));
  heads = [16, 17, 19].map((end) => {
    const { chainId = "", seq = 0, recordHash = "sha256:" } = story.rows[end - 1] ?? {};
    return { id: chainId, seq, hash: recordHash };
  });
});

/** The verdict on lines of an export whose manifest was not touched. */
async function verify(lines: readonly unknown[], sealLines: readonly unknown[]) {
  const { anchor, policy } = story;
  const set: EvidenceSet = {
    trustPolicies: [policy.jws],
    anchors: [anchor.jwk],
    transactions: pairSeals(lines, sealLines),
    noted: { chains: heads, records: records.length, seals: seals.length, trustPolicies: 1 },
  };
  return verifyEvidence(set, [anchor.thumbprint]);
}

type Edit = (lines: readonly string[]) => string[];

/** What somebody with an editor does to lines. */
const edit: fc.Arbitrary<Edit> = fc
  .tuple(fc.constantFrom("drop", "repeat", "swap", "move", "cut", "blank"), fc.nat(), fc.nat())
  .map(([how, one, two]) => (lines) => {
    if (lines.length === 0) return [];
    const [a, b] = [one % lines.length, two % lines.length];
    const [from = "", to = ""] = [lines[a], lines[b]];
    if (how === "drop") return lines.toSpliced(a, 1 + (two % 4));
    if (how === "repeat") return lines.toSpliced(b, 0, from);
    if (how === "move") return lines.toSpliced(a, 1).toSpliced(b, 0, from);
    if (how === "cut") return lines.slice(0, a);
    if (how === "blank") return lines.with(a, "");
    return lines.with(a, to).with(b, from);
  });

describe("pairSeals", () => {
  test("USR-13 an export as it was written is one transaction a seal", async () => {
    const found: [number, number | undefined][] = [];
    for await (const { records: some, seal } of pairSeals(records, seals)) {
      assert.ok(seal !== undefined && !("problem" in seal));
      found.push([some.length, seal.statement.subject.length]);
    }
    assert.deepEqual(
      found,
      [7, 2, 3, 4, 1, 2].map((count) => [count, count]),
    );
    assert.equal((await verify(records, seals)).verdict, "unanchored");
  });

  test("VAI-91 whatever lines are dropped, repeated, swapped, moved or blanked: never good, never an exception", async () => {
    const edits = fc.array(edit, { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(edits, edits, async (ofRecords, ofSeals) => {
        const some = ofRecords.reduce((lines: string[], each) => each(lines), [...records]);
        const others = ofSeals.reduce((lines: string[], each) => each(lines), [...seals]);
        const isSame =
          some.join("\n") === records.join("\n") && others.join("\n") === seals.join("\n");
        const { verdict } = await verify(some, others);
        assert.equal(verdict === "unanchored", isSame, verdict);
      }),
      { numRuns: 400 },
    );
  });

  test("ADV-07 lines of any shape are defects, not exceptions", async () => {
    const lines = fc.array(
      fc.oneof(fc.anything(), fc.json(), fc.constantFrom(...records, ...seals)),
    );
    await fc.assert(
      fc.asyncProperty(lines, lines, async (some, others) => {
        const { verdict } = await verify(some, others);
        assert.notEqual(verdict, "unanchored");
      }),
    );
  });

  test("USR-13 an export of any length is paired with bounded memory", async () => {
    const [long, count] = [longExport(3_000), 3_000];
    const lines = await long;
    let [pulledRecords, pulledSeals, done, widest] = [0, 0, 0, 0];
    const counted = function* (all: readonly string[], onPull: () => void) {
      for (const line of all) {
        onPull();
        yield line;
      }
    };
    const transactions = pairSeals(
      counted(lines.records, () => pulledRecords++),
      counted(lines.seals, () => pulledSeals++),
    );
    for await (const { records: some } of transactions) {
      assert.equal(some.length, 2);
      done++;
      widest = Math.max(widest, pulledRecords - done * 2, pulledSeals - done);
    }
    assert.equal(done, count);
    assert.ok(widest <= 1_001, `${widest}`);
  });

  test("VAI-91 a flood of records that no seal names is handed on without one", async () => {
    const flood = Array.from({ length: 20_000 }, (_, index) => `${index}`);
    let widest = 0;
    let count = 0;
    for await (const { records: some } of pairSeals([...flood, ...records], seals)) {
      widest = Math.max(widest, some.length);
      count += some.length;
    }
    assert.equal(count, flood.length + records.length);
    assert.ok(widest <= 1_001 + 7, `${widest}`);
  });

  test("ADV-07 however many copies of a seal there are, a record is looked for under the first few", async () => {
    const ahead = await SealsAhead.open(Array.from({ length: 1_000 }, () => seals[0]));
    const places = ahead.find(story.rows[0]?.recordHash);
    assert.ok(places.length >= 1 && places.length <= 4, `${places.length}`);
  });

  test("VAI-91 edited records stay with their seals, though one of these cannot be read", async () => {
    const edited = records.map((record) => record.replace("0.1.0", "0.1.1"));
    for (const [at] of seals.entries()) {
      const counts: number[] = [];
      for await (const { records: some } of pairSeals(edited, seals.with(at, "null"))) {
        counts.push(some.length);
      }
      assert.deepEqual(counts, [7, 2, 3, 4, 1, 2], `${at}`);
    }
  });

  test("ADV-21 hundreds of transactions whose records are gone: those behind them are still found", async () => {
    const { records: all, seals: named } = await longExport(1_000);
    const left = [...all.slice(0, 100), ...all.slice(1_900)];
    const whole: number[] = [];
    const empty: Transaction[] = [];
    for await (const transaction of pairSeals(left, named)) {
      const [first] = transaction.records;
      if (first === undefined) empty.push(transaction);
      else if (transaction.records.length === 2) whole.push(placeOf(first)?.seq ?? 0);
    }
    assert.equal(empty.length, 900);
    assert.deepEqual(whole.slice(48, 52), [97, 99, 1901, 1903]);
    assert.equal(whole.length, 100);
  });
});

/** Records and seals of one chain, two records a seal; the signatures are none. */
async function longExport(transactions: number) {
  const chainId = "plane/long";
  let head = genesisHead(PLANE, chainId);
  const written: { records: string[]; seals: string[] } = { records: [], seals: [] };
  const signer = {
    keyid: async () => story.key.thumbprint,
    sign: async () => new Uint8Array(),
  };
  const context = {
    plane: PLANE,
    chainId,
    source: { component: "c", version: "v", account: "a", region: "r", requestId: "i" },
    at: "2026-05-05T04:00:00.000Z",
    about: {},
    eventDigest: `sha256:${"e".repeat(64)}`,
    newId,
  } as const;
  for (let index = 0; index < transactions; index++) {
    const reason = { reason: "no" };
    const drafts: RecordDraft[] = [
      { type: "IdentityDenied", detail: reason },
      { type: "IdentityDenied", detail: reason },
    ];
    const placed = chainRecords(drafts, head, context);
    for (const { record, seal, seq, recordHash } of await sealRecords(placed, signer)) {
      written.records.push(record);
      if (seal !== undefined) written.seals.push(seal);
      head = { seq, hash: recordHash };
    }
  }
  return written;
}

describe("linesOf", () => {
  test("USR-13 VAI-91 line feeds alone end a line; what is no UTF-8, or longer than any record, is no text", async () => {
    const { path, remove } = await temporary();
    try {
      const file = join(path, "lines");
      const read = async (...parts: (string | Buffer)[]) => {
        await writeFile(file, Buffer.concat(parts.map((part) => Buffer.from(part as string))));
        const lines: (string | undefined)[] = [];
        for await (const line of linesOf(() => createReadStream(file))) lines.push(line);
        return lines;
      };
      assert.deepEqual(await read(), []);
      assert.deepEqual(await read("one\ntwo"), ["one", "two"]);
      assert.deepEqual(await read("one\n\ntwo\n"), ["one", "", "two"]);
      assert.deepEqual(await read("a\rb\u2028c\u0085d\r\ne\n"), ["a\rb\u2028c\u0085d\r", "e"]);
      assert.deepEqual(await read("a\n", Buffer.of(0xc3), "\nb\n"), ["a", undefined, "b"]);
      const wide = "\u{1f511}".repeat(40_000);
      assert.deepEqual(await read(`${wide}\n${wide}\n`), [wide, wide]);
      const long = "x".repeat(400 * 1024);
      assert.deepEqual(await read(`${long}\n${long}x\nend\n`), [long, undefined, "end"]);
      assert.deepEqual(await read(`${long}${long}${long}`), [undefined]);
    } finally {
      await remove();
    }
  });
});
