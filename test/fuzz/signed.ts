import { toBase64url } from "../../lib/encoding/base64url.ts";
import { canonicalize } from "../../lib/encoding/canonical-json.ts";
import { rawToDer } from "../../lib/encoding/ecdsa.ts";
import { KEYS, type KeyName } from "../support/keys.ts";
import type { Dice } from "./dice.ts";
import { HOSTILE_TEXTS, mutatedFile, mutatedValue } from "./mutations.ts";

/** A good signed object, and who signs it. */
export interface Signed {
  readonly typ: string;
  readonly claims: object;
  readonly signer: KeyName;
}

/** What a mutant may be made of besides the object itself. */
export interface Others {
  /** Values that are good somewhere: names, keys, digests, times. */
  readonly values: readonly unknown[];
  /** Good objects of other types, compact: one of them may stand where another should. */
  readonly objects: readonly string[];
}

type Way = (good: Signed, dice: Dice, others: Others) => unknown;

const TYPES = ["contract", "decision", "request", "block", "identity", "command", "trust-policy"];
const SIGNERS = Object.keys(KEYS) as KeyName[];
/** Order of the group of P-256. */
const N = BigInt("0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");

export const sign = ({ typ, claims, signer }: Signed): string =>
  signed(headerOf(typ, signer), textOf(claims), signer);

/** What the payload of a compact JWS says; whoever made it knows that it can be read. */
export const claimsOf = (compact: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(compact).split(".")[1] ?? "", "base64url").toString("utf8"));

/** RFC 7515 §5.1, by hand. */
function signed(header: string, payload: string | Buffer, signer: KeyName): string {
  const input = `${toBase64url(header)}.${Buffer.from(payload).toString("base64url")}`;
  return `${input}.${toBase64url(KEYS[signer].sign(Buffer.from(input, "ascii")))}`;
}

function headerOf(typ: string, signer: KeyName, more: object = {}): string {
  const { jwk, thumbprint } = KEYS[signer];
  const alg = jwk.kty === "EC" ? "ES256" : "EdDSA";
  const own = /^vai-(request|block)\+jwt$/.test(typ) && { jwk };
  return JSON.stringify({ alg, kid: thumbprint, typ, ...own, ...more });
}

/** The JCS form where there is one: else what would never get past the signature would be all that is tried. */
function textOf(claims: unknown): string {
  try {
    return canonicalize(claims);
  } catch {
    return JSON.stringify(claims) ?? "";
  }
}

/** One or two places of a value changed: into anything, or into what is good somewhere else. */
export function changedValue(value: unknown, dice: Dice, others: Others): unknown {
  const once = dice.hits(2) ? mutatedValue(value, dice) : transplanted(value, dice, others);
  return dice.hits(3) ? transplanted(once, dice, others) : once;
}

function transplanted(value: unknown, dice: Dice, others: Others): unknown {
  const isLeaf = typeof value !== "object" || value === null || Object.keys(value).length === 0;
  if (isLeaf || dice.hits(12)) return moved(value, dice) ?? dice.pick(others.values);
  const key = dice.pick(Object.keys(value));
  const held = (value as Record<string, unknown>)[key];
  if (Array.isArray(value)) return value.with(Number(key), transplanted(held, dice, others));
  return { ...value, [key]: transplanted(held, dice, others) };
}

/** A number near by: a window that ends a second earlier, a use more. */
const moved = (value: unknown, dice: Dice): number | undefined =>
  typeof value === "number" && !dice.hits(4)
    ? value + dice.pick([-1, 1, -60, 60, -61, 61, 300, 301, -900, 900, 86_401])
    : undefined;

/** Says something else, signed as it should be: this gets past the signature. */
const resigned: Way = (good, dice, others) =>
  sign({ ...good, claims: changedValue(good.claims, dice, others) as object });

