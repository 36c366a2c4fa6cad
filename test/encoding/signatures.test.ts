import assert from "node:assert/strict";
import { createPublicKey, sign, verify } from "node:crypto";
import { suite, test } from "node:test";
import fc from "fast-check";
import { fromBase64url, toBase64url } from "../../lib/encoding/base64url.ts";
import { digestBytes, sha256Digest } from "../../lib/encoding/digest.ts";
import { preAuthEncoding } from "../../lib/encoding/dsse.ts";
import { rawToDer } from "../../lib/encoding/ecdsa.ts";
import { readPublicJwk } from "../../lib/encoding/jwk.ts";
import { MAX_JWS_BYTES, readJws, signJws, verifyJws } from "../../lib/encoding/jws.ts";
import { Faults } from "../support/faults.ts";
import { forge, type SignedChange } from "../support/forge.ts";
import { KEYS } from "../support/keys.ts";
import { MemoryKms } from "../support/memory-kms.ts";

const REQUEST = "vai-request+jwt";
const claims = { iss: "x", iat: 1 };

suite("ECDSA signatures", () => {
  test("VAI-58 rawToDer writes what Node reads as DER", () => {
    const { privateKey, jwk } = KEYS.issuer;
    const publicKey = createPublicKey({ key: { ...jwk }, format: "jwk" });
    for (let n = 0; n < 200; n++) {
      const input = Buffer.from(`message ${n}`);
      const raw = sign("sha256", input, { key: privateKey, dsaEncoding: "ieee-p1363" });
      const der = rawToDer(raw);
      assert.ok(der !== undefined && verify("sha256", input, publicKey, der), raw.toString("hex"));
    }
  });

  /** RFC 3279 §2.2.3 by hand: shortest two's complement integers. */
  const EDGES: readonly (readonly [string, string, string])[] = [
    ["1", "1", "3006020101020101"],
    ["0", "0", "3006020100020100"],
    ["80", "7f", "300702020080" + "02017f"],
    ["ff00", "100", "3009020300ff00" + "02020100"],
  ];
  for (const [r, s, der] of EDGES) {
    test(`VAI-58 r ${r}, s ${s} in the shortest DER`, () => {
      const raw = Buffer.from(r.padStart(64, "0") + s.padStart(64, "0"), "hex");
      assert.equal(Buffer.from(rawToDer(raw) ?? []).toString("hex"), der);
    });
  }

  test("VAI-58 a signature of another length is none", () => {
    for (const length of [0, 63, 65, 72, 128])
      assert.equal(rawToDer(Buffer.alloc(length, 1)), undefined);
  });

  test("OKG-25 a signature over a digest, as KMS makes it, verifies over the message", () => {
    const kms = new MemoryKms(new Faults());
    const key = createPublicKey({ key: { ...kms.jwk }, format: "jwk" });
    for (let n = 0; n < 50; n++) {
      const message = preAuthEncoding("application/json", Buffer.from(`record ${n}`));
      const signature = kms.sign(digestBytes(sha256Digest(message)));
      assert.ok(verify("sha256", message, key, signature));
    }
  });
});

suite("DSSE and base64url", () => {
  test("OKG-25 DSSE v1.0.2: the protocol's own example of the pre-authentication encoding", () => {
    const encoded = preAuthEncoding("http://example.com/HelloWorld", Buffer.from("hello world"));
    const expected = "DSSEv1 29 http://example.com/HelloWorld 11 hello world";
    assert.equal(Buffer.from(encoded).toString(), expected);
  });

  test("OKG-25 lengths are of bytes, so no payload can pass as another's type", () => {
    const encoded = Buffer.from(preAuthEncoding("é", Buffer.from("é"))).toString();
    assert.equal(encoded, "DSSEv1 2 é 2 é");
  });

  test("VAI-58 only the canonical text of bytes decodes, and any other text of them does not", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(), (bytes, seed) => {
        const text = toBase64url(bytes);
        assert.deepEqual(fromBase64url(text), Buffer.from(bytes));
        const place = seed % (text.length + 1);
        for (const extra of ["=", "+", "/", " ", "\n", "é"]) {
          assert.equal(fromBase64url(text.slice(0, place) + extra + text.slice(place)), undefined);
        }
      }),
    );
    assert.equal(fromBase64url("AB"), undefined, "unused bits that are not zero");
    assert.deepEqual(fromBase64url("AA"), Buffer.from([0]));
  });
});

