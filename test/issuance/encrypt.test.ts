import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CompactEncrypt } from "jose";
import { deliveryKey } from "../../lib/client/credentials.ts";
import { jwkThumbprint } from "../../lib/encoding/jwk.ts";
import { encryptCredentials } from "../../lib/issuance/encrypt.ts";
import { KEYS } from "../support/keys.ts";
import { agreedKey, open, privateKeyOf } from "./support/ecdh-es.ts";

/** RFC 7518, appendix C. */
const ALICE = {
  kty: "EC",
  crv: "P-256",
  x: "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
  y: "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps",
  d: "0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo",
};
const BOB = {
  kty: "EC",
  crv: "P-256",
  x: "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
  y: "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
  d: "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw",
};
const CURVE = { name: "ECDH", namedCurve: "P-256" };
const [APU, APV] = ["QWxpY2U", "Qm9i"];
const DERIVED = "VqqN6vgjbSBcIijNcacQGg";

const CREDENTIALS = {
  accessKeyId: "ASIAEXAMPLE",
  secretAccessKey: "secret/with+signs",
  sessionToken: "token".repeat(200),
  expiration: "2026-05-05T04:15:00.000Z",
};

test("X-01 the independent implementation derives the key of RFC 7518, appendix C", () => {
  const parts = { enc: "A128GCM", bits: 128, apu: APU, apv: APV };
  const here = agreedKey({ ...parts, privateKey: privateKeyOf(ALICE), publicKey: BOB });
  const there = agreedKey({ ...parts, privateKey: privateKeyOf(BOB), publicKey: ALICE });
  assert.equal(here.toString("base64url"), DERIVED);
  assert.equal(there.toString("base64url"), DERIVED);
});

test("X-01 the library agrees with RFC 7518, appendix C: Bob opens what Alice's key of it made", async () => {
  const { d: _private, ...bob } = BOB;
  const parameters = {
    epk: await crypto.subtle.importKey("jwk", ALICE, CURVE, true, ["deriveBits"]),
    apu: Buffer.from(APU, "base64url"),
    apv: Buffer.from(APV, "base64url"),
  };
  const compact = await new CompactEncrypt(Buffer.from("for Bob"))
    .setProtectedHeader({ alg: "ECDH-ES", enc: "A128GCM" })
    .setKeyManagementParameters(parameters)
    .encrypt(bob);
  const { header, plaintext } = open(compact, privateKeyOf(BOB));
  assert.deepEqual([header.epk.x, header.apu, header.apv], [ALICE.x, APU, APV]);
  assert.equal(plaintext, "for Bob");
});

test("VAI-44 credentials are a compact JWE that an independent implementation opens: header and content exactly as agreed", async () => {
  const { deliverTo, privateKey } = deliveryKey();
  const compact = await encryptCredentials(deliverTo, CREDENTIALS);
  const { header, encryptedKey, plaintext } = open(compact, privateKey);
  const { epk, ...rest } = header;
  assert.deepEqual(rest, { alg: "ECDH-ES", enc: "A256GCM", kid: jwkThumbprint(deliverTo) });
  assert.deepEqual(Object.keys(epk).sort(), ["crv", "kty", "x", "y"]);
  assert.equal(encryptedKey, "", "direct agreement wraps no key");
  assert.deepEqual(JSON.parse(plaintext), CREDENTIALS);
});

test("USR-16 nothing of the session can be read in the message, and nothing else of its holder gets in", async () => {
  const { deliverTo, privateKey } = deliveryKey();
  const holder = { ...CREDENTIALS, hidden: "of the session object" };
  const compact = await encryptCredentials(deliverTo, holder);
  const readable = compact
    .split(".")
    .map((part) => Buffer.from(part, "base64url").toString("latin1"));
  for (const value of Object.values(CREDENTIALS)) {
    assert.ok(![compact, ...readable].some((text) => text.includes(value)));
  }
  assert.deepEqual(JSON.parse(open(compact, privateKey).plaintext), CREDENTIALS);
});

test("VAI-44 every message has its own ephemeral key, and only the key that was asked for opens it", async () => {
  const other = deliveryKey();
  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 1 }), async (sessionToken) => {
      const { deliverTo, privateKey } = deliveryKey();
      const content = { ...CREDENTIALS, sessionToken };
      const [one, two] = await Promise.all([
        encryptCredentials(deliverTo, content),
        encryptCredentials(deliverTo, content),
      ]);
      const [first, second] = [open(one, privateKey), open(two, privateKey)];
      assert.notEqual(first.header.epk.x, second.header.epk.x);
      assert.equal(JSON.parse(first.plaintext).sessionToken, sessionToken.toWellFormed());
      assert.throws(() => open(one, other.privateKey));
    }),
    { numRuns: 25 },
  );
});

test("VAI-44 a key that ECDH-ES does not know is a fault, never a message in the clear", async () => {
  assert.equal(KEYS.agent.jwk.kty, "OKP");
  await assert.rejects(encryptCredentials(KEYS.agent.jwk, CREDENTIALS), TypeError);
});
