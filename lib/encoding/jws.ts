import { toBase64url } from "./base64url.ts";
import { canonicalize } from "./canonical-json.ts";
import { type Digest, digestBytes, sha256Digest } from "./digest.ts";
import { derToRaw, rawToDer } from "./ecdsa.ts";
import { jwkThumbprint, type PublicJwk, type VerificationKey } from "./jwk.ts";
import { fromBase64url, utf8Bytes, utf8Text, verifyEd25519, verifyP256 } from "./platform.ts";
import { type Read, readStrictJson, unreadable } from "./strict-json.ts";

/** The `typ` of every signed object (PROTOCOL.md §1); explicit typing stops one from passing as another. */
export type JwsType =
  | "vai-contract+jwt"
  | "vai-block+jwt"
  | "vai-decision+jwt"
  | "vai-attestation+jwt"
  | "vai-approval+jwt"
  | "vai-request+jwt"
  | "vai-identity+jwt"
  | "vai-command+jwt"
  | "vai-trust-policy+jwt";

interface JwsHeader {
  readonly alg: string;
  readonly kid: string;
  readonly typ: string;
  readonly jwk?: unknown;
}

/** A compact JWS, read but not yet believed: `payload` is attacker-controlled until {@link verifyJws} says yes. */
export interface ReadJws {
  readonly compact: string;
  readonly header: JwsHeader;
  readonly payload: unknown;
  readonly signature: Uint8Array;
  readonly signingInput: string;
  /** SHA-256 over the signing input, never over signature bytes: ECDSA signatures are malleable. */
  readonly digest: Digest;
}

/** Remembers under which key it verified: the same object is judged in several places of one request. */
class Jws implements ReadJws {
  readonly compact: string;
  readonly header: JwsHeader;
  readonly payload: unknown;
  readonly signature: Uint8Array;
  readonly signingInput: string;
  readonly digest: Digest;
  /** Thumbprint. Private, so that no copy of the object and nothing that it was read from can say so. */
  #signer: string | undefined;

  constructor(read: ReadJws) {
    this.compact = read.compact;
    this.header = read.header;
    this.payload = read.payload;
    this.signature = read.signature;
    this.signingInput = read.signingInput;
    this.digest = read.digest;
  }

