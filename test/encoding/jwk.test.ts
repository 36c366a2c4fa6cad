import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { newPrivateJwk } from "../../lib/client/keys.ts";
import { jwkThumbprint, readPublicJwk } from "../../lib/encoding/jwk.ts";

const bare = (algorithm: "ES256" | "EdDSA"): Record<string, unknown> => {
  const { d: _, ...jwk } = newPrivateJwk(algorithm);
  return jwk;
};
const EC = bare("ES256");
const OKP = bare("EdDSA");
const point = (hex: string): Record<string, unknown> => ({
  kty: "OKP",
  crv: "Ed25519",
  x: Buffer.from(hex, "hex").toString("base64url"),
});

suite("public JWK", () => {
  test("VAI-23 RFC 7638 §3.1, RFC 8037 A.3: a thumbprint that others compute as well", () => {
    const x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    const expected = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
    assert.equal(jwkThumbprint({ kty: "OKP", crv: "Ed25519", x }), expected);
  });

  test("VAI-58 good keys of both kinds are read", () => {
    for (const jwk of [EC, OKP]) {
      const key = readPublicJwk(jwk);
      assert.ok(typeof key !== "string");
      assert.deepEqual(key.jwk, jwk);
    }
  });

  /** Canonical and other encodings of the eight points of small order of edwards25519. */
  const SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  ];
  for (const hex of SMALL_ORDER) {
    test(`VAI-58 Ed25519 point ${hex.slice(0, 8)}… of small order is refused`, () => {
      assert.equal(typeof readPublicJwk(point(hex)), "string");
    });
  }

  test("VAI-58 Ed25519 y that is on no curve, and y not reduced, are refused", () => {
    assert.equal(typeof readPublicJwk(point(`02${"00".repeat(31)}`)), "string");
    assert.equal(typeof readPublicJwk(point(`f0${"ff".repeat(30)}7f`)), "string");
  });

  test("VAI-58 a P-256 point off the curve is refused, wherever it was moved", () => {
    const y = Buffer.from(String(EC["y"]), "base64url");
    fc.assert(
      fc.property(fc.nat(255), (bit) => {
        const moved = Buffer.from(y);
        moved[bit >> 3] = (moved[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        assert.equal(typeof readPublicJwk({ ...EC, y: moved.toString("base64url") }), "string");
      }),
    );
    assert.equal(typeof readPublicJwk({ ...EC, x: "A".repeat(43), y: "A".repeat(43) }), "string");
  });

  const withZero = (name: "x" | "y"): string =>
    Buffer.concat([Buffer.of(0), Buffer.from(String(EC[name]), "base64url")]).toString("base64url");
  const y = String(EC["y"]);
  const EC_FORMS: readonly (readonly [string, unknown])[] = [
    ["a private member", { ...OKP, d: "A".repeat(43) }],
    ["a member beside", { ...OKP, kid: "x" }],
    ["a member missing", { kty: "EC", crv: "P-256", x: EC["x"] }],
    ["no curve", { kty: "OKP", x: OKP["x"] }],
    ["y on an Ed25519 key", { ...OKP, y: "" }],
    ["another curve of the type", { ...EC, crv: "P-384" }],
    ["curve and type exchanged", { ...OKP, kty: "EC", y: OKP["x"] }],
    ["X25519", { ...OKP, crv: "X25519" }],
    ["an RSA key", { kty: "RSA", n: "AQ", e: "AQAB" }],
    ["a symmetric key", { kty: "oct", k: "AQ" }],
    ["padding", { ...OKP, x: `${OKP["x"]}=` }],
    ["other unused bits in the last letter", { ...OKP, x: otherBits(String(OKP["x"])) }],
    ["the alphabet of base64", { ...OKP, x: `+/${String(OKP["x"]).slice(2)}` }],
    ["31 bytes", { ...OKP, x: Buffer.alloc(31, 7).toString("base64url") }],
    ["33 bytes", { ...EC, x: Buffer.alloc(33).toString("base64url") }],
    ["a zero before x, EC", { ...EC, x: withZero("x") }],
    ["a zero before y, EC", { ...EC, y: withZero("y") }],
    ["padding of y, EC", { ...EC, y: `${y}=` }],
    ["other unused bits in the last letter of y", { ...EC, y: otherBits(y) }],
    ["white space in y", { ...EC, y: `${y}\n` }],
    ["white space", { ...OKP, x: ` ${OKP["x"]}` }],
    ["a coordinate in a list", { ...OKP, x: [OKP["x"]] }],
    ["a coordinate in a list, EC", { ...EC, y: [EC["y"]] }],
    ["a coordinate that is a number", { ...OKP, x: 7 }],
    ["a type that is an object", { ...OKP, kty: { toString: null } }],
    ["a list", [OKP]],
    ["a text", JSON.stringify(OKP)],
    ["null", null],
  ];
  for (const [what, jwk] of EC_FORMS) {
    test(`VAI-58 ${what} is refused, even after the good key was read`, () => {
      assert.notEqual(typeof readPublicJwk(OKP), "string");
      assert.notEqual(typeof readPublicJwk(EC), "string");
      assert.equal(typeof readPublicJwk(jwk), "string");
    });
  }
});

/** The last letter another one with the same bits that count: 43 letters hold 258 bits, 256 count. */
function otherBits(text: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return text.slice(0, -1) + alphabet.charAt(alphabet.indexOf(text.slice(-1)) ^ 1);
}
