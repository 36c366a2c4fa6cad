import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { identityAnswers } from "../../lib/audit/answers.ts";
import { ChainLedger } from "../../lib/audit/chain-ledger.ts";
import { evidenceKeys } from "../../lib/audit/evidence-keys.ts";
import { publishedPolicy, writeExport } from "../../lib/audit/export.ts";
import { judgeTransaction, judgeTransactions } from "../../lib/audit/judge.ts";
import { readRecord } from "../../lib/audit/read-record.ts";
import { readSeal } from "../../lib/audit/read-seal.ts";
import { traceChain } from "../../lib/audit/trace.ts";
import { type SealedRow, transactionsOf } from "../../lib/audit/transaction.ts";
import type { Defect } from "../../lib/audit/verdict.ts";
import { type EvidenceSet, verifyEvidence } from "../../lib/audit/verify-evidence.ts";
import { canonicalize } from "../../lib/encoding/canonical-json.ts";
import { genesisHead } from "../../lib/evidence/chain.ts";
import { evidenceKeys as enforcedKeys, openChain } from "../../lib/evidence/open.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import type { EvidenceRow } from "../../lib/evidence/row.ts";
import type { TrustPolicy } from "../../lib/trust/policy.ts";
import { temporary } from "./support/folder.ts";
import { evidenceKey, newKey, PLANE, readerOf, signPolicy } from "./support/plane.ts";
import { reseal, sealed, statementOf } from "./support/resign.ts";
import { CHAIN, INTENT, type Story, tellStory } from "./support/story.ts";

let story: Story;
let place: Awaited<ReturnType<typeof temporary>>;

before(async () => {
  [story, place] = await Promise.all([tellStory(), temporary()]);
});
after(() => place.remove());

const recordsOf = (rows: readonly SealedRow[]) =>
  rows.map(({ record }) => ({
    record: JSON.parse(record) as EvidenceRecord,
    hash: genesisHead("", "").hash,
  }));

/** Each defect whole, as `vai verify --json` lists it. */
async function defectsOf(change: Partial<EvidenceSet>): Promise<readonly Defect[]> {
  const set: EvidenceSet = {
    trustPolicies: [story.policy.jws],
    anchors: [story.anchor.jwk],
    transactions: transactionsOf(story.rows),
    ...change,
  };
  return (await verifyEvidence(set, [story.anchor.thumbprint])).defects;
}

describe("each defect is told whole: verdict, code, place, what", () => {
  test("VAI-91 a chain that the manifest does not list", () => {
    const ledger = new ChainLedger([]);
    const [first] = recordsOf(story.rows);
    assert.ok(first);
    assert.equal(ledger.follow(first.record, first.hash), undefined);
    const what = "belongs to a chain that the manifest does not list";
    const defect = { verdict: "tampered", code: "EVIDENCE_CHAIN_BROKEN", seq: 1, what };
    assert.deepEqual([...ledger.ends()], [{ ...defect, chainId: first.record.chain.id }]);
  });

  test("VAI-91 a seal that stands a second time", () => {
    const ledger = new ChainLedger();
    const { predicate } = statementOf(story.rows.find(({ seal }) => seal)?.seal ?? "");
    assert.equal(ledger.seal(predicate as never, false), undefined);
    assert.deepEqual(ledger.seal(predicate as never, false), {
      verdict: "tampered",
      code: "EVIDENCE_CHAIN_BROKEN",
      chainId: predicate.chain.id,
      seq: predicate.chain.first,
      what: `is under a seal that stands a second time or behind a later one, which went up to ${predicate.chain.last}`,
    });
  });

  test("VAI-24 a manifest of another plane, and one that counts a trust policy more", async () => {
    assert.deepEqual(await defectsOf({ plane: "vai:other" }), [
      {
        verdict: "tampered",
        code: "EVIDENCE_HASH_MISMATCH",
        chainId: "plane/registry",
        seq: 1,
        what: `belongs to ${PLANE}, not to vai:other as the manifest says`,
      },
    ]);
    const { chains, records, seals } = await verifyEvidence(
      {
        trustPolicies: [story.policy.jws],
        anchors: [story.anchor.jwk],
        transactions: transactionsOf(story.rows),
      },
      [story.anchor.thumbprint],
    );
    const noted = { chains, records, seals, trustPolicies: 2 };
    assert.deepEqual(await defectsOf({ noted }), [
      {
        verdict: "truncated",
        code: "EVIDENCE_TRUNCATED",
        chainId: "plane/registry",
        seq: 2,
        what: "(trust policy version 2) is missing: the manifest counts 2",
      },
    ]);
  });

  test("VAI-91 a policy that was never published, and a record that speaks of one that is not there", async () => {
    const second = signPolicy(story.anchor, [evidenceKey(story.key)], story.policy);
    assert.deepEqual(await defectsOf({ trustPolicies: [story.policy.jws, second.jws] }), [
      {
        verdict: "truncated",
        code: "EVIDENCE_TRUNCATED",
        chainId: "plane/registry",
        seq: 2,
        what: "is missing: the publication of trust policy version 2",
      },
    ]);
    const last = story.rows.slice(-2);
    const other = reseal(last, story.key, {
      record: (record, index) => {
        if (index === 1)
          Object.assign(record, { trustPolicy: { digest: second.digest, version: 9 } });
      },
    });
    const rows = [...story.rows.slice(0, -2), ...other];
    assert.deepEqual(await defectsOf({ transactions: transactionsOf(rows) }), [
      {
        verdict: "gap",
        code: "EVIDENCE_MISSING",
        chainId: last[0]?.chainId,
        seq: 2,
        what: "speaks of trust policy version 9, which is missing or not believed",
      },
    ]);
  });
});

