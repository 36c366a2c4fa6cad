import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import fc from "fast-check";
import type { SealedRow } from "../../lib/audit/transaction.ts";
import { verifyRecords } from "../../lib/audit/verify.ts";
import { canonicalize } from "../../lib/encoding/canonical-json.ts";
import { newKey, writeRows } from "./support/plane.ts";
import { type EditableSeal, reseal, sealed, statementOf } from "./support/resign.ts";
import { CHAIN, type Story, tellStory } from "./support/story.ts";

let story: Story;
let rows: readonly SealedRow[];

before(async () => {
  story = await tellStory();
  rows = story.rows.map(({ record, seal }) => (seal === undefined ? { record } : { record, seal }));
});

const verify = (some: Iterable<SealedRow>) => verifyRecords(some, [story.key.jwk]);
const sealAt = (at: number): string => rows[at]?.seal ?? "";
const withSeal = (at: number, seal: string): SealedRow[] =>
  rows.with(at, { record: rows[at]?.record ?? "", seal });

/** That it is tampered, at this record of the story, as is said. */
function refuses(some: Iterable<SealedRow>, seq: number, what: RegExp, chainId = CHAIN): void {
  const { verdict, firstDefect } = verify(some);
  assert.deepEqual([verdict, firstDefect?.chainId, firstDefect?.seq], ["tampered", chainId, seq]);
  assert.match(firstDefect?.what ?? "", what);
}

describe("rows under their seals", () => {
  test("VAI-91 the row that carries a seal is deleted: the records before it have none", () => {
    refuses(rows.toSpliced(8, 1), 8, /^has no seal$/);
    const { defects } = verify(rows.toSpliced(8, 1));
    assert.deepEqual(
      defects.map(({ seq, verdict }) => [seq, verdict]),
      [
        [8, "tampered"],
        [9, "gap"],
      ],
    );
  });

  test("VAI-91 ADV-21 a chain cut inside a transaction is tampered: its last rows have no seal", () => {
    refuses(rows.slice(0, 14), 13, /^has no seal$/);
    refuses(rows.slice(0, 5), 1, /^has no seal$/);
  });

  test("VAI-91 a seal that is taken away is missed, at the first record that it covered", () => {
    const { record = "" } = rows[8] ?? {};
    refuses(rows.with(8, { record }), 8, /^has no seal$/);
    refuses(
      rows.map(({ record: each }) => ({ record: each })),
      1,
      /^has no seal$/,
    );
  });

  test("VAI-91 records in another order within a seal, or between seals, are tampered", () => {
    const [r, swap] = [rows, swapRecords];
    for (const moved of [
      swap(1, 2),
      swap(0, 6),
      swap(7, 8),
      swap(6, 7),
      swap(3, 10),
      swap(2, 17),
    ]) {
      assert.equal(verify(moved).verdict, "tampered");
    }
    // Whole rows, each with the seal that it carries.
    const [seventh, eighth] = [r[6] as SealedRow, r[7] as SealedRow];
    assert.equal(verify(r.with(6, eighth).with(7, seventh)).verdict, "tampered");
    assert.equal(verify([...r.slice(7, 9), ...r.slice(0, 7), ...r.slice(9)]).verdict, "tampered");
  });

  test("VAI-91 a record that stands twice, or a whole transaction that does, is tampered", () => {
    const twice = rows.toSpliced(2, 0, rows[1] as SealedRow);
    refuses(twice, 2, /stands a second time/);
    refuses(rows.toSpliced(9, 0, ...rows.slice(7, 9)), 8, /seal that stands a second time/);
  });

  test("VAI-91 a genuine record of another chain in the place of one is named there", () => {
    const spliced = splice;
    refuses(spliced(2, 17), 3, /is not the record that was sealed/);
    refuses(spliced(8, 17), 9, /is not the record that was sealed/);
    refuses(spliced(16, 17), 1, /is not the record that was sealed/, "plane/registry");
  });

  test("VAI-91 a forged record that is put among sealed ones has no seal", async () => {
    const [forged] = await writeRows(newKey(), CHAIN, [{ type: "IdentityIssued" }], {
      about: { intentId: CHAIN.slice("intent/".length) },
      after: story.rows.slice(0, 5),
    });
    const { defects, verdict } = verify(rows.toSpliced(5, 0, { record: forged?.record ?? "" }));
    assert.equal(verdict, "tampered");
    assert.ok(defects.some(({ seq, what }) => seq === 6 && what === "has no seal"));
  });

  test("VAI-91 records behind the last seal of a chain are not evidence, however well they link", async () => {
    const [more] = await writeRows(story.key, CHAIN, [{ type: "IdentityRevoked" }], {
      about: { intentId: CHAIN.slice("intent/".length) },
      after: story.rows.slice(0, 16),
    });
    refuses(rows.toSpliced(16, 0, { record: more?.record ?? "" }), 17, /^has no seal$/);
  });
});

