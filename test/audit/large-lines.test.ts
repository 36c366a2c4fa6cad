import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { judgeTransactions } from "../../lib/audit/judge.ts";
import { pairSeals } from "../../lib/audit/pair-seals.ts";
import { claimedPlace } from "../../lib/audit/place.ts";
import { placeOf } from "../../lib/audit/read-record.ts";
import { readSeal } from "../../lib/audit/read-seal.ts";
import { type Transaction, transactionsOf } from "../../lib/audit/transaction.ts";
import { canonicalize } from "../../lib/encoding/canonical-json.ts";
import { sha256Digest } from "../../lib/encoding/digest.ts";
import { fromBase64 } from "../../lib/encoding/platform.ts";
import { sealText } from "../../lib/evidence/seal.ts";
import { MOST_RECORDS } from "../../lib/evidence/seal-shape.ts";
import { sealed, statementOf } from "./support/resign.ts";
import { CHAIN, type Story, tellStory } from "./support/story.ts";

const MEBI = 1024 * 1024;
/** Just below the longest line. */
const SIZE = 390 * 1024;

let story: Story;
before(async () => {
  story = await tellStory();
});

/** A record of that size, well formed, that no seal names. */
const large = (index: number): string => {
  const record = JSON.parse(story.rows[0]?.record ?? "");
  const detail = { a: "x".repeat(SIZE) };
  return canonicalize({ ...record, chain: { ...record.chain, seq: index + 1 }, detail });
};

/** What is parsed and held at once, and what waits, as far as a reader of the transactions can see it. */
async function watch(lines: readonly string[], seals: readonly string[]) {
  let [pulled, handed, waiting, parsed] = [0, 0, 0, 0];
  const counted = function* () {
    for (const line of lines) {
      pulled += line.length;
      yield line;
    }
  };
  const seen = async function* (): AsyncGenerator<Transaction> {
    for await (const transaction of pairSeals(counted(), seals)) {
      waiting = Math.max(waiting, pulled - handed);
      handed += transaction.size;
      yield transaction;
    }
  };
  let records = 0;
  for await (const batch of judgeTransactions(seen(), new Map())) {
    parsed = Math.max(
      parsed,
      batch.reduce((sum, { size }) => sum + size, 0),
    );
    records += batch.reduce((sum, each) => sum + each.records.length, 0);
  }
  return { records, handed, pulled, waiting, parsed };
}

describe("lines as long as they may be", () => {
  test("ADV-07 records without a seal wait as text, and are parsed a few at a time", async () => {
    const lines = Array.from({ length: 60 }, (_, index) => large(index));
    const found = await watch(lines, []);
    assert.deepEqual([found.records, found.handed], [60, found.pulled]);
    assert.ok(found.waiting < 9 * MEBI, `${found.waiting}`);
    assert.ok(found.parsed < 4 * MEBI, `${found.parsed}`);
  });

  test("ADV-07 a forged seal over more than a transaction can hold does not make them wait", async () => {
    const lines = Array.from({ length: 100 }, (_, index) => large(index));
    const statement = statementOf(story.rows[6]?.seal ?? "");
    statement.subject = lines.map((line, index) => ({
      name: `${CHAIN}#${index + 1}`,
      digest: { sha256: sha256Digest(line).slice("sha256:".length) },
    }));
    statement.predicate.chain.last = 100;
    const found = await watch(lines, [sealed(canonicalize(statement), story.key)]);
    assert.deepEqual([found.records, found.handed], [100, found.pulled]);
    assert.ok(found.waiting < 9 * MEBI, `${found.waiting}`);
    assert.ok(found.parsed < 9 * MEBI, `${found.parsed}`);
  });

  test("ADV-07 rows of a table whose seals are gone wait up to one transaction, in their order, and none is lost", () => {
    let waiting = 0;
    let widest = 0;
    const rows = function* () {
      for (let seq = 1; seq <= 500; seq++) {
        widest = Math.max(widest, ++waiting);
        yield { record: large(seq) };
      }
    };
    const found: number[] = [];
    for (const { records, seal } of transactionsOf(rows())) {
      assert.equal(seal, undefined);
      waiting -= records.length;
      found.push(...records.map((read) => placeOf(read)?.seq ?? 0));
    }
    assert.deepEqual(
      found,
      Array.from({ length: 500 }, (_, index) => index + 2),
    );
    assert.ok(widest <= MOST_RECORDS + 1, `${widest}`);
  });

  test("ADV-07 the size of a transaction is that of its own rows", () => {
    const rows = [...story.rows, ...story.rows.slice(0, 2)].map(({ record, seal }) => ({
      ...{ record, seal },
    }));
    for (const { records, size } of transactionsOf([...rows])) {
      const from = rows.splice(0, records.length);
      assert.equal(
        size,
        from.reduce((sum, { record }) => sum + record.length, 0),
      );
    }
    assert.equal(rows.length, 0);
  });

  test("ADV-07 a seal has a signature of P-256, and no room for anything else", () => {
    const seal = JSON.parse(story.rows[6]?.seal ?? "");
    const payload = fromBase64(seal.payload) ?? assert.fail();
    const withSignature = (length: number) =>
      readSeal(sealText(payload, story.key.thumbprint, new Uint8Array(length)));
    assert.ok(!("problem" in withSignature(72)));
    const read = withSignature(73);
    assert.match("problem" in read ? read.problem : "", /longer than ECDSA/);
  });

  test("ADV-07 a place that no chain can have is none", () => {
    const claim = (id: string) => claimedPlace({ chain: { id, seq: 1 } });
    assert.ok(claim(CHAIN));
    assert.equal(claim("x".repeat(129)), undefined);
  });
});
