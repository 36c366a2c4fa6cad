import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { sha512 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { newPrivateJwk, signingKey } from "../../lib/client/keys.ts";
import { rawToDer } from "../../lib/encoding/ecdsa.ts";
import { isGoodEd25519Point } from "../../lib/encoding/ed25519.ts";
import * as node from "../../lib/encoding/platform.ts";
import * as browser from "../audit/browser/platform.ts";

/** The port as Node fills it and as a browser's bundle does: two platforms that must never disagree. */
const PLATFORMS: readonly (typeof node)[] = [node, browser];

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const plainBytes = (value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;

/** What both platforms say. */
function agreed<T>(what: string, say: (platform: typeof node) => T): T {
  const [here, there] = PLATFORMS.map(say) as [T, T];
  assert.deepEqual(plainBytes(there), plainBytes(here), what);
  return here;
}

/** Any UTF-16, lone surrogates among it. */
const anyText = fc
  .array(fc.oneof(fc.nat(0x7f), fc.integer({ min: 0xd7f0, max: 0xe00f }), fc.nat(0xffff)))
  .map((units) => String.fromCharCode(...units));

/** Bytes that are UTF-8 or nearly. */
const nearlyUtf8 = fc
  .tuple(anyText, fc.nat(), fc.nat(255), fc.boolean())
  .map(([text, place, byte, isCut]) => {
    const bytes = Buffer.from(text);
    if (bytes.length === 0) return bytes;
    const at = place % bytes.length;
    if (isCut) return bytes.subarray(at);
    bytes[at] = byte;
    return bytes;
  });

suite("the platform of Node and that of a browser: bytes and texts", () => {
  test("VAI-24 SHA-256 of bytes, and of texts, lone surrogates too", () => {
    const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert.equal(
      agreed("empty", ({ sha256Hex }) => sha256Hex("")),
      empty,
    );
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), anyText), (input) => {
        agreed("hash", ({ sha256Hex }) => sha256Hex(input));
      }),
    );
  });

  test("VAI-24 UTF-8 of any text", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const bytes = agreed(text, ({ utf8Bytes }) => utf8Bytes(text));
        assert.equal(
          agreed(text, ({ utf8Text }) => utf8Text(bytes)),
          text.toWellFormed(),
        );
      }),
    );
  });

  const UTF8: readonly (readonly [what: string, bytes: string, text: string | undefined])[] = [
    ["a byte order mark", "efbbbf 41", "\ufeffA"],
    ["a NUL", "00", "\0"],
    ["an overlong NUL", "c080", undefined],
    ["an overlong solidus of three bytes", "e080af", undefined],
    ["a high surrogate", "eda080", undefined],
    ["a pair of surrogates (CESU-8)", "eda0bd edb491", undefined],
    ["the last code point", "f48fbfbf", "\u{10ffff}"],
    ["one behind the last", "f4908080", undefined],
    ["five bytes", "f888808080", undefined],
    ["a cut sequence", "41 e282", undefined],
    ["a continuation alone", "80", undefined],
  ];
  for (const [what, bytes, text] of UTF8) {
    test(`VAI-24 ${what} is ${text === undefined ? "no UTF-8" : "UTF-8"}`, () => {
      assert.equal(
        agreed(what, ({ utf8Text }) => utf8Text(hex(bytes))),
        text,
      );
    });
  }

  test("VAI-24 any bytes are UTF-8 for both or for neither", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), nearlyUtf8), (bytes) => {
        agreed("text", ({ utf8Text }) => utf8Text(bytes));
      }),
      { numRuns: 1000 },
    );
  });

  test("VAI-58 base64 and base64url are written alike, and read in that form alone", () => {
    const letters = "AQgw+/-_=\n é\u{1f511}";
    const noise = fc.string({ unit: fc.constantFrom(...letters), maxLength: 9 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(), noise, (bytes, seed, extra) => {
        for (const form of ["Base64", "Base64url"] as const) {
          const written = (platform: typeof node) => platform[`to${form}`];
          const text = agreed(form, (platform) => written(platform)(bytes));
          const read = (other: string) => agreed(other, (each) => each[`from${form}`](other));
          assert.equal(plainBytes(read(text)), plainBytes(bytes));
          const place = seed % (text.length + 1);
          const other = text.slice(0, place) + extra + text.slice(place + (seed % 3));
          const found = read(other);
          if (found !== undefined) assert.equal(written(node)(found), other);
          read(extra);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("VAI-58 a view of a larger buffer is read as itself", () => {
    const view = new Uint8Array(Buffer.from("..abc..")).subarray(2, 5);
    assert.equal(
      agreed("view", ({ toBase64 }) => toBase64(view)),
      "YWJj",
    );
    assert.equal(
      agreed("view", ({ utf8Text }) => utf8Text(view)),
      "abc",
    );
  });
});

const N = p256.Point.Fn.ORDER;
const P = p256.Point.Fp.ORDER;
const message = Buffer.from("a message");

interface Pair {
  readonly key: ReturnType<typeof signingKey>;
  readonly handles: readonly node.PlatformKey[];
}

/** A key as each of the platforms holds it; `undefined` when both say that it is none. */
function imported(members: node.KeyMembers): readonly node.PlatformKey[] | undefined {
  const handles = PLATFORMS.map(({ importKey }) => importKey(members));
  const isNone = handles.map((handle) => handle === undefined);
  assert.equal(isNone[0], isNone[1], JSON.stringify(members));
  return isNone[0] ? undefined : (handles as node.PlatformKey[]);
}

function newPair(algorithm: "ES256" | "EdDSA"): Pair {
  const key = signingKey(newPrivateJwk(algorithm));
  return { key, handles: imported(key.jwk) ?? assert.fail("a good key was refused") };
}

/** What both say of a signature. */
function verdictOf(
  verify: "verifyP256" | "verifyEd25519",
  handles: readonly node.PlatformKey[],
  signature: Uint8Array,
  signed: Uint8Array = message,
): boolean {
  const [here, there] = PLATFORMS.map((platform, index) =>
    platform[verify](handles[index] as node.PlatformKey, signed, signature),
  );
  assert.equal(there, here, `${verify} of ${Buffer.from(signature).toString("hex")}`);
  return here === true;
}

const scalarBytes = (value: bigint, length = 32): Buffer =>
  hex(value.toString(16).padStart(2 * length, "0"));
const integerOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);

/** A tag, a length of one byte, and the content. */
const tagged = (tag: number, content: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(tag, content.length), content]);

/** The shortest DER integer. */
function integer(value: bigint): Buffer {
  const digits = value.toString(16);
  const bytes = hex(digits.padStart(digits.length + (digits.length % 2), "0"));
  return tagged(2, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => tagged(0x30, Buffer.concat(parts));

suite("the platform of Node and that of a browser: P-256", () => {
  const { key, handles } = newPair("ES256");
  const raw = key.sign(message);
  const [r, s] = [integerOf(raw.subarray(0, 32)), integerOf(raw.subarray(32))];
  const good = Buffer.from(rawToDer(raw) ?? []);
  const content = good.subarray(2);

  const FORMS: readonly (readonly [what: string, der: Buffer, isGood: boolean])[] = [
    ["as it was signed", good, true],
    ["s as n − s", sequence(integer(r), integer(N - s)), true],
    ["r and s exchanged", sequence(integer(s), integer(r)), false],
    ["r = 0", sequence(integer(0n), integer(s)), false],
    ["s = 0", sequence(integer(r), integer(0n)), false],
    ["r = n", sequence(integer(N), integer(s)), false],
    ["s = n", sequence(integer(r), integer(N)), false],
    ["r + n", sequence(integer(r + N), integer(s)), false],
    ["s + n", sequence(integer(r), integer(s + N)), false],
    ["r + 2^256", sequence(integer(r + 2n ** 256n), integer(s)), false],
    ["r of 100 bytes", sequence(integer(r + 2n ** 799n), integer(s)), false],
    ["r = 1", sequence(integer(1n), integer(s)), false],
    [
      "a zero before r",
      sequence(tagged(2, Buffer.concat([Buffer.of(0, 0), scalarBytes(r)])), integer(s)),
      false,
    ],
    [
      "r without its sign's zero, negative",
      sequence(tagged(2, hex(`ff${scalarBytes(r).toString("hex")}`)), integer(s)),
      false,
    ],
    ["an empty r", sequence(tagged(2, Buffer.alloc(0)), integer(s)), false],
    ["a byte behind", Buffer.concat([good, Buffer.of(0)]), false],
    ["a byte behind, inside of the sequence", sequence(content, Buffer.of(0)), false],
    ["a third integer", sequence(content, integer(1n)), false],
    ["one integer", sequence(integer(r)), false],
    [
      "the length in the long form",
      Buffer.concat([Buffer.of(0x30, 0x81, content.length), content]),
      false,
    ],
    [
      "the length in two bytes",
      Buffer.concat([Buffer.of(0x30, 0x82, 0, content.length), content]),
      false,
    ],
    [
      "the length of r in the long form",
      sequence(Buffer.concat([Buffer.of(2, 0x81), integer(r).subarray(1)]), integer(s)),
      false,
    ],
    ["without end (BER)", Buffer.concat([Buffer.of(0x30, 0x80), content, Buffer.of(0, 0)]), false],
    ["a length too large", Buffer.concat([Buffer.of(0x30, content.length + 1), content]), false],
    ["a length too small", Buffer.concat([Buffer.of(0x30, content.length - 1), content]), false],
    ["a set for a sequence", tagged(0x31, content), false],
    [
      "a bit string for an integer",
      sequence(Buffer.concat([Buffer.of(3), integer(r).subarray(1)]), integer(s)),
      false,
    ],
    ["r‖s", Buffer.from(raw), false],
    ["nothing", Buffer.alloc(0), false],
    ["an empty sequence", sequence(), false],
    ["64 zeros", Buffer.alloc(64), false],
  ];
  for (const [what, der, isGood] of FORMS) {
    test(`VAI-58 a signature with ${what} is ${isGood ? "good" : "none"}`, () => {
      assert.equal(verdictOf("verifyP256", handles, der), isGood);
    });
  }

  test("VAI-58 over another message, or under another key, it is none", () => {
    assert.equal(verdictOf("verifyP256", handles, good, Buffer.from("another")), false);
    assert.equal(verdictOf("verifyP256", newPair("ES256").handles, good), false);
  });

  test("VAI-58 any change of a signature's bytes is judged alike", () => {
    const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255), fc.nat(2));
    fc.assert(
      fc.property(change, ([place, byte, how]) => {
        const changed = [
          good.with(place, byte),
          Buffer.concat([good.subarray(0, place), good.subarray(place + 1)]),
          Buffer.concat([good.subarray(0, place), Buffer.of(byte), good.subarray(place)]),
        ][how] as Uint8Array;
        const isGood = verdictOf("verifyP256", handles, changed);
        if (isGood) assert.deepEqual(Buffer.from(changed), good);
      }),
      { numRuns: 300 },
    );
  });

  test("VAI-58 messages of any length, and beside other work", async () => {
    for (const length of [0, 1, 55, 56, 64, 1000]) {
      const signed = Buffer.alloc(length, 7);
      const der = rawToDer(key.sign(signed)) ?? new Uint8Array();
      assert.equal(verdictOf("verifyP256", handles, der, signed), true);
      for (const [index, { verifyP256Meanwhile }] of PLATFORMS.entries()) {
        const handle = handles[index] as node.PlatformKey;
        assert.equal(await verifyP256Meanwhile(handle, signed, der), true);
        assert.equal(await verifyP256Meanwhile(handle, message, der), false);
        assert.equal(await verifyP256Meanwhile(handle, signed, new Uint8Array()), false);
      }
    }
  });

  const coordinates = (x: bigint, y: bigint): node.KeyMembers => ({
    kty: "EC",
    crv: "P-256",
    x: node.toBase64url(scalarBytes(x)),
    y: node.toBase64url(scalarBytes(y)),
  });

  test("VAI-58 a point is one for both or for neither: off the curve, at infinity, not reduced", () => {
    // A point whose x fits into 32 bytes a second time: x + p names the same one.
    const small = smallPoint();
    assert.ok(imported(coordinates(small.x, small.y)));
    assert.ok(small.x + P < 2n ** 256n);
    for (const [x, y] of [
      [small.x + P, small.y],
      [small.x, small.y ^ 1n],
      [0n, 0n],
      [P, 0n],
      [P - 1n, P - 1n],
      [2n ** 256n - 1n, small.y],
    ] as const) {
      assert.equal(imported(coordinates(x, y)), undefined, `${x}, ${y}`);
    }
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), fc.nat(255), (x, bit) => {
        imported(coordinates(x, small.y));
        imported(coordinates(small.x ^ (1n << BigInt(bit)), small.y));
      }),
    );
  });
});