  static holdsUnder(jws: ReadJws, key: VerificationKey): boolean {
    if (#signer in jws && jws.#signer === key.thumbprint) return true;
    const holds = signatureHolds(jws, key);
    if (holds && #signer in jws) jws.#signer = key.thumbprint;
    return holds;
  }
}

/** Bytes: the longest contract, block, request (PROTOCOL.md §1). */
export const MAX_JWS_BYTES = 64 * 1024;

/** What is read where its signer may be unknown carries the signer's key: it shows that it is whole, never whose it is. */
const carriesKey = (typ: JwsType): boolean => typ === "vai-request+jwt" || typ === "vai-block+jwt";

/** Strict reading of a compact JWS of one type, before any signature work. Requests and blocks carry a `jwk`. */
export function readJws(compact: unknown, typ: JwsType): Read<ReadJws> {
  if (typeof compact !== "string") return unreadable("is not a compact JWS string");
  if (compact.length > MAX_JWS_BYTES) return unreadable(`is longer than ${MAX_JWS_BYTES} bytes`);
  const [headerText = "", payloadText = "", signatureText = "", ...rest] = compact.split(".");
  const [payloadPart, signaturePart] = [fromBase64url(payloadText), fromBase64url(signatureText)];
  const isWhole =
    rest.length === 0 && headerText !== "" && payloadText !== "" && signatureText !== "";
  if (!isWhole || payloadPart === undefined || signaturePart === undefined) {
    return unreadable("is not three parts of canonical, unpadded base64url");
  }
  const header = readHeader(headerText, typ);
  if (!header.ok) return unreadable(`has a header that ${header.detail}`);
  const payload = readStrictJson(payloadPart);
  if (!payload.ok) return payload;
  const signingInput = compact.slice(0, compact.lastIndexOf("."));
  return {
    ok: true,
    value: new Jws({
      compact,
      header: header.value,
      payload: payload.value,
      signature: signaturePart,
      signingInput,
      digest: sha256Digest(signingInput),
    }),
  };
}

/** Headers that were read well: a signer's header is the same text each time. Keyed by text and type. */
const knownHeaders = new Map<string, JwsHeader>();
const KNOWN_HEADERS = 256;

function readHeader(part: string, typ: JwsType): Read<JwsHeader> {
  const name = `${typ} ${part}`;
  const known = knownHeaders.get(name);
  if (known !== undefined) return { ok: true, value: known };
  const bytes = fromBase64url(part);
  const read = bytes === undefined ? unreadable("is not base64url") : parseHeader(bytes, typ);
  if (read.ok) {
    if (knownHeaders.size >= KNOWN_HEADERS) knownHeaders.clear();
    knownHeaders.set(name, read.value);
  }
  return read;
}

function parseHeader(bytes: Uint8Array, typ: JwsType): Read<JwsHeader> {
  const header = parseObject(bytes);
  const members = carriesKey(typ) ? "alg jwk kid typ" : "alg kid typ";
  if (header === undefined) return unreadable("is not a JSON object with each member once");
  if (Object.keys(header).sort().join(" ") !== members) {
    return unreadable(`does not have exactly the members ${members}`);
  }
  const { alg, kid, typ: found } = header;
  if (typeof alg !== "string" || typeof kid !== "string") {
    return unreadable("has no text in alg or kid");
  }
  if (found !== typ) return unreadable(`has typ ${JSON.stringify(found)}; expected "${typ}"`);
  return { ok: true, value: header as unknown as JwsHeader };
}

/** White space outside of strings: the strings are matched first and kept. */
const INSIGNIFICANT = /("(?:[^"\\]|\\.)*")|\s+/g;

/** Headers need not be canonical, but a duplicate member would be two headers in one: writing it again shows it. */
function parseObject(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const text = utf8Text(bytes) ?? "";
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const isOnce = JSON.stringify(value) === text.replace(INSIGNIFICANT, "$1");
    return isOnce ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether `key` signed this object under the algorithm that the key implies. The header's `alg` and `kid` must
 * agree with the key: stops algorithm confusion and key substitution (POC-12, POC-A26).
 */
export function verifyJws(jws: ReadJws, key: VerificationKey): boolean {
  if (jws.header.alg !== key.algorithm || jws.header.kid !== key.thumbprint) return false;
  return Jws.holdsUnder(jws, key);
}

function signatureHolds(jws: ReadJws, key: VerificationKey): boolean {
  const input = inputOf(jws.signingInput);
  if (key.algorithm === "EdDSA") return verifyEd25519(key.handle, input, jws.signature);
  const der = rawToDer(jws.signature);
  return der !== undefined && verifyP256(key.handle, input, der);
}

const encoder = new TextEncoder();
/** What is verified, one after the other: a new place for each would be the most that verification leaves behind. */
const place = new Uint8Array(MAX_JWS_BYTES);

/** Until the next one. One that is longer than what was read can be is never verified as its beginning. */
function inputOf(text: string): Uint8Array {
  const { read, written } = encoder.encodeInto(text, place);
  return read === text.length ? place.subarray(0, written) : utf8Bytes(text);
}

/** A key that signs for whoever holds it, and the public half that objects name it by. */
export interface SigningKey {
  readonly jwk: PublicJwk;
  readonly thumbprint: string;
  /** As a JWS carries it: r‖s of ES256 (RFC 7518 §3.4), or the 64 bytes of Ed25519. */
  sign(input: Uint8Array): Uint8Array;
}

/** A compact JWS over the JCS form of `claims`. Requests and blocks also carry the signer's public key. */
export function signJws(typ: JwsType, claims: unknown, key: SigningKey): string {
  const input = inputFor(typ, claims, key.jwk, key.thumbprint);
  return `${input}.${toBase64url(key.sign(utf8Bytes(input)))}`;
}

function inputFor(typ: JwsType, claims: unknown, jwk: PublicJwk, kid: string): string {
  const alg = jwk.kty === "EC" ? "ES256" : "EdDSA";
  const header = { alg, kid, typ, ...(carriesKey(typ) && { jwk }) };
  return `${toBase64url(canonicalize(header))}.${toBase64url(canonicalize(claims))}`;
}

/** A key that signs where it is kept: in this process, or in a service that never gives it away. */
export interface KeyPort {
  readonly jwk: PublicJwk;
  /** As {@link SigningKey} does, or a promise of it. */
  sign(input: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** Bytes of a signature as a JWS carries it, of both algorithms. */
const SIGNATURE_BYTES = 64;

/**
 * {@link signJws}, by a key that may be elsewhere.
 * @throws {TypeError} for a signature in another form, such as DER: nobody would believe it. And what the key throws.
 */
export async function signJwsAt(typ: JwsType, claims: unknown, key: KeyPort): Promise<string> {
  const input = inputFor(typ, claims, key.jwk, jwkThumbprint(key.jwk));
  const signature = await key.sign(utf8Bytes(input));
  if (signature.length !== SIGNATURE_BYTES) {
    throw new TypeError(`the key gave ${signature.length} bytes; a signature has 64, r and s`);
  }
  return `${input}.${toBase64url(signature)}`;
}

/** Signs SHA-256 digests with a P-256 key that stays with its holder, such as KMS; DER. */
export interface DigestSigner {
  /** RFC 7638 thumbprint of the public key. */
  keyid(): Promise<string>;
  sign(digest: Uint8Array): Promise<Uint8Array>;
}

/**
 * A compact ES256 JWS over the JCS form of `claims`, signed elsewhere.
 * @param jwk - the signer's public key, of a type that carries it.
 * @throws what the signer throws.
 */
export async function signJwsBy(
  typ: JwsType,
  claims: unknown,
  signer: DigestSigner,
  jwk?: PublicJwk,
): Promise<string> {
  const input = await inputBy(typ, claims, signer, jwk);
  const signature = derToRaw(await signer.sign(digestBytes(sha256Digest(input))));
  if (signature === undefined) throw new TypeError("the signer gave no DER signature");
  return `${input}.${toBase64url(signature)}`;
}

/** The digest of what {@link signJwsBy} makes of the same, which its signature has no part in. */
export const jwsDigestBy = async (
  typ: JwsType,
  claims: unknown,
  signer: Pick<DigestSigner, "keyid">,
  jwk?: PublicJwk,
): Promise<Digest> => sha256Digest(await inputBy(typ, claims, signer, jwk));

async function inputBy(
  typ: JwsType,
  claims: unknown,
  signer: Pick<DigestSigner, "keyid">,
  jwk: PublicJwk | undefined,
): Promise<string> {
  if (carriesKey(typ) !== (jwk !== undefined)) throw new TypeError(`${typ} and jwk do not fit`);
  const header = { alg: "ES256", kid: await signer.keyid(), typ, ...(jwk && { jwk }) };
  return `${toBase64url(canonicalize(header))}.${toBase64url(canonicalize(claims))}`;
}