suite("compact JWS", () => {
  const read = (change: SignedChange = {}) => {
    const jws = readJws(forge(REQUEST, claims, "agent", change), REQUEST);
    return jws;
  };

  test("VAI-58 what signJws writes is read and verifies, under both algorithms", () => {
    for (const key of [KEYS.agent, KEYS.issuer]) {
      for (const typ of [REQUEST, "vai-contract+jwt"] as const) {
        const jws = readJws(signJws(typ, claims, key), typ);
        assert.ok(jws.ok);
        const verification = readPublicJwk(key.jwk);
        assert.ok(typeof verification !== "string" && verifyJws(jws.value, verification));
      }
    }
  });

  test("VAI-58 POC-12 alg, kid and key must agree; the header alone decides nothing", () => {
    const agent = readPublicJwk(KEYS.agent.jwk);
    const issuer = readPublicJwk(KEYS.issuer.jwk);
    assert.ok(typeof agent !== "string" && typeof issuer !== "string");
    const good = read();
    assert.ok(good.ok && verifyJws(good.value, agent) && !verifyJws(good.value, issuer));
    for (const alg of ["none", "ES256", "HS256", "eddsa", "Ed25519"]) {
      const other = read({ header: { set: { "/alg": alg } } });
      assert.ok(other.ok && !verifyJws(other.value, agent), alg);
    }
    const otherKid = read({ header: { set: { "/kid": "$jkt.issuer" } } });
    assert.ok(otherKid.ok && !verifyJws(otherKid.value, agent));
  });

  test("VAI-58 any changed character of a compact JWS makes it unreadable, another digest, or unverified", () => {
    const compact = signJws(REQUEST, claims, KEYS.issuer);
    const key = readPublicJwk(KEYS.issuer.jwk);
    assert.ok(typeof key !== "string");
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=";
    fc.assert(
      fc.property(fc.nat(compact.length - 1), fc.constantFrom(...alphabet), (place, letter) => {
        const other = compact.slice(0, place) + letter + compact.slice(place + 1);
        if (other === compact) return;
        const jws = readJws(other, REQUEST);
        assert.ok(!jws.ok || !verifyJws(jws.value, key), other);
      }),
      { numRuns: 400 },
    );
  });

  test("VAI-58 a signature that does not hold does not hold the second time either", () => {
    for (const name of ["agent", "issuer"] as const) {
      const key = readPublicJwk(KEYS[name].jwk);
      const jws = readJws(forge(REQUEST, claims, name, { signature: "flipped" }), REQUEST);
      assert.ok(jws.ok && typeof key !== "string");
      assert.deepEqual(
        [1, 2].map(() => verifyJws(jws.value, key)),
        [false, false],
      );
    }
  });

  test("VAI-58 what is longer than can be read is verified whole, never as its beginning", () => {
    const key = readPublicJwk(KEYS.agent.jwk);
    const read = readJws(signJws(REQUEST, claims, KEYS.agent), REQUEST);
    assert.ok(read.ok && typeof key !== "string");
    const longest = "x".repeat(MAX_JWS_BYTES);
    const signed = { ...read.value, signature: KEYS.agent.sign(Buffer.from(longest)) };
    assert.equal(verifyJws({ ...signed, signingInput: longest }, key), true);
    assert.equal(verifyJws({ ...signed, signingInput: `${longest}x` }, key), false);
    const longer = { ...signed, signature: KEYS.agent.sign(Buffer.from(`${longest}x`)) };
    assert.equal(verifyJws({ ...longer, signingInput: `${longest}x` }, key), true);
    assert.equal(verifyJws({ ...longer, signingInput: longest }, key), false);
  });

  test("VAI-37 the digest is over the signing input: a malleated signature is the same object", () => {
    const one = readJws(forge(REQUEST, claims, "issuer"), REQUEST);
    const two = readJws(forge(REQUEST, claims, "issuer", { signature: "malleated" }), REQUEST);
    assert.ok(one.ok && two.ok);
    assert.equal(one.value.digest, two.value.digest);
  });

  const HEADERS: readonly (readonly [string, SignedChange])[] = [
    ["a member beside", { header: { set: { "/crit": [] } } }],
    ["a key set address", { header: { set: { "/jku": "https://example.org" } } }],
    ["a certificate", { header: { set: { "/x5c": [] } } }],
    ["no kid", { header: { remove: ["/kid"] } }],
    ["no jwk on a request", { header: { remove: ["/jwk"] } }],
    ["another type", { header: { set: { "/typ": "vai-contract+jwt" } } }],
    ["the type in other letters", { header: { set: { "/typ": "VAI-request+jwt" } } }],
    ["alg that is no text", { header: { set: { "/alg": null } } }],
  ];
  for (const [what, change] of HEADERS) {
    test(`VAI-58 a header with ${what} is refused, also the second time`, () => {
      assert.equal(read(change).ok, false);
      assert.equal(read(change).ok, false);
    });
  }

  test("VAI-58 a header known from one type of object does not pass for another type", () => {
    const jws = signJws("vai-contract+jwt", claims, KEYS.issuer);
    assert.equal(readJws(jws, "vai-contract+jwt").ok, true);
    assert.equal(readJws(jws, "vai-decision+jwt").ok, false);
  });

  test("VAI-58 duplicate header members are refused", () => {
    const { kid, jwk } = { kid: KEYS.agent.thumbprint, jwk: JSON.stringify(KEYS.agent.jwk) };
    const header = `{"alg":"EdDSA","alg":"EdDSA","jwk":${jwk},"kid":"${kid}","typ":"${REQUEST}"}`;
    assert.equal(readJws(`${toBase64url(header)}.e30.AA`, REQUEST).ok, false);
  });

  test("VAI-62 exactly 64 KiB are read, one byte more is not", () => {
    const text = (length: number): string => "A".repeat(length - 1).concat(".");
    const over = readJws(text(MAX_JWS_BYTES + 1), REQUEST);
    const at = readJws(text(MAX_JWS_BYTES), REQUEST);
    assert.ok(!over.ok && /longer/.test(over.detail));
    assert.ok(!at.ok && !/longer/.test(at.detail));
  });

  test("VAI-58 other things than a compact JWS are refused", () => {
    for (const none of [
      undefined,
      null,
      7,
      {},
      [],
      "",
      ".",
      "..",
      "e30.e30",
      "e30.e30.AA.AA",
      "e30..AA",
    ]) {
      assert.equal(readJws(none, REQUEST).ok, false, String(none));
    }
  });
});
