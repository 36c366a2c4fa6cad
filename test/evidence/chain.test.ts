import assert from "node:assert/strict";
import { before, suite, test } from "node:test";
import fc from "fast-check";
import type { Digest } from "../../lib/encoding/digest.ts";
import { genesisHead, intentChain, unattributedChain } from "../../lib/evidence/chain.ts";
import { evidenceKeys, openChain } from "../../lib/evidence/open.ts";
import type { StoredChain } from "../../lib/evidence/ports.ts";
import { newPlane, type Plane } from "../support/plane.ts";
import { PLANE } from "../support/trust.ts";

let plane: Plane;
let chainId: string;
let stored: StoredChain;

before(async () => {
  plane = await newPlane();
  const governed = plane.contract();
  await plane.grant({}, governed);
  chainId = governed.chainId;
  stored = await plane.deps.evidence.readChain(chainId);
});

const opens = (chain: StoredChain, id = chainId, of = PLANE): boolean =>
  !("defect" in openChain(chain, { plane: of, chainId: id, keys: evidenceKeys(plane.policy) }));

/** The chain with one row's record, or its seal, replaced. */
const withText = (index: number, part: "record" | "seal", text: string): StoredChain => ({
  ...stored,
  rows: stored.rows.map((row, at) => (at === index ? { ...row, [part]: text } : row)),
});

/** Every text that is evidence, by its row. */
const texts = (): (readonly [index: number, part: "record" | "seal", text: string])[] =>
  stored.rows.flatMap((row, index) => [
    [index, "record", row.record] as const,
    ...(row.seal === undefined ? [] : [[index, "seal", row.seal] as const]),
  ]);

suite("opening a chain", () => {
  test("VAI-91 the chain as it was written opens", () => assert.ok(opens(stored)));

  test("VAI-91 a seal stands once, in the last row of its transaction", () => {
    const carrying = stored.rows.filter(({ seal }) => seal !== undefined).map(({ seq }) => seq);
    assert.deepEqual(carrying, [7, 9, 11]);
    assert.deepEqual(
      stored.rows.map(({ sealSeq }) => sealSeq),
      [7, 7, 7, 7, 7, 7, 7, 9, 9, 11, 11],
    );
  });

  test("VAI-91 OKG-23 any changed byte of any stored record or seal breaks it", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), (pick, place, flip) => {
        const all = texts();
        const [index, part, text] = all[pick % all.length] ?? [0, "record", ""];
        const bytes = Buffer.from(text);
        const at = place % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        assert.equal(opens(withText(index, part, bytes.toString("latin1"))), false);
      }),
      { numRuns: 1_000 },
    );
  });

  test("VAI-91 every byte of one record and of one seal, with a bit changed that leaves it text", () => {
    for (const [index, part, said] of [texts().at(-2), texts().at(-1)].flatMap((one) =>
      one === undefined ? [] : [one],
    )) {
      const text = Buffer.from(said);
      for (let at = 0; at < text.length; at++) {
        const other = Buffer.from(text);
        other[at] = (other[at] ?? 0) ^ 1;
        assert.equal(opens(withText(index, part, other.toString("latin1"))), false, `byte ${at}`);
      }
    }
  });

  test("VAI-91 any inserted or removed character breaks it", () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.nat(),
        fc.constantFrom(" ", "\n", "=", "A", "-", "_", ""),
        (pick, place, extra) => {
          const all = texts();
          const [index, part, text] = all[pick % all.length] ?? [0, "record", ""];
          const at = place % text.length;
          const other = text.slice(0, at) + extra + text.slice(extra === "" ? at + 1 : at);
          assert.equal(opens(withText(index, part, other)), other === text);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("OKG-26 OKG-27 records left out, doubled, exchanged or appended break it", () => {
    const { rows } = stored;
    fc.assert(
      fc.property(fc.nat(rows.length - 1), fc.nat(rows.length - 1), (one, other) => {
        const without = rows.filter((_, index) => index !== one);
        assert.equal(opens({ ...stored, rows: without }), false);
        const doubled = [...rows.slice(0, one + 1), ...rows.slice(one)];
        assert.equal(opens({ ...stored, rows: doubled }), false);
        const swapped = rows.map((row, index) =>
          index === one ? (rows[other] ?? row) : index === other ? (rows[one] ?? row) : row,
        );
        assert.equal(opens({ ...stored, rows: swapped }), one === other);
      }),
    );
  });

  test("OKG-28 UP-20 a cut tail shows against the head", () => {
    for (let length = 0; length < stored.rows.length; length++) {
      assert.equal(opens({ ...stored, rows: stored.rows.slice(0, length) }), false);
      assert.equal(
        opens({ ...stored, rows: stored.rows.slice(0, length), head: undefined }),
        length === 0,
      );
    }
  });

  test("OKG-24 a chain passes as no other chain's and no other plane's", () => {
    assert.equal(opens(stored, "intent/other"), false);
    assert.equal(opens(stored, chainId, "vai:000000000000:us-east-1:other"), false);
  });

  test("OKG-24 wire §5 genesis is bound to plane and chain", () => {
    const one = genesisHead(PLANE, intentChain("a"));
    assert.equal(one.seq, 0);
    assert.notEqual(one.hash, genesisHead(PLANE, intentChain("b")).hash);
    assert.notEqual(one.hash, genesisHead(`${PLANE}x`, intentChain("a")).hash);
  });

  test("VAI-91 a key outside its time signs nothing, and a revoked one is never believed", () => {
    const seconds = Math.floor(plane.world.now / 1000);
    const [key] = plane.policy.planeKeys;
    assert.ok(key !== undefined);
    const judged = (change: object): boolean => {
      const policy = { ...plane.policy, planeKeys: [{ ...key, ...change }] };
      return !(
        "defect" in openChain(stored, { plane: PLANE, chainId, keys: evidenceKeys(policy) })
      );
    };
    assert.equal(judged({}), true);
    assert.equal(judged({ notAfter: seconds + 1 }), true);
    assert.equal(judged({ notAfter: seconds }), false);
    assert.equal(judged({ notBefore: seconds + 1 }), false);
    assert.equal(judged({ revokedAt: seconds + 1000 }), false);
    assert.equal(judged({ use: "plane" }), false);
  });

  test("VAI-03 floods of nameless refusals spread over sixteen chains of a day", () => {
    const digests = [..."0123456789abcdef"].map(
      (hex) => `sha256:${hex}${"0".repeat(63)}` as Digest,
    );
    const chains = new Set(digests.map((digest) => unattributedChain("2026-05-05", digest)));
    assert.equal(chains.size, 16);
  });
});
