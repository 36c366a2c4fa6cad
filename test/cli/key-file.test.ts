import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { readKey, readPublicKey } from "../../lib/cli/key-file.ts";
import { newPrivateJwk, signingKey } from "../../lib/client/keys.ts";
import type { SignatureAlgorithm } from "../../lib/encoding/jwk.ts";
import { desk, run } from "./support/plane-endpoint.ts";

/** What tools write about a key, by its algorithm. */
const SAID = {
  ES256: { kid: "key-1", use: "sig", alg: "ES256", key_ops: ["sign"], ext: true },
  EdDSA: { kid: "key-1", use: "sig", alg: "Ed25519", key_ops: ["sign"], ext: true },
} as const;

/** A key in every form in which a file may hold it. */
function formsOf(algorithm: SignatureAlgorithm) {
  const jwk = newPrivateJwk(algorithm);
  const { privateKey, jwk: publicJwk, thumbprint } = signingKey(jwk);
  const publicKey = createPublicKey(privateKey);
  const { key_ops: _sign, ...said } = SAID[algorithm];
  const pem = String(privateKey.export({ type: "pkcs8", format: "pem" }));
  return {
    thumbprint,
    private: {
      JWK: JSON.stringify(jwk),
      "JWK with what a tool says of it": JSON.stringify({ ...jwk, ...SAID[algorithm] }),
      "PKCS#8": pem,
      ...(algorithm === "ES256" && {
        "SEC 1": String(privateKey.export({ type: "sec1", format: "pem" })),
      }),
    },
    public: {
      JWK: JSON.stringify(publicJwk),
      "JWK with what a tool says of it": JSON.stringify({
        ...publicJwk,
        ...said,
        key_ops: ["verify"],
      }),
      SPKI: String(publicKey.export({ type: "spki", format: "pem" })),
      "what vai keys printed": JSON.stringify({ file: "x", thumbprint, publicKey: publicJwk }),
    },
    jwk,
    pem,
  };
}

describe("a key from a file", () => {
  for (const algorithm of ["ES256", "EdDSA"] as const) {
    test(`USR-11 ${algorithm}: the same key in every form, private and public`, async (t) => {
      const { file } = await desk(t);
      const forms = formsOf(algorithm);
      const path = file("key");
      for (const [form, text] of Object.entries(forms.private)) {
        writeFileSync(path, text);
        const key = readKey(path);
        assert.equal(key.thumbprint, forms.thumbprint, form);
        assert.equal(key.sign(new Uint8Array(1)).length, 64, form);
        assert.equal(signingKey(readPublicKeyOf(path, forms.jwk.d)).thumbprint, forms.thumbprint);
      }
      for (const [form, text] of Object.entries(forms.public)) {
        writeFileSync(path, text);
        assert.deepEqual({ ...readPublicKey(path), d: forms.jwk.d }, forms.jwk, form);
        assert.throws(() => readKey(path), /private|PEM|JWK|member/, form);
      }
    });
  }

  const OTHER: readonly (readonly [change: object, says: RegExp])[] = [
    [{ use: "enc" }, /says use "enc", which is not a signing key's/],
    [{ alg: "ES384" }, /says alg "ES384"/],
    [{ key_ops: ["deriveKey"] }, /says key_ops/],
    [{ kid: 7 }, /says kid 7/],
    [{ x5u: "https://example.org" }, /has members "crv kty x x5u y"/],
  ];
  for (const [change, says] of OTHER) {
    test(`USR-11 a JWK with ${JSON.stringify(change)} is refused by name`, async (t) => {
      const { file } = await desk(t);
      const { jwk } = formsOf("ES256");
      writeFileSync(file("key"), JSON.stringify({ ...jwk, ...change }));
      assert.throws(() => readKey(file("key")), says);
      assert.throws(() => readPublicKey(file("key")), says);
    });
  }

  test("USR-16 what is wrong with a key is said without anything of it", async (t) => {
    const { file } = await desk(t);
    const { jwk, pem } = formsOf("ES256");
    const { d: foreign } = newPrivateJwk();
    const body = pem.split("\n")[1] ?? "";
    const bad = [
      JSON.stringify({ ...jwk, d: foreign }),
      JSON.stringify({ ...jwk, d: `${jwk.d.slice(0, -3)}!!!` }),
      `${JSON.stringify(jwk).slice(0, -1)},}`,
      pem.replace(body, body.slice(4)),
      pem.replace("PRIVATE", "ENCRYPTED PRIVATE"),
    ];
    for (const text of bad) {
      writeFileSync(file("key"), text);
      assert.throws(
        () => readKey(file("key")),
        ({ message }: Error) =>
          /make one with: npx --no -- vai keys new FILE/.test(message) ||
          /is not JSON: line 1/.test(message),
      );
      const said = await run(["issue", "x", "--key", file("key")]);
      assert.ok(!said.err.includes(jwk.d.slice(4, 20)) && !said.err.includes(body.slice(4, 20)));
    }
    const { err } = await run(["export", "x", "--anchor-key", file("key")]);
    assert.ok(!err.includes(jwk.d.slice(4, 20)));
  });
});

const readPublicKeyOf = (path: string, d: string): object => ({ ...readPublicKey(path), d });
