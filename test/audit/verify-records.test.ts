import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import fc from "fast-check";
import type { SealedRow } from "../../lib/audit/transaction.ts";
import { verifyRecords } from "../../lib/audit/verify.ts";
import { sha256Digest } from "../../lib/encoding/digest.ts";
import { evidenceKey, NOW, newKey, writeRows } from "./support/plane.ts";
import { type Editable, reseal } from "./support/resign.ts";
import { CHAIN, type Story, tellStory } from "./support/story.ts";

let story: Story;
const verify = (rows: Iterable<SealedRow>) => verifyRecords(rows, [story.key.jwk]);

/** The rows with the transaction that begins at an index sealed again, its records or Statement edited. */
function resealed(start: number, count: number, ...more: ResealRest): SealedRow[] {
  const [key = story.key, edits] = more;
  const rows = reseal(story.rows.slice(start, start + count), key, edits);
  return (story.rows as readonly SealedRow[]).toSpliced(start, count, ...rows);
}
type ResealRest = [key?: Parameters<typeof reseal>[1], edits?: Parameters<typeof reseal>[2]];

before(async () => {
  story = await tellStory();
});

describe("verifyRecords", () => {
  test("OKG-44 what the writer wrote is unanchored at best: no checkpoint covers the tails", () => {
    const { verdict, defects, records, seals, chains } = verify(story.rows);
    assert.equal(verdict, "unanchored");
    assert.deepEqual(defects, []);
    assert.deepEqual([records, seals], [story.rows.length, 6]);
    assert.deepEqual(chains.find(({ id }) => id === CHAIN)?.seq, 16);
  });

  test("VAI-24 a record and its seal are enough, and keys may have their times", () => {
    const rows = story.rows.map(({ record, seal }) => ({ record, seal }));
    assert.equal(verifyRecords(rows, [evidenceKey(story.key)]).verdict, "unanchored");
  });

  test("OKG-23 any single byte changed in any record or seal breaks verification and is named", () => {
    const texts = story.rows.flatMap(({ record, seal }, at) => [
      { at, name: "record" as const, text: record },
      ...(seal === undefined ? [] : [{ at, name: "seal" as const, text: seal }]),
    ]);
    const flip = fc.tuple(
      fc.constantFrom(...texts),
      fc.nat(1_000_000),
      fc.integer({ min: 1, max: 255 }),
    );
    fc.assert(
      fc.property(flip, ([{ at, name, text }, place, mask]) => {
        const bytes = Buffer.from(text, "utf8");
        const offset = place % bytes.length;
        bytes[offset] = (bytes[offset] ?? 0) ^ mask;
        const row = { ...(story.rows[at] as SealedRow), [name]: bytes.toString("utf8") };
        const { verdict, firstDefect } = verify(story.rows.with(at, row as never));
        assert.equal(verdict, "tampered");
        const { chainId, seq } = story.rows[name === "record" ? at : firstUnder(at)] ?? {};
        assert.deepEqual([firstDefect?.chainId, firstDefect?.seq], [chainId, seq]);
      }),
      { numRuns: 500 },
    );
  });

  test("ADV-20 an edited record under the old seal is EVIDENCE_HASH_MISMATCH and named, and no other", () => {
    for (const at of [0, 6, 8, 15, 16, 18]) {
      const row = story.rows[at];
      assert.ok(row);
      const record = row.record.replace('"version":"0.1.0"', '"version":"0.1.1"');
      const { verdict, firstDefect, defects } = verify(story.rows.with(at, { ...row, record }));
      assert.deepEqual([verdict, defects.length], ["tampered", 1]);
      const { chainId, seq, code, what } = firstDefect ?? {};
      assert.deepEqual([chainId, seq, code], [row.chainId, row.seq, "EVIDENCE_HASH_MISMATCH"]);
      assert.equal(what, "is not the record that was sealed");
    }
  });

  test("ADV-20 an edited seal is EVIDENCE_SIGNATURE_INVALID: the records under it are one defect", () => {
    const statement = (at: string) =>
      reseal(story.rows.slice(0, 7), story.key, { statement: (edit) => (edit.predicate.at = at) });
    const seal = JSON.parse(statement("2026-05-05T04:00:00.001Z").at(-1)?.seal ?? "");
    const old = JSON.parse(story.rows[6]?.seal ?? "");
    const forged = JSON.stringify({ ...seal, signatures: old.signatures });
    const row = { ...(story.rows[6] as SealedRow), seal: forged };
    const { firstDefect, defects } = verify(story.rows.with(6, row as never));
    assert.deepEqual(
      [defects.length, firstDefect?.chainId, firstDefect?.seq, firstDefect?.code],
      [1, CHAIN, 1, "EVIDENCE_SIGNATURE_INVALID"],
    );
  });

  test("ADV-68 a transaction sealed again with another good key is EVIDENCE_SIGNATURE_INVALID", () => {
    const { verdict, firstDefect } = verify(resealed(7, 2, newKey()));
    assert.deepEqual([verdict, firstDefect?.seq], ["tampered", 8]);
    assert.equal(firstDefect?.code, "EVIDENCE_SIGNATURE_INVALID");
    assert.match(firstDefect.what, /not an evidence key/);
    const stolen = resealed(7, 2, { ...newKey(), thumbprint: story.key.thumbprint });
    assert.match(verify(stolen).firstDefect?.what ?? "", /signature does not verify/);
  });

  test("ADV-19 a deleted record is a gap, named by its number, though its seal is there", () => {
    for (const at of [1, 5, 7, 9, 10]) {
      const { verdict, firstDefect } = verify(story.rows.toSpliced(at, 1));
      assert.deepEqual(
        [verdict, firstDefect?.chainId, firstDefect?.seq, firstDefect?.code],
        ["gap", CHAIN, at + 1, "EVIDENCE_MISSING"],
      );
    }
  });

  test("ADV-19 a deleted first record is a gap too: a chain begins at its genesis", () => {
    const { verdict, firstDefect } = verify(story.rows.slice(1));
    assert.deepEqual([verdict, firstDefect?.seq], ["gap", 1]);
  });

  test("ADV-19 a whole transaction that was deleted is a gap", () => {
    const { verdict, firstDefect, defects } = verify(story.rows.toSpliced(7, 2));
    assert.deepEqual([verdict, firstDefect?.seq, defects.length], ["gap", 8, 1]);
    assert.match(firstDefect?.what ?? "", /every record up to 9/);
  });

  test("OKG-24 a genuine record under another chain's name does not link to that chain's genesis", async () => {
    const foreign = await writeRows(story.key, "plane/other", [{ type: "TrustPolicyPublished" }]);
    const moved = reseal(foreign, story.key, {
      record: ({ chain }) => (chain.id = "plane/registry"),
      statement: ({ subject: [subject], predicate }) => {
        Object.assign(subject ?? {}, { name: "plane/registry#1" });
        predicate.chain.id = "plane/registry";
      },
    });
    const { verdict, firstDefect } = verify(moved);
    assert.deepEqual(
      [verdict, firstDefect?.code, firstDefect?.seq],
      ["tampered", "EVIDENCE_CHAIN_BROKEN", 1],
    );
  });

  test("OKG-27 a second history behind the same record does not link", () => {
    const fork = (at: number, start: number, count: number) =>
      verify(
        resealed(start, count, undefined, {
          record: (record, index) => {
            if (start + index === at) record.detail = {};
          },
        }),
      );
    const inside = fork(5, 0, 7);
    assert.deepEqual([inside.verdict, inside.firstDefect?.seq], ["tampered", 7]);
    const last = fork(8, 7, 2);
    assert.deepEqual([last.verdict, last.firstDefect?.seq], ["tampered", 10]);
  });

  test("VAI-91 two records with one event id are tampered", () => {
    const twins = resealed(17, 2, undefined, {
      record: ({ event }) => (event.id = story.rows[0]?.eventId ?? ""),
    });
    const { firstDefect } = verify(twins);
    assert.match(firstDefect?.what ?? "", /event id/);
    assert.equal(firstDefect?.seq, 1);
  });

  test("OKG-23 a record of another plane among others is tampered", async () => {
    const foreign = await writeRows(
      story.key,
      "unattributed/2026-05-06/0",
      [{ type: "IdentityDenied" }],
      { plane: "vai:000000000000:us-east-1:other" },
    );
    const { verdict, firstDefect } = verify([...story.rows, ...foreign]);
    assert.deepEqual([verdict, firstDefect?.chainId], ["tampered", "unattributed/2026-05-06/0"]);
  });

  test("VAI-91 a key outside its time, or revoked, carries no seal", () => {
    const at = (more: object) =>
      verifyRecords(story.rows, [evidenceKey(story.key, more)]).firstDefect?.what;
    assert.match(at({ notAfter: NOW }) ?? "", /not in use/);
    assert.match(at({ notBefore: NOW + 1 }) ?? "", /not in use/);
    assert.equal(at({ notBefore: NOW, notAfter: NOW + 10 }), undefined);
    assert.match(
      at({ revokedAt: NOW + 5000 }) ?? "",
      /revoked at 2026-05-05T05:23:20.000Z; no checkpoint/,
    );
  });

  test("VAI-91 a revocation in one of several entries of a key counts", () => {
    const keys = [evidenceKey(story.key, { revokedAt: NOW }), evidenceKey(story.key)];
    assert.equal(verifyRecords(story.rows, keys).verdict, "tampered");
  });

  test("OKG-22 closed members: what a record may not say is refused though it is well sealed", () => {
    const edits: ((record: Editable) => void)[] = [
      (record) => Object.assign(record, { extra: 1 }),
      (record) => Object.assign(record, { type: "urn:vai:record:v2" }),
      (record) => Object.assign(record.actor, { role: "admin" }),
      (record) => delete record.source,
      (record) => Object.assign(record.event, { at: "2026-05-05T04:00:00Z" }),
      (record) => Object.assign(record.decision, { outcome: "MAYBE" }),
      (record) => Object.assign(record.chain, { seq: "1" }),
      (record) => Object.assign(record, { intentId: "0198c7d2-0000-7000-8000-000000000009" }),
      (record) => Object.assign(record.contract ?? {}, { digest: "sha256:9" }),
      (record) => Object.assign(record, { eventDigest: `sha256:${"e".repeat(64)}` }),
      (record) => delete record.contract,
    ];
    for (const edit of edits) {
      const only = (record: Editable, index: number) => {
        if (index === 0) edit(record);
      };
      const { verdict, firstDefect } = verify(resealed(0, 7, undefined, { record: only }));
      const { code, chainId, seq, what = "" } = firstDefect ?? {};
      assert.deepEqual(
        [verdict, code, chainId, seq],
        ["tampered", "EVIDENCE_CHAIN_BROKEN", CHAIN, 1],
        edit.toString(),
      );
      assert.match(what, /^is not a record: /);
    }
  });

  test("OKG-23 another spelling of the same record is none, though that spelling was sealed", () => {
    const text = story.rows[16]?.record ?? "";
    const spellings = [
      ` ${text}`,
      text.replace(":", ": "),
      text.replace('"plane"', '"pl\\u0061ne"'),
      text.replace('{"chain"', '{"type":"urn:vai:record:v1","chain"'),
      text.replace('"version":1', '"version":1.0'),
      JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text)).toReversed())),
    ];
    for (const spelling of spellings) {
      assert.notEqual(spelling, text);
      const { verdict, firstDefect } = verify(sealedAs(16, spelling));
      assert.deepEqual(
        [verdict, firstDefect?.chainId, firstDefect?.code],
        ["tampered", "plane/registry", "EVIDENCE_CHAIN_BROKEN"],
        spelling.slice(0, 40),
      );
      assert.match(firstDefect?.what ?? "", /RFC 8785/);
    }
  });

  test("OKG-44 of several defects the worst decides", () => {
    const rows = story.rows.toSpliced(1, 1);
    const last = rows.at(-1);
    assert.ok(last?.seal);
    const broken = rows.with(-1, {
      ...last,
      seal: last.seal.replace("payloadType", "payloadtype"),
    });
    const { verdict, defects } = verify(broken);
    assert.equal(verdict, "tampered");
    assert.equal(defects.length, 2);
  });

  test("VAI-24 a value that is no key is the caller's mistake", () => {
    assert.throws(
      () => verifyRecords([], [{ kty: "EC", crv: "P-256", x: "a", y: "b" }]),
      TypeError,
    );
  });
});

/** The first row of the transaction whose seal stands in the row `at`. */
function firstUnder(at: number): number {
  let first = at;
  while (first > 0 && story.rows[first - 1]?.seal === undefined) first--;
  return first;
}

/** The rows with the record of a transaction of one spelt otherwise, and sealed so by the true key. */
function sealedAs(at: number, record: string): SealedRow[] {
  const row = story.rows[at] as SealedRow;
  const hash = sha256Digest(record).slice("sha256:".length);
  const [made] = reseal([row], story.key, {
    statement: ({ subject: [subject] }) => Object.assign(subject?.digest ?? {}, { sha256: hash }),
  });
  return (story.rows as readonly SealedRow[]).with(at, { record, seal: made?.seal });
}
