import { createPublicKey, verify } from "node:crypto";
import canonicalize from "canonicalize";
import { KEYS, type KeyName } from "../support/keys.ts";

/** A compact JWS as RFC 7515 has it, by other means than the plane's: what it says is only what was signed. */
export interface PlainJws {
  readonly signer: KeyName;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What was signed, without the signature, which is malleable. */
  readonly input: string;
}

/** `undefined` unless one of `signers` signed exactly this text as an object of this type. */
export function plainJws(
  compact: unknown,
  typ: string,
  signers: readonly KeyName[],
): PlainJws | undefined {
  if (typeof compact !== "string" || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(compact)) return undefined;
  const [head = "", body = "", signature = ""] = compact.split(".");
  const header = parsed(head);
  const claims = parsed(body);
  const signer = signers.find((name) => KEYS[name].thumbprint === header?.["kid"]);
  if (signer === undefined || claims === undefined || header?.["typ"] !== typ) return undefined;
  if (canonicalize(claims) !== Buffer.from(body, "base64url").toString("utf8")) return undefined;
  const { jwk } = KEYS[signer];
  const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
  const input = `${head}.${body}`;
  const [algorithm, how] =
    jwk.kty === "EC" ? (["sha256", "ES256"] as const) : ([null, "EdDSA"] as const);
  const holds = verify(
    algorithm,
    Buffer.from(input),
    { key, dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
  return holds && header["alg"] === how ? { signer, claims, input } : undefined;
}

function parsed(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The first of these that does not hold. */
export const firstUnmet = (wanted: Readonly<Record<string, boolean>>): string | undefined =>
  Object.entries(wanted).find(([, holds]) => !holds)?.[0];
