import { createPrivateKey, createPublicKey } from "node:crypto";
import { keyMembers } from "../client/key-members.ts";
import { signingKey } from "../client/keys.ts";
import { type PublicJwk, readPublicJwk } from "../encoding/jwk.ts";
import type { SigningKey } from "../encoding/jws.ts";
import { jsonOf, readText } from "./files.ts";
import { CommandError, EXIT } from "./io.ts";
import { vaiLine } from "./self.ts";

/** A private key file. @throws {CommandError}; its message holds nothing of the key. */
export const readKey = (path: string): SigningKey =>
  reading(path, `; make one with: ${vaiLine("keys", "new", "FILE")}`, () =>
    signingKey(jwkOf(path, "private")),
  );

/** The public half of a key file, which may hold the private one too, or be what `vai keys new --json` printed. */
export const readPublicKey = (path: string): PublicJwk =>
  reading(path, "", () => publicHalf(jwkOf(path, "public")));

/** The public half of a value. @throws {TypeError} that says what is wrong. */
export function publicHalf(value: unknown): PublicJwk {
  const { d: _private, ...rest } = keyMembers(value);
  const key = readPublicJwk(rest);
  if (typeof key === "string") throw new TypeError(key);
  return key.jwk;
}

function jwkOf(path: string, half: "private" | "public"): unknown {
  const text = readText(path);
  if (/^\s*-----BEGIN /.test(text)) return jwkOfPem(text, half);
  const value = jsonOf(text, path);
  return half === "public" && isPrinted(value) ? value.publicKey : value;
}

/** Standard output of `vai keys new --json` and `vai keys kms --json`. */
const isPrinted = (value: unknown): value is { readonly publicKey: unknown } =>
  typeof value === "object" && value !== null && "publicKey" in value && "thumbprint" in value;

/** PKCS#8, SEC 1 or SPKI, as OpenSSL writes them. What Node says of a bad one may quote it. */
function jwkOfPem(pem: string, half: "private" | "public"): unknown {
  if (/ENCRYPTED/.test(pem)) throw new TypeError("is encrypted; decrypt it to a file of its own");
  if (half === "private" && /-----BEGIN (?:PUBLIC KEY|CERTIFICATE)/.test(pem)) {
    throw new TypeError("holds no private key");
  }
  try {
    const key = half === "private" ? createPrivateKey(pem) : createPublicKey(pem);
    return key.export({ format: "jwk" });
  } catch {
    throw new TypeError("is no PEM of a key that can be read");
  }
}

function reading<T>(path: string, hint: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const why = error instanceof TypeError ? error.message : "cannot be read";
    throw new CommandError(EXIT.unreadable, `${path} ${why}${hint}`);
  }
}
