import assert from "node:assert/strict";
import { sign } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { KmsSigner } from "../../lib/aws/ports/kms-signer.ts";
import { fileKey } from "../../lib/client/file-key.ts";
import { newPrivateJwk } from "../../lib/client/keys.ts";
import { keyOfSigner } from "../../lib/client/kms-key.ts";
import { signedBy, unsignedWithdraw } from "../../lib/client/request.ts";
import { sha256Digest } from "../../lib/encoding/digest.ts";
import { type KeyPort, signJwsAt } from "../../lib/encoding/jws.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { judgePossession, readWithdrawRequest } from "../../lib/request/request.ts";
import { Faults } from "../support/faults.ts";
import { KEYS } from "../support/keys.ts";
import { MemoryKms } from "../support/memory-kms.ts";

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "vai-key-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A file of a private key with a mode. */
function keyFile(t: TestContext, mode: number, text = JSON.stringify(newPrivateJwk())): string {
  const file = join(folder(t), "key.json");
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

test("POC-A12 what is no file is no key, by name", (t) => {
  const path = folder(t);
  chmodSync(path, 0o700);
  assert.throws(() => fileKey(path), { name: "TypeError", message: `${path} is no file` });
});

test("POC-A12 a key's file that anybody else may read, write or run is refused, and nothing of it is told", (t) => {
  for (const mode of [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o660, 0o777]) {
    const file = keyFile(t, mode);
    assert.throws(() => fileKey(file), {
      name: "TypeError",
      message: new RegExp(`key\\.json has mode 0${mode.toString(8)};.*chmod 600$`),
    });
  }
  for (const mode of [0o600, 0o400]) {
    assert.ok(fileKey(keyFile(t, mode)).thumbprint.length === 43);
  }
});

test("POC-A12 the file that is judged is the one that a link leads to", (t) => {
  const file = keyFile(t, 0o644);
  const link = join(folder(t), "link");
  symlinkSync(file, link);
  assert.throws(() => fileKey(link), /mode 0644/);
});

test("POC-A12 what is no private key is told by the file and the member, never by what is in it", (t) => {
  const { d, ...open } = newPrivateJwk();
  for (const [text, why] of [
    ["{", /is no JSON$/],
    [`"${d}`, /is no JSON$/],
    [JSON.stringify(open), /has no private part d$/],
    [JSON.stringify({ ...open, d: KEYS.stranger.jwk.x }), /has a private part d that is not good$/],
  ] as const) {
    const file = keyFile(t, 0o600, text);
    assert.throws(
      () => fileKey(file),
      (error: Error) => why.test(error.message) && !error.message.includes(d),
    );
  }
  assert.throws(() => fileKey(folder(t)), /is no file|EISDIR/);
  assert.throws(() => fileKey(join(folder(t), "absent")), /ENOENT/);
});

const WITHDRAWAL = {
  ...{
    plane: "vai:000000000000:us-east-1:test",
    idempotencyKey: "k",
    jti: "j",
    iat: 1_777_953_600,
  },
  ...{ contract: { digest: sha256Digest("a contract") }, block: sha256Digest("a block") },
};

/** Whose a request is that a key elsewhere signed. */
async function signerOf(key: KeyPort): Promise<string | undefined> {
  const { request } = await signedBy(unsignedWithdraw(WITHDRAWAL), key);
  const read = readWithdrawRequest(request);
  if (isRefusal(read)) return read.code;
  const found = judgePossession(read);
  return isRefusal(found) ? found.code : found.thumbprint;
}

test("POC-05 a key may be anywhere: in memory, in a file, or where only digests go, as in KMS", async (t) => {
  assert.equal(await signerOf(KEYS.agent), KEYS.agent.thumbprint);
  const file = keyFile(t, 0o600);
  assert.equal(await signerOf(fileKey(file)), fileKey(file).thumbprint);
  const kms = new MemoryKms(new Faults());
  const elsewhere = keyOfSigner(kms.jwk, new KmsSigner(kms.client(), "key"));
  assert.equal(await signerOf(elsewhere), kms.thumbprint);
  const { jwk, thumbprint, privateKey } = KEYS.refunds;
  const here = { jwk, sign: async (input: Uint8Array) => sign("sha256", input, privateKey) };
  await assert.rejects(signJwsAt("vai-request+jwt", {}, here), /a signature has 64, r and s/);
  const raw = { jwk, sign: async (input: Uint8Array) => KEYS.refunds.sign(input) };
  assert.equal(await signerOf(raw), thumbprint);
});

test("POC-05 an answer of the signer that is no DER is not sent", async () => {
  const broken = keyOfSigner(KEYS.refunds.jwk, { sign: async () => new Uint8Array(64) });
  await assert.rejects(signerOf(broken), /no DER signature/);
});
