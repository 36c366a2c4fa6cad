import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseBlock } from "../../lib/continuity/block.ts";
import { rootClaims } from "../../lib/continuity/root.ts";
import { signBlock } from "../../lib/continuity/sign.ts";
import { verifyChain } from "../../lib/continuity/verify.ts";
import { type DigestSigner, signJwsBy } from "../../lib/encoding/jws.ts";
import { chainOf, chainPolicy, NOW } from "../support/chain.ts";
import { Faults } from "../support/faults.ts";
import { MemoryKms } from "../support/memory-kms.ts";
import { namedPrivateJwk } from "../support/named-key.ts";
import { PLANE } from "../support/trust.ts";

/** The plane's key as KMS holds it. */
const signerOf = (name: string): DigestSigner => {
  const kms = new MemoryKms(new Faults(), "planeSigner", namedPrivateJwk(name, "ES256"));
  return { keyid: async () => kms.thumbprint, sign: async (digest) => kms.sign(digest) };
};

const seal = { plane: PLANE, jti: "0198c7d2-0000-7000-8000-000000000009", iat: NOW, approvals: [] };
const root = rootClaims(chainOf().contract, seal);

suite("signing a block", () => {
  test("POC-01 a block carries the key that signed it, and verifies offline", async () => {
    const signer = signerOf("plane");
    const block = await signBlock(root, signer, chainPolicy());
    const thumbprints = [await signer.keyid()];
    assert.deepEqual(verifyChain([block], { thumbprints, at: NOW }).problems, []);
    assert.deepEqual(parseBlock(block), root);
  });

  test("POC-16 a key that the trust policy does not have, or has for something else, signs none", async () => {
    for (const name of ["otherPlane", "otherAnchor"]) {
      await assert.rejects(signBlock(root, signerOf(name), chainPolicy()), TypeError);
    }
  });

  test("POC-12 what carries a key is not signed without, nor anything else with one", async () => {
    const signer = signerOf("plane");
    const jwk = chainPolicy().planeKeys[1]?.key;
    await assert.rejects(signJwsBy("vai-block+jwt", root, signer), TypeError);
    await assert.rejects(signJwsBy("vai-identity+jwt", {}, signer, jwk), TypeError);
  });
});
