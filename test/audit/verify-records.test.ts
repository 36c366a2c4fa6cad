import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import fc from "fast-check";
import { verifyRecords } from "../../lib/audit/verify.ts";
import type { EvidenceRow } from "../../lib/evidence/envelope.ts";
import { evidenceKey, NOW, newKey, writeRows } from "./support/plane.ts";
import { type Editable, resign } from "./support/resign.ts";
import { CHAIN, type Story, tellStory } from "./support/story.ts";

let story: Story;
const envelopes = (rows: readonly EvidenceRow[]): string[] => rows.map(({ envelope }) => envelope);
const verify = (records: Iterable<unknown>) => verifyRecords(records, [story.key.jwk]);

/** The rows with one of them replaced. */
const replaced = (index: number, envelope: string): string[] =>
  envelopes(story.rows).with(index, envelope);

before(async () => {
  story = await tellStory();
});

describe("verifyRecords", () => {
  test("OKG-44 what the writer wrote is unanchored at best: no checkpoint covers the tails", () => {
    const { verdict, defects, records, chains } = verify(envelopes(story.rows));
    assert.equal(verdict, "unanchored");
    assert.deepEqual(defects, []);
    assert.equal(records, story.rows.length);
    assert.deepEqual(chains.find(({ id }) => id === CHAIN)?.seq, 16);
  });

  test("VAI-24 envelopes as objects and keys with their times are accepted too", () => {
    const records = envelopes(story.rows).map((text) => JSON.parse(text));
    assert.equal(verifyRecords(records, [evidenceKey(story.key)]).verdict, "unanchored");
  });

  test("OKG-23 any single byte changed in any envelope breaks verification", () => {
    const all = envelopes(story.rows);
    fc.assert(
      fc.property(
        fc.nat(all.length - 1),
        fc.nat(1_000_000),
        fc.integer({ min: 1, max: 255 }),
        (at, place, mask) => {
          const bytes = Buffer.from(all[at] ?? "", "utf8");
          const offset = place % bytes.length;
          bytes[offset] = (bytes[offset] ?? 0) ^ mask;
          const result = verify(replaced(at, bytes.toString("utf8")));
          assert.equal(result.verdict, "tampered");
          const row = story.rows[at];
          // Which chain a record began whose name for it was changed, only a manifest can tell.
          if (row?.seq === 1) return;
          const { chainId, seq } = result.firstDefect ?? {};
          assert.deepEqual({ chainId, seq }, { chainId: row?.chainId, seq: row?.seq });
        },
      ),
      { numRuns: 300 },
    );
  });

  test("ADV-20 an edited payload under the old signature is EVIDENCE_SIGNATURE_INVALID and named", () => {
    const row = story.rows[6];
    assert.ok(row);
    const envelope = JSON.parse(row.envelope);
    const payload = Buffer.from(envelope.payload, "base64")
      .toString("utf8")
      .replace('"max":10', '"max":99');
    envelope.payload = Buffer.from(payload, "utf8").toString("base64");
    const { verdict, firstDefect, defects } = verify(replaced(6, JSON.stringify(envelope)));
    assert.equal(verdict, "tampered");
    assert.equal(firstDefect?.code, "EVIDENCE_SIGNATURE_INVALID");
    assert.deepEqual([firstDefect.chainId, firstDefect.seq, defects.length], [CHAIN, 7, 1]);
  });

  test("ADV-68 a record signed again with another good key is EVIDENCE_SIGNATURE_INVALID", () => {
    const row = story.rows[4];
    assert.ok(row);
    const { verdict, firstDefect } = verify(replaced(4, resign(row, newKey())));
    assert.equal(verdict, "tampered");
    assert.equal(firstDefect?.code, "EVIDENCE_SIGNATURE_INVALID");
    assert.match(firstDefect.what, /not an evidence key/);
  });

  test("ADV-19 a deleted record is a gap, named by its number", () => {
    const { verdict, firstDefect } = verify(envelopes(story.rows.toSpliced(1, 1)));
    assert.equal(verdict, "gap");
    assert.deepEqual(
      [firstDefect?.chainId, firstDefect?.seq, firstDefect?.code],
      [CHAIN, 2, "EVIDENCE_MISSING"],
    );
  });

  test("ADV-19 a deleted first record is a gap too: a chain begins at its genesis", () => {
    const { verdict, firstDefect } = verify(envelopes(story.rows.slice(1)));
    assert.deepEqual([verdict, firstDefect?.seq], ["gap", 1]);
  });

  test("VAI-91 records in another order, twice, or in another chain are tampered", () => {
    const all = envelopes(story.rows);
    const [second = "", third = ""] = all.slice(1, 3);
    const stray = all.at(-1) ?? "";
    for (const records of [
      all.with(1, third).with(2, second),
      all.toSpliced(2, 0, second),
      all.toSpliced(3, 1, stray),
    ]) {
      assert.equal(verify(records).verdict, "tampered");
    }
  });

  test("OKG-24 a genuine record under another chain's name does not link to that chain's genesis", async () => {
    const foreign = await writeRows(story.key, "plane/other", [{ type: "TrustPolicyPublished" }]);
    const moved = resign(foreign[0] as EvidenceRow, story.key, (predicate) => {
      predicate.chain.id = "plane/registry";
    });
    const { verdict, firstDefect } = verify([moved]);
    assert.deepEqual(
      [verdict, firstDefect?.code, firstDefect?.seq],
      ["tampered", "EVIDENCE_CHAIN_BROKEN", 1],
    );
  });

  test("OKG-27 a second history behind the same record does not link", () => {
    const row = story.rows[5];
    assert.ok(row);
    const fork = resign(row, story.key, (predicate) => {
      predicate.detail = {};
    });
    const { verdict, firstDefect } = verify(replaced(5, fork));
    assert.deepEqual([verdict, firstDefect?.seq], ["tampered", 7]);
  });

  test("VAI-91 two records with one event id are tampered", async () => {
    const first = story.rows.at(-2);
    const last = story.rows.at(-1);
    assert.ok(first && last);
    const twin = resign(last, story.key, (predicate) => {
      predicate.event.id = first.eventId;
    });
    assert.match(verify(replaced(story.rows.length - 1, twin)).firstDefect?.what ?? "", /event id/);
  });

  test("OKG-23 a record of another plane among others is tampered", async () => {
    const foreign = await writeRows(
      story.key,
      "unattributed/2026-05-06/0",
      [{ type: "IdentityDenied" }],
      {
        plane: "vai:000000000000:us-east-1:other",
      },
    );
    const { verdict, firstDefect } = verify(envelopes([...story.rows, ...foreign]));
    assert.deepEqual([verdict, firstDefect?.chainId], ["tampered", "unattributed/2026-05-06/0"]);
  });

  test("VAI-91 a key outside its time, or revoked, carries no record", () => {
    const at = (more: object) =>
      verifyRecords(envelopes(story.rows), [evidenceKey(story.key, more)]).firstDefect?.what;
    assert.match(at({ notAfter: NOW }) ?? "", /not in use/);
    assert.match(at({ notBefore: NOW + 1 }) ?? "", /not in use/);
    assert.match(
      at({ revokedAt: NOW + 5000 }) ?? "",
      /revoked at 2026-05-05T05:23:20.000Z; no checkpoint/,
    );
  });

  test("VAI-91 a revocation in one of several entries of a key counts", () => {
    const keys = [evidenceKey(story.key, { revokedAt: NOW }), evidenceKey(story.key)];
    assert.equal(verifyRecords(envelopes(story.rows), keys).verdict, "tampered");
  });

  test("OKG-22 closed members: what a statement may not say is refused though it is well signed", () => {
    const row = story.rows[0];
    assert.ok(row);
    const edits: ((predicate: Editable) => void)[] = [
      (predicate) => Object.assign(predicate, { extra: 1 }),
      (predicate) => Object.assign(predicate.actor, { role: "admin" }),
      (predicate) => delete predicate.source,
      (predicate) => Object.assign(predicate.event, { at: "2026-05-05T04:00:00Z" }),
      (predicate) => Object.assign(predicate.decision, { outcome: "MAYBE" }),
      (predicate) => Object.assign(predicate.chain, { seq: "1" }),
      (predicate) => Object.assign(predicate, { intentId: "0198c7d2-0000-7000-8000-000000000009" }),
      (predicate) =>
        Object.assign(predicate.contract ?? {}, { digest: `sha256:${"9".repeat(64)}` }),
      (predicate) => delete predicate.contract,
    ];
    for (const edit of edits) {
      const { verdict, firstDefect } = verify(replaced(0, resign(row, story.key, edit)));
      assert.equal(verdict, "tampered");
      assert.equal(firstDefect?.code, "EVIDENCE_CHAIN_BROKEN", edit.toString());
    }
  });

  test("OKG-23 another spelling of the same envelope is none", () => {
    const [text = ""] = envelopes(story.rows);
    const envelope = JSON.parse(text);
    const twice = text.replace('{"payload"', `{"payload":"${envelope.payload}","payload"`);
    const spellings = [
      ` ${text}`,
      text.replace(":", ": "),
      twice,
      text.replace('"payloadType"', '"payload\\u0054ype"'),
      JSON.stringify({ ...envelope, more: 1 }),
      JSON.stringify({ ...envelope, payload: envelope.payload.replace(/=*$/, "") }).replace(
        '"payloadType"',
        ' "payloadType"',
      ),
      JSON.stringify({ ...envelope, signatures: [...envelope.signatures, ...envelope.signatures] }),
    ];
    for (const spelling of spellings)
      assert.equal(verify(replaced(0, spelling)).verdict, "tampered", spelling.slice(0, 40));
  });

  test("OKG-44 of several defects the worst decides", () => {
    const all = envelopes(story.rows).toSpliced(1, 1);
    const broken = all.with(-1, (all.at(-1) ?? "").replace("payloadType", "payloadtype"));
    const { verdict, defects } = verify(broken);
    assert.equal(verdict, "tampered");
    assert.equal(defects.length, 2);
  });

  test("ADV-07 values of any shape are defects, not exceptions", () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.json()), (value) => {
        assert.equal(verify([value]).verdict, "tampered");
      }),
    );
  });

  test("VAI-24 a value that is no key is the caller's mistake", () => {
    assert.throws(
      () => verifyRecords([], [{ kty: "EC", crv: "P-256", x: "a", y: "b" }]),
      TypeError,
    );
  });
});
