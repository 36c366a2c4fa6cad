import { toBase64url } from "../../lib/encoding/base64url.ts";
import { canonicalize } from "../../lib/encoding/canonical-json.ts";
import type { SigningKey } from "../../lib/encoding/jws.ts";
import { KEYS, type KeyName } from "./keys.ts";
import { type Change, changed } from "./mutate.ts";

/** How a signed object differs from the valid one. All but `tamper`, `signature` and `text` is signed as it is. */
export interface SignedChange extends Change {
  readonly signedBy?: KeyName;
  readonly header?: Change;
  /** Replacements in the payload's text before it is signed: what a careless signer could emit. */
  readonly rewrite?: readonly (readonly [string, string])[];
  /** Replacements in the payload's text after it was signed. */
  readonly tamper?: readonly (readonly [string, string])[];
  readonly signature?: "flipped" | "empty" | "malleated";
  /** What stands where the compact JWS should. */
  readonly text?: unknown;
  /** Put after the compact JWS. */
  readonly suffix?: string;
}

/** Order of the group of P-256: (r, n − s) is as good a signature as (r, s). */
const N = BigInt("0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");

/** Whoever signs, by name. */
export type Keys = Readonly<Record<KeyName, Pick<SigningKey, "jwk" | "thumbprint" | "sign">>>;

/** Signs claims as {@link signJws} does, or as an attacker would. */
export function forge(
  typ: string,
  claims: object,
  signer: KeyName,
  change: SignedChange = {},
  now = 0,
  keys: Keys = KEYS,
): unknown {
  if ("text" in change) return changed("" as unknown, { set: { "": change.text } }, now);
  const key = keys[change.signedBy ?? signer];
  const header = changed(
    {
      alg: key.jwk.kty === "EC" ? "ES256" : "EdDSA",
      kid: key.thumbprint,
      typ,
      ...(/^vai-(request|block)\+jwt$/.test(typ) && { jwk: key.jwk }),
    },
    change.header,
    now,
  );
  const payload = replaced(canonicalize(changed(claims, change, now)), change.rewrite);
  const head = toBase64url(JSON.stringify(header));
  const signature = signed(`${head}.${toBase64url(payload)}`, key, change.signature);
  const body = toBase64url(replaced(payload, change.tamper));
  return `${head}.${body}.${toBase64url(signature)}${change.suffix ?? ""}`;
}

function replaced(text: string, changes: SignedChange["rewrite"] = []): string {
  return changes.reduce((before, [from, to]) => {
    if (!before.includes(from)) throw new Error(`${from} is not in ${before}`);
    return before.replace(from, () => to);
  }, text);
}

function signed(
  input: string,
  key: Pick<SigningKey, "sign">,
  how: SignedChange["signature"],
): Buffer {
  const signature = Buffer.from(key.sign(Buffer.from(input, "ascii")));
  if (how === "empty") return Buffer.alloc(0);
  if (how === "flipped") signature[40] = (signature[40] ?? 0) ^ 1;
  return how === "malleated" ? twin(signature) : signature;
}

function twin(signature: Buffer): Buffer {
  const s = N - BigInt(`0x${signature.subarray(32).toString("hex")}`);
  const other = Buffer.from(s.toString(16).padStart(64, "0"), "hex");
  return Buffer.concat([signature.subarray(0, 32), other]);
}

/** The other signature over the same bytes that everybody can make of an ECDSA signature. */
export function malleated(compact: string): string {
  const [head, payload, signature = ""] = compact.split(".");
  return `${head}.${payload}.${twin(Buffer.from(signature, "base64url")).toString("base64url")}`;
}
