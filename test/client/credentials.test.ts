import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { CompactEncrypt } from "jose";
import { type DeliveryKey, deliveryKey, openCredentials } from "../../lib/client/credentials.ts";
import { encryptCredentials } from "../../lib/issuance/encrypt.ts";

const CREDENTIALS = {
  accessKeyId: "ASIAEXAMPLE",
  secretAccessKey: "secret",
  sessionToken: "token",
  expiration: "2026-05-05T04:15:00.000Z",
};

const sealed = ({ deliverTo }: DeliveryKey, content: unknown, header = {}): Promise<string> =>
  new CompactEncrypt(Buffer.from(typeof content === "string" ? content : JSON.stringify(content)))
    .setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM", ...header })
    .encrypt(deliverTo);

test("VAI-44 an agent opens what the trust plane encrypted to its key", async () => {
  const key = deliveryKey();
  const compact = await encryptCredentials(key.deliverTo, CREDENTIALS);
  const expiration = new Date(CREDENTIALS.expiration);
  assert.deepEqual(await openCredentials(compact, key.privateKey), { ...CREDENTIALS, expiration });
});

/** Another first letter in the last part, the authentication tag. */
const changed = (compact: string): string =>
  compact.replace(/\.(.)([^.]*)$/, (_, first, rest) => `.${first === "A" ? "B" : "A"}${rest}`);

const refused: readonly (readonly [
  what: string,
  message: (key: DeliveryKey) => Promise<string>,
])[] = [
  ["for another key", () => encryptCredentials(deliveryKey().deliverTo, CREDENTIALS)],
  ["under another content encryption", (key) => sealed(key, CREDENTIALS, { enc: "A128GCM" })],
  ["under another key agreement", (key) => sealed(key, CREDENTIALS, { alg: "ECDH-ES+A256KW" })],
  ["with a changed tag", async (key) => changed(await sealed(key, CREDENTIALS))],
  ["that is no JWE", async () => "not one"],
  ["of something else than credentials", (key) => sealed(key, "words")],
  ["without a session token", (key) => sealed(key, { ...CREDENTIALS, sessionToken: undefined })],
  ["with a member too many", (key) => sealed(key, { ...CREDENTIALS, note: "more" })],
  ["that never expires", (key) => sealed(key, { ...CREDENTIALS, expiration: "never" })],
];

for (const [what, message] of refused) {
  test(`VAI-44 an agent takes no message ${what}`, async () => {
    const key = deliveryKey();
    await assert.rejects(openCredentials(await message(key), key.privateKey), (error: Error) => {
      assert.ok(error instanceof TypeError);
      for (const value of Object.values(CREDENTIALS)) assert.ok(!error.message.includes(value));
      return true;
    });
  });
}

test("X-01 the private half of a delivery key has no text: it cannot be printed or stored by accident", () => {
  const key = deliveryKey();
  const { d = "" } = key.privateKey.export({ format: "jwk" });
  assert.ok(d.length > 40);
  assert.ok(!`${inspect(key, { depth: 9 })}${JSON.stringify(key)}`.includes(d));
  assert.deepEqual(Object.keys(key.deliverTo).sort(), ["crv", "kty", "x", "y"]);
});
