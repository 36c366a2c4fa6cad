import {
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type JsonWebKey,
  type KeyObject,
} from "node:crypto";

/** ECDH-ES and AES-GCM (RFC 7516, RFC 7518) with nothing but node:crypto: independent of the library under test. */

export const privateKeyOf = (key: JsonWebKey): KeyObject =>
  createPrivateKey({ key, format: "jwk" });

const numbered = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const prefixed = (bytes: Buffer): Buffer => Buffer.concat([numbered(bytes.length), bytes]);

interface Agreement {
  readonly privateKey: KeyObject;
  /** The other side's public JWK. */
  readonly publicKey: JsonWebKey;
  readonly enc: string;
  readonly bits: number;
  readonly apu?: string;
  readonly apv?: string;
}

/** The agreed key: Concat KDF over Z, one round (RFC 7518 §4.6.2; NIST SP 800-56A §5.8.1). */
export function agreedKey({
  privateKey,
  publicKey,
  enc,
  bits,
  apu = "",
  apv = "",
}: Agreement): Buffer {
  const { kty = "", crv = "", x = "", y = "" } = publicKey;
  const other = createPublicKey({ key: { kty, crv, x, y }, format: "jwk" });
  const secret = diffieHellman({ privateKey, publicKey: other });
  const info = [
    prefixed(Buffer.from(enc, "ascii")),
    prefixed(Buffer.from(apu, "base64url")),
    prefixed(Buffer.from(apv, "base64url")),
    numbered(bits),
  ];
  return createHash("sha256")
    .update(Buffer.concat([numbered(1), secret, ...info]))
    .digest()
    .subarray(0, bits / 8);
}

const SIZES: Readonly<Record<string, { bits: number; cipher: "aes-128-gcm" | "aes-256-gcm" }>> = {
  A128GCM: { bits: 128, cipher: "aes-128-gcm" },
  A256GCM: { bits: 256, cipher: "aes-256-gcm" },
};

/** Opens a compact JWE. @throws when the key or a byte is another. */
export function open(compact: string, privateKey: KeyObject) {
  const [head = "", encryptedKey = "", iv = "", text = "", tag = ""] = compact.split(".");
  const header = JSON.parse(Buffer.from(head, "base64url").toString("utf8"));
  const size = SIZES[header.enc];
  if (size === undefined) throw new TypeError(`enc ${header.enc}`);
  const key = agreedKey({
    ...{ privateKey, publicKey: header.epk, enc: header.enc, bits: size.bits },
    ...{ apu: header.apu, apv: header.apv },
  });
  const decipher = createDecipheriv(size.cipher, key, Buffer.from(iv, "base64url"));
  decipher.setAAD(Buffer.from(head, "ascii")).setAuthTag(Buffer.from(tag, "base64url"));
  const plaintext = Buffer.concat([
    decipher.update(Buffer.from(text, "base64url")),
    decipher.final(),
  ]);
  return { header, encryptedKey, plaintext: plaintext.toString("utf8") };
}