/** Text that a careless signer emits: doubled members, white space, other spellings of a number. */
const misspelt: Way = ({ typ, claims, signer }, dice) => {
  const text = textOf(claims);
  const [from, to] = [dice.roll(text.length), dice.roll(text.length)].sort((a, b) => a - b);
  const ways: readonly (() => string | Buffer)[] = [
    () => JSON.stringify(claims, null, 1),
    () => text.replace("{", `{${text.slice(1, text.indexOf(",") + 1)}`),
    () => text.replace("}", ',"__proto__":{}}'),
    () => text.replace("{", '{"__proto__":{"do":"signal"},'),
    () => text.replace(/\d+/, (digits) => `${digits}.0`),
    () => text.replace(/\d+/, (digits) => `${digits}e0`),
    () => text.replace(/\d{10}/, "90071992547409930000"),
    () => text.replace('"', '"\\ud800'),
    () => text.replace(/[a-z]/, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`),
    () => `\ufeff${text}`,
    () => text.slice(0, from) + text.slice(to),
    () => mutatedFile(text, dice),
  ];
  return signed(headerOf(typ, signer), dice.pick(ways)(), signer);
};

/** Another header over the same claims, signed. */
const reheaded: Way = ({ typ, claims, signer }, dice) => {
  const other = KEYS[dice.pick(SIGNERS)];
  const plain = JSON.parse(headerOf(typ, signer)) as object;
  const ways: readonly (() => string)[] = [
    () => headerOf(typ, signer, { alg: dice.pick(["none", "HS256", "RS256", "ES256", "EdDSA"]) }),
    () => headerOf(`vai-${dice.pick(TYPES)}+jwt`, signer),
    () => headerOf(typ.toUpperCase(), signer),
    () => headerOf(typ, signer, { kid: other.thumbprint }),
    () => headerOf(typ, signer, { jwk: other.jwk }),
    () => headerOf(typ, signer, { crit: ["exp"], exp: 1 }),
    () => headerOf(typ, signer, { b64: false }),
    () => headerOf(typ, signer, { kid: [KEYS[signer].thumbprint] }),
    () => headerOf(typ, signer).replace("{", '{"alg":"none",'),
    () => headerOf(typ, signer).replaceAll(",", " , "),
    () => JSON.stringify(mutatedValue(plain, dice)),
    () => dice.pick(HOSTILE_TEXTS),
  ];
  return signed(dice.pick(ways)(), textOf(claims), signer);
};

/** Signed by somebody else, who says so or not. */
const bySomebodyElse: Way = ({ typ, claims, signer }, dice) => {
  const other = dice.pick(SIGNERS);
  return signed(headerOf(typ, dice.hits(2) ? other : signer), textOf(claims), other);
};

/** The signature's own bytes. */
const missigned: Way = (good, dice) => {
  const compact = sign(good);
  const input = compact.slice(0, compact.lastIndexOf("."));
  const bytes = Buffer.from(compact.slice(input.length + 1), "base64url");
  const [r, s] = [bytes.subarray(0, 32), bytes.subarray(32)];
  const highS = (N * 2n - BigInt(`0x${s.toString("hex")}`)) % N;
  const flipped = Buffer.from(bytes);
  flipped[dice.roll(64)] = dice.roll(256);
  const ways: readonly (() => Uint8Array)[] = [
    () => rawToDer(bytes) ?? bytes,
    () => Buffer.alloc(0),
    () => Buffer.alloc(64),
    () => bytes.subarray(0, dice.roll(64)),
    () => Buffer.concat([bytes, Buffer.alloc(1)]),
    () => Buffer.concat([Buffer.alloc(32), s]),
    () => Buffer.concat([r, Buffer.alloc(32)]),
    () => Buffer.concat([r, Buffer.from(N.toString(16), "hex")]),
    // As good a signature as the other one, where the key is of P-256.
    () => Buffer.concat([r, Buffer.from(highS.toString(16).padStart(64, "0"), "hex")]),
    () => Buffer.concat([s, r]),
    () => flipped,
  ];
  return `${input}.${toBase64url(dice.pick(ways)())}`;
};

/** Base64url that others read as the same bytes, and parts that are none. */
const respelt: Way = (good, dice) => {
  const compact = sign(good);
  const at = dice.roll(compact.length);
  const ways: readonly (() => unknown)[] = [
    () => `${compact}=`,
    () => `${compact}\n`,
    () => ` ${compact}`,
    () => `${compact.slice(0, at)}\n${compact.slice(at)}`,
    () => `${compact.slice(0, at)}=${compact.slice(at)}`,
    () => compact.replaceAll("-", "+").replaceAll("_", "/"),
    () =>
      `${compact.slice(0, -1)}${String.fromCharCode((compact.at(-1) ?? "A").charCodeAt(0) + 1)}`,
    () => `${compact.slice(0, at)}${dice.pick(HOSTILE_TEXTS)}${compact.slice(at + dice.roll(9))}`,
    () => `${compact}.${compact}`,
    () => compact.split(".").toReversed().join("."),
    () => compact.split(".").slice(0, 2).join("."),
    () => ({ payload: claimsOf(compact), signatures: [] }),
    () => [compact],
    () => mutatedValue(compact, dice),
  ];
  return dice.pick(ways)();
};

/** Claims that the signature is not over. */
const tampered: Way = (good, dice, others) => {
  const [head, , signature] = sign(good).split(".");
  const claims = changedValue(good.claims, dice, others);
  return `${head}.${toBase64url(textOf(claims))}.${signature}`;
};

/** A good object of another type, whole or as the claims of this one. */
const swapped: Way = ({ typ, signer }, dice, { objects }) => {
  const other = dice.pick(objects);
  return dice.hits(2) ? other : sign({ typ, claims: claimsOf(other), signer });
};

/** Half of all mutants are signed as they should be: the others never come past the first look. */
const WAYS: readonly Way[] = [
  ...[resigned, resigned, resigned, resigned, resigned, resigned, resigned],
  ...[misspelt, reheaded, bySomebodyElse, missigned, respelt, tampered, swapped],
];

/** What stands where a good signed object should. */
export const mutatedSigned = (good: Signed, dice: Dice, others: Others): unknown =>
  dice.pick(WAYS)(good, dice, others);