describe("parts of reading, judging and telling", () => {
  test("VAI-91 seals are judged alike one by one and in batches", async () => {
    const strangers = [evidenceKey(newKey())];
    const broken = story.rows.map(({ record, seal }) => ({
      record,
      seal: seal?.replace(/"sig":"MEQ.{6}|"sig":"MEU.{6}/, '"sig":"MEUCIAAAA'),
    }));
    for (const rows of [story.rows, broken]) {
      for (const keys of [evidenceKeys([story.key.jwk]), evidenceKeys(strangers)]) {
        const transactions = [...transactionsOf(rows)];
        const one = transactions.map((each) => judgeTransaction(each, keys));
        const batches = [];
        for await (const batch of judgeTransactions(transactions, keys)) batches.push(...batch);
        assert.deepEqual(batches, one);
        const isGood = rows === story.rows && keys.has(story.key.thumbprint);
        assert.equal(
          one.every((each) => each.forged === undefined),
          isGood,
        );
      }
    }
  });

  test("OKG-23 what is no text is no record, and a seal names its key by thumbprint", () => {
    assert.deepEqual(readRecord(undefined), {
      problem: "is not text in UTF-8, or is longer than any record",
      hash: undefined,
      place: undefined,
    });
    const seal = story.rows.find((row) => row.seal !== undefined)?.seal ?? "";
    assert.ok(!("problem" in readSeal(seal)));
    for (const keyid of ["short", "x".repeat(42), `${"x".repeat(42)}=`, "x".repeat(44)]) {
      const other = seal.replace(/"keyid":"[^"]+"/, `"keyid":"${keyid}"`);
      assert.deepEqual(readSeal(other), { problem: "has a seal that is not in its one text form" });
    }
  });

  test("VAI-24 only a publication brings a trust policy into an export", () => {
    const record = (type: string) =>
      JSON.stringify({ event: { type }, detail: { trustPolicy: "a.b.c" } });
    assert.deepEqual(publishedPolicy(record("TrustPolicyPublished")), ["a.b.c"]);
    assert.deepEqual(publishedPolicy(record("IdentityDenied")), []);
  });

  test("USR-13 an export overwrites nothing that came into its folder meanwhile", async () => {
    const folder = join(place.path, "meddled");
    const reader = readerOf(story.rows);
    const meddling = {
      chainIds: () => reader.chainIds(),
      chain: async function* (chainId: string) {
        await writeFile(join(folder, "manifest.json"), "mine");
        yield* reader.chain(chainId);
      },
    };
    const options = { plane: PLANE, createdAt: "2026-05-05T05:00:00.000Z", anchors: [] };
    await assert.rejects(writeExport(folder, meddling, options), { code: "EEXIST" });
    assert.equal(await readFile(join(folder, "manifest.json"), "utf8"), "mine");
  });

  test("VAI-08 a story is told by what records are, not by where they stand", () => {
    const own = recordsOf(story.rows.filter(({ chainId }) => chainId === CHAIN));
    const integrity = {
      status: "unanchored",
      trusted: true,
      firstDefect: null,
      head: null,
    } as const;
    const trace = traceChain(`intent/${INTENT}`, own, integrity);
    assert.equal(trace.intentId, INTENT);
    const unasked = own.filter(({ record }) => record.event.type !== "IdentityRequested");
    assert.equal(traceChain(`intent/${INTENT}`, unasked, integrity).identities[0]?.requested, null);
    const chain = own.map(({ record }) => record);
    const { reason } = identityAnswers(story.identityId, chain);
    assert.deepEqual(identityAnswers(story.identityId, chain.toReversed()).reason, reason);
  });
});

describe("what the plane itself opens", () => {
  const own = () => story.rows.filter(({ chainId }) => chainId === CHAIN);

  function open(rows: readonly EvidenceRow[], head = headOf(own())) {
    const keys = enforcedKeys({ planeKeys: [evidenceKey(story.key)] } as TrustPolicy);
    return openChain({ rows, head }, { plane: PLANE, chainId: CHAIN, keys });
  }
  const headOf = (rows: readonly EvidenceRow[]) => {
    const last = rows.at(-1);
    return last && { seq: last.seq, hash: last.recordHash };
  };
  const withSeal = (seq: number, seal: string) =>
    own().map((row) => (row.seq === seq ? { ...row, seal } : row));

  test("OKG-28 a head that is another one is told with the last record's number", () => {
    assert.ok(!("defect" in open(own())));
    assert.deepEqual(open(own(), headOf(own().slice(0, 9))), {
      seq: 16,
      defect: "the last record is not the head",
    });
  });

  test("OKG-26 a seal that links elsewhere than its records is none, though the true key signed it", () => {
    const [one, two] = reseal(own().slice(7, 9), story.key, {
      statement: ({ predicate }) => {
        predicate.chain.prev = genesisHead(PLANE, CHAIN).hash;
      },
    });
    assert.equal(one?.record, own()[7]?.record);
    assert.deepEqual(open(withSeal(9, two?.seal ?? "")), {
      seq: 8,
      defect: "does not link to the record before it",
    });
  });

  test("OKG-23 a payload in another spelling is no seal, though the true key signed that spelling", () => {
    const statement = statementOf(own()[8]?.seal ?? "");
    assert.ok(!("defect" in open(withSeal(9, sealed(canonicalize(statement), story.key)))));
    assert.deepEqual(open(withSeal(9, sealed(JSON.stringify(statement, null, 1), story.key))), {
      seq: 8,
      defect: "does not carry a seal of evidence",
    });
  });
});