function smallPoint(): { x: bigint; y: bigint } {
  for (let x = 1n; ; x++) {
    try {
      return p256.Point.fromBytes(Buffer.concat([Buffer.of(2), scalarBytes(x)])).toAffine();
    } catch {}
  }
}

const L = ed25519.Point.Fn.ORDER;
const littleEndian = (value: bigint): Buffer => scalarBytes(value).reverse();
const fromLittleEndian = (bytes: Uint8Array): bigint => integerOf(Buffer.from(bytes).reverse());

suite("the platform of Node and that of a browser: Ed25519", () => {
  const { key, handles } = newPair("EdDSA");
  const good = Buffer.from(key.sign(message));
  const [r, s] = [good.subarray(0, 32), good.subarray(32)];
  const identity = hex(`01${"00".repeat(31)}`);

  const FORMS: readonly (readonly [what: string, signature: Buffer, isGood: boolean])[] = [
    ["as it was signed", good, true],
    ["S + L", Buffer.concat([r, littleEndian(fromLittleEndian(s) + L)]), false],
    ["S = L", Buffer.concat([r, littleEndian(L)]), false],
    ["S = 0", Buffer.concat([r, Buffer.alloc(32)]), false],
    ["R of no point", Buffer.concat([hex(`02${"00".repeat(31)}`), s]), false],
    ["R the neutral element", Buffer.concat([identity, s]), false],
    ["the sign of R turned", Buffer.concat([r.with(31, (r[31] ?? 0) ^ 0x80), s]), false],
    ["63 bytes", good.subarray(0, 63), false],
    ["65 bytes", Buffer.concat([good, Buffer.of(0)]), false],
    ["nothing", Buffer.alloc(0), false],
  ];
  for (const [what, signature, isGood] of FORMS) {
    test(`VAI-58 a signature with ${what} is ${isGood ? "good" : "none"}`, () => {
      assert.equal(verdictOf("verifyEd25519", handles, signature), isGood);
    });
  }

  test("VAI-58 over another message, or with any bit turned, it is none", () => {
    assert.equal(verdictOf("verifyEd25519", handles, good, Buffer.from("another")), false);
    fc.assert(
      fc.property(fc.nat(511), (bit) => {
        const changed = good.with(bit >> 3, (good[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
        assert.equal(verdictOf("verifyEd25519", handles, changed), false);
      }),
      { numRuns: 60 },
    );
  });

  test("VAI-58 keys and R of mixed order are judged alike: the cofactor makes nothing good", () => {
    const { Point } = ed25519;
    // A point of order 8, which every multiple of 8 makes disappear.
    const torsion = Point.fromHex(
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    );
    const seen = new Set<boolean>();
    for (let round = 0; round < 60; round++) {
      const [secret, once] = [BigInt(round + 2), BigInt(7 * round + 3)];
      const own = Point.BASE.multiply(secret).add(torsion.multiplyUnsafe(BigInt(round % 8)));
      const commitment = Point.BASE.multiply(once).add(
        torsion.multiplyUnsafe(BigInt((round >> 3) % 8)),
      );
      const [x, R] = [own.toBytes(), commitment.toBytes()];
      assert.ok(isGoodEd25519Point(x), "only small order is refused, not mixed order");
      const k = fromLittleEndian(sha512(Buffer.concat([R, x, message]))) % L;
      const S = littleEndian((once + k * secret) % L);
      const members = { kty: "OKP", crv: "Ed25519", x: node.toBase64url(x) } as const;
      const mixed = imported(members) ?? assert.fail("a key of mixed order was refused");
      seen.add(verdictOf("verifyEd25519", mixed, Buffer.concat([R, S])));
    }
    assert.deepEqual([...seen].sort(), [false, true], "both happen among them");
  });
});