describe("any rearrangement", () => {
  /** Moves, drops, repeats and exchanges records, seals, or both together. */
  const step = fc.tuple(
    fc.constantFrom("drop", "repeat", "move", "record", "seal", "unseal"),
    fc.nat(18),
    fc.nat(18),
  );

  const apply = (
    some: readonly SealedRow[],
    [how, a, b]: [string, number, number],
  ): SealedRow[] => {
    const [one, two] = [some[a], some[b]];
    if (one === undefined || two === undefined) return [...some];
    if (how === "drop") return some.toSpliced(a, 1);
    if (how === "repeat") return some.toSpliced(b, 0, one);
    if (how === "move") return some.toSpliced(a, 1).toSpliced(b, 0, one);
    if (how === "record") return some.with(a, { ...one, record: two.record });
    if (how === "unseal") return some.with(a, { record: one.record });
    return some.with(a, { record: one.record, ...(two.seal !== undefined && { seal: two.seal }) });
  };

  /** Rows by the chain that each record names. */
  const byChain = (some: readonly SealedRow[]) =>
    Map.groupBy(some, ({ record }): string => JSON.parse(record).chain.id);

  test("VAI-91 OKG-27 what still holds is a beginning of each chain that ends with its seal, as it was written", () => {
    const written = byChain(rows);
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), (steps) => {
        const some = steps.reduce(apply, [...rows]);
        if (verify(some).verdict !== "unanchored") return;
        for (const [chainId, left] of byChain(some)) {
          assert.deepEqual(left, written.get(chainId)?.slice(0, left.length));
          assert.ok(left.at(-1)?.seal);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("seals between rows", () => {
  test("VAI-91 the seal of another transaction of the same chain proves nothing", () => {
    refuses(withSeal(8, sealAt(6)), 8, /^has a seal of other records$/);
    refuses(withSeal(6, sealAt(8)), 1, /^has a seal of other records$/);
    const swapped = withSeal(8, sealAt(11)).with(11, {
      ...(rows[11] as SealedRow),
      seal: sealAt(8),
    });
    assert.equal(verify(swapped).verdict, "tampered");
  });

  test("VAI-91 the seal of another chain proves nothing", () => {
    refuses(withSeal(16, sealAt(18)), 1, /^has a seal of other records$/, "plane/registry");
    refuses(withSeal(8, sealAt(18)), 8, /^has a seal of other records$/);
    refuses(withSeal(11, sealAt(18)), 10, /^has a seal of other records$/);
    refuses(withSeal(8, sealAt(16)), 8, /^has a seal of other records$/);
  });

  test("OKG-24 the seal of the same records of another plane is none of these", async () => {
    const drafts = [{ type: "IdentityDenied" as const }, { type: "IdentityDenied" as const }];
    const chainId = "unattributed/2026-05-06/0";
    const other = { plane: "vai:000000000000:us-east-1:other" };
    const [mine, theirs] = await Promise.all([
      writeRows(story.key, chainId, drafts),
      writeRows(story.key, chainId, drafts, other),
    ]);
    const seal = theirs[1]?.seal ?? "";
    const mixed = [mine[0] as SealedRow, { record: mine[1]?.record ?? "", seal }];
    refuses([...rows, ...mixed], 1, /is not the record that was sealed/, chainId);
  });

  test("VAI-91 a seal in another row of its transaction, or in several, is in the wrong place", () => {
    const at = (place: number) =>
      rows.with(8, { record: rows[8]?.record ?? "" }).with(place, {
        record: rows[place]?.record ?? "",
        seal: sealAt(8),
      });
    refuses(at(7), 9, /^has no seal$/);
    const everywhere = withSeal(7, sealAt(8));
    refuses(everywhere, 8, /seal that stands a second time/);
  });
});

describe("subjects within a seal", () => {
  /** Edits of a Statement, each a seal that says something else than its records. */
  const EDITS: Readonly<Record<string, (statement: EditableSeal) => void>> = {
    reordered: ({ subject }) => subject.reverse(),
    "one dropped": ({ subject }) => subject.pop(),
    "the first dropped": ({ subject }) => subject.shift(),
    "one added": ({ subject }) =>
      subject.push({ name: `${CHAIN}#4`, digest: { sha256: "0".repeat(64) } }),
    "one twice": ({ subject }) => subject.push(subject[2] as EditableSeal["subject"][number]),
    "one in the place of another": ({ subject }) => subject.splice(1, 1, subject[2] as never),
    "names exchanged": ({ subject: [one, two] }) => {
      if (one && two) [one.name, two.name] = [two.name, one.name];
    },
    "digests exchanged": ({ subject: [one, two] }) => {
      if (one && two) [one.digest, two.digest] = [two.digest, one.digest];
    },
    "none at all": ({ subject }) => subject.splice(0),
    "a wider range": ({ predicate }) => predicate.chain.last++,
    "a narrower range": ({ predicate }) => predicate.chain.last--,
    "a range moved on": ({ predicate: { chain } }) => {
      chain.first++;
      chain.last++;
    },
    "a range turned round": ({ predicate: { chain } }) => {
      [chain.first, chain.last] = [chain.last, chain.first];
    },
    "another chain": ({ predicate }) => (predicate.chain.id = "plane/registry"),
    "another plane": ({ predicate }) => (predicate.plane = "vai:000000000000:us-east-1:other"),
    "another time": ({ predicate }) => (predicate.at = "2026-05-05T04:00:00.001Z"),
    "another prev": ({ predicate }) => (predicate.chain.prev = `sha256:${"0".repeat(64)}`),
    "an unknown member": (statement) => Object.assign(statement.predicate, { more: 1 }),
    "another predicate type": (statement) => Object.assign(statement, { predicateType: "x" }),
    "another statement type": (statement) => Object.assign(statement, { _type: "x" }),
    "another digest beside": ({ subject: [one] }) =>
      Object.assign(one?.digest ?? {}, { sha512: "0" }),
  };

  for (const [title, edit] of Object.entries(EDITS)) {
    test(`VAI-91 ADV-20 ${title}: refused under the old signature, a thief's key and the true key`, () => {
      const own = rows.slice(9, 12);
      const statement = statementOf(sealAt(11));
      edit(statement);
      const old = JSON.parse(sealAt(11));
      const payload = Buffer.from(canonicalize(statement)).toString("base64");
      const forged = [
        canonicalize({ ...old, payload }),
        reseal(own, newKey(), { statement: edit }).at(-1)?.seal ?? "",
        reseal(own, story.key, { statement: edit }).at(-1)?.seal ?? "",
      ];
      for (const seal of forged) {
        assert.notEqual(seal, sealAt(11));
        const { verdict, firstDefect } = verify(withSeal(11, seal));
        assert.equal(verdict, "tampered");
        assert.equal(firstDefect?.chainId, CHAIN);
        assert.ok([10, 11, 12].includes(firstDefect?.seq ?? 0), `${firstDefect?.seq}`);
      }
    });
  }

  test("VAI-91 the true key sealing the same records again is the same evidence", () => {
    const again = reseal(rows.slice(9, 12), story.key).at(-1)?.seal ?? "";
    assert.notEqual(again, sealAt(11));
    assert.equal(verify(withSeal(11, again)).verdict, "unanchored");
  });

  test("VAI-91 two transactions sealed as one, or one as two, hold only if every word fits", () => {
    const two = reseal(rows.slice(7, 9), story.key, {
      statement: ({ subject, predicate }) => {
        subject.pop();
        predicate.chain.last--;
      },
    });
    // Record 8 alone is sealed; record 9 stands before that seal and is not named by it.
    const split = rows.toSpliced(
      7,
      2,
      { ...(rows[7] as SealedRow), seal: two[1]?.seal },
      {
        record: rows[8]?.record ?? "",
      },
    );
    refuses(split, 9, /^has no seal$/);
  });
});

describe("the one text of a seal", () => {
  test("OKG-23 another text of the same envelope is refused: base64, members, white space, repeats", () => {
    const text = sealAt(16);
    const seal = JSON.parse(text);
    const [signature] = seal.signatures;
    const { payload } = seal;
    assert.match(payload, /=$/);
    const last = payload.replace(/=+$/, "");
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const trailing = letters[letters.indexOf(last.at(-1)) + 1];
    const urlSafe = (each: string) => each.replaceAll("+", "-").replaceAll("/", "_");
    const spellings = {
      "white space before": ` ${text}`,
      "white space behind": `${text} `,
      "white space within": text.replace(":", ": "),
      "a line break in base64": text.replace(
        payload,
        `${payload.slice(0, 76)}\\n${payload.slice(76)}`,
      ),
      "no padding": text.replace(payload, last),
      "bits beyond the end": text.replace(
        payload,
        payload.replace(last, last.slice(0, -1) + trailing),
      ),
      "base64url of the signature": text.replace(signature.sig, urlSafe(signature.sig)),
      "another order of members": JSON.stringify({
        payloadType: seal.payloadType,
        payload,
        signatures: seal.signatures,
      }),
      "another order in the signature": canonicalize(seal).replace(
        canonicalize(signature),
        JSON.stringify({ sig: signature.sig, keyid: signature.keyid }),
      ),
      "an escaped name": text.replace('"payloadType"', '"payload\\u0054ype"'),
      "an escaped solidus": text.replace("application/vnd", "application\\/vnd"),
      "a repeated member": text.replace('{"payload"', `{"payload":"${payload}","payload"`),
      "an unknown member": canonicalize({ ...seal, more: 1 }),
      "an unknown member in the signature": canonicalize({
        ...seal,
        signatures: [{ ...signature, cert: "" }],
      }),
      "two signatures": canonicalize({ ...seal, signatures: [signature, signature] }),
      "no signature": canonicalize({ ...seal, signatures: [] }),
      "no keyid": canonicalize({ ...seal, signatures: [{ sig: signature.sig }] }),
      "another payload type": text.replace("vnd.in-toto", "vnd.in-tota"),
    };
    for (const [title, spelling] of Object.entries(spellings)) {
      if (title !== "base64url of the signature") assert.notEqual(spelling, text, title);
      if (spelling === text) continue;
      const { verdict, firstDefect, defects } = verify(withSeal(16, spelling));
      assert.deepEqual(
        [verdict, firstDefect?.chainId, firstDefect?.seq, defects.length],
        ["tampered", "plane/registry", 1, 1],
        title,
      );
      assert.match(firstDefect?.what ?? "", /one text form|canonical base64/, title);
    }
  });

  test("OKG-23 a payload that is spelt otherwise is refused, though the true key signed that spelling", () => {
    const said = Buffer.from(JSON.parse(sealAt(16)).payload, "base64").toString("utf8");
    for (const spelling of [
      ` ${said}`,
      said.replace(":", ": "),
      said.replace('"at"', '"\\u0061t"'),
    ]) {
      const seal = sealed(spelling, story.key);
      const { verdict, firstDefect } = verify(withSeal(16, seal));
      assert.deepEqual([verdict, firstDefect?.chainId], ["tampered", "plane/registry"]);
      assert.match(firstDefect?.what ?? "", /RFC 8785/);
    }
  });
});

describe("whatever an attacker writes into the table", () => {
  const deep = 100_000;
  const HOSTILE: Readonly<Record<string, string>> = {
    "nested brackets that never close": "[".repeat(deep),
    "nested brackets": `${"[".repeat(deep)}${"]".repeat(deep)}`,
    "nested objects": `${'{"a":'.repeat(deep)}1${"}".repeat(deep)}`,
    null: "null",
    "a number": "1e999",
    "an empty text": "",
    "a huge array": `[${"0,".repeat(200_000)}0]`,
    "a lone surrogate": "\ud800",
    "an escaped lone surrogate": '"\\ud800"',
    "a prototype": '{"__proto__":{"chain":{"id":"x","seq":1}}}',
    "a chain of null": '{"chain":null}',
  };

  for (const [title, text] of Object.entries(HOSTILE)) {
    test(`ADV-07 ${title}: a verdict, never an exception`, () => {
      const inPayload = (payload: string) => sealed(payload, story.key);
      for (const row of [
        { record: text },
        { record: text, seal: text },
        { record: rows[0]?.record ?? "", seal: text },
        { record: rows[0]?.record ?? "", seal: inPayload(text) },
      ]) {
        assert.equal(verify([row]).verdict, "tampered");
        assert.equal(verify([...rows, row]).verdict, "tampered");
      }
    });
  }

  test("ADV-07 a detail that is nested without end is refused, though it is canonical and truly sealed", () => {
    const nested = JSON.parse(`${"[".repeat(5_000)}${"]".repeat(5_000)}`);
    const some = reseal(rows.slice(16, 17), story.key, {
      record: ({ detail }) => Object.assign(detail, { nested }),
    });
    refuses(rows.toSpliced(16, 1, ...some), 1, /RFC 8785/, "plane/registry");
  });

  test("ADV-07 a seal of more records than a transaction can hold is none", () => {
    const many = reseal(rows.slice(16, 17), story.key, {
      statement: ({ subject, predicate }) => {
        predicate.chain.last = 100_000;
        subject.splice(
          1,
          0,
          ...Array.from({ length: 99_999 }, (_, index) => ({
            name: `plane/registry#${index + 2}`,
            digest: { sha256: "0".repeat(64) },
          })),
        );
      },
    });
    refuses(rows.toSpliced(16, 1, ...many), 1, /0 to 99 behind first/, "plane/registry");
  });

  test("ADV-07 rows of any shape are defects, not exceptions", () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.json()), (value) => {
        for (const row of [value, { record: value }, { record: "{}", seal: value ?? null }]) {
          assert.equal(verify([row as SealedRow]).verdict, "tampered");
        }
      }),
    );
  });

  test("ADV-07 a flood of rows without a seal is counted, and hides none of the true ones", () => {
    for (const record of [rows[0]?.record ?? "", ""]) {
      const flood = Array.from({ length: 5_000 }, () => ({ record }));
      const { defectCount, defects, records, chains } = verify([...flood, ...rows]);
      assert.deepEqual([records, defects.length], [5_000 + rows.length, 100]);
      assert.ok(defectCount >= 5_000 - 1, `${defectCount}`);
      assert.equal(chains.find(({ id }) => id === CHAIN)?.seq, 16);
    }
  });
});

const swapRecords = (a: number, b: number): SealedRow[] => {
  const [one, two] = [rows[a] as SealedRow, rows[b] as SealedRow];
  return rows.with(a, { ...one, record: two.record }).with(b, { ...two, record: one.record });
};

/** A record in the place of another; the seal of that row stays. */
const splice = (at: number, from: number): SealedRow[] =>
  rows.with(at, { ...(rows[at] as SealedRow), record: rows[from]?.record ?? "" });
