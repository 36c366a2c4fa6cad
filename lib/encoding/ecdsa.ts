/** Bytes of one P-256 scalar. */
const SCALAR = 32;

/**
 * r‖s (RFC 7518 §3.4, 64 bytes) as the DER that OpenSSL verifies fastest and KMS writes (RFC 3279 §2.2.3).
 * @returns `undefined` when the length is not 64.
 */
export function rawToDer(raw: Uint8Array): Uint8Array | undefined {
  if (raw.length !== 2 * SCALAR) return undefined;
  const [r, s] = [startOf(raw, 0), startOf(raw, SCALAR)];
  const [rPad, sPad] = [padOf(raw, r), padOf(raw, s)];
  const [rLength, sLength] = [SCALAR - r + rPad, 2 * SCALAR - s + sPad];
  const der = new Uint8Array(6 + rLength + sLength);
  der[0] = 0x30;
  der[1] = 4 + rLength + sLength;
  der[2] = 0x02;
  der[3] = rLength;
  copyTo(der, 4 + rPad, raw, r, SCALAR);
  der[4 + rLength] = 0x02;
  der[5 + rLength] = sLength;
  copyTo(der, 6 + rLength + sPad, raw, s, 2 * SCALAR);
  return der;
}

/** Byte by byte: a view of so few costs more than they do. */
function copyTo(to: Uint8Array, at: number, from: Uint8Array, start: number, end: number): void {
  for (let index = start; index < end; index++) to[at + index - start] = from[index] ?? 0;
}

/** Where the scalar that begins at `from` begins without its leading zeros; the last byte always stays. */
function startOf(raw: Uint8Array, from: number): number {
  let start = from;
  while (start < from + SCALAR - 1 && raw[start] === 0) start++;
  return start;
}

/** A zero before an integer that would read as a negative one. */
const padOf = (raw: Uint8Array, start: number): 0 | 1 => ((raw[start] ?? 0) >= 0x80 ? 1 : 0);

/**
 * The DER that KMS writes as r‖s, which a JWS carries (RFC 7518 §3.4).
 * @returns `undefined` when it is not the DER of two integers that fit.
 */
export function derToRaw(der: Uint8Array): Uint8Array | undefined {
  const raw = new Uint8Array(2 * SCALAR);
  let at = 2;
  for (const end of [SCALAR, 2 * SCALAR]) {
    const length = der[at + 1] ?? 0;
    const value = der.subarray(at + 2, at + 2 + length);
    const start = value.findIndex((byte) => byte !== 0);
    const body = value.subarray(start < 0 ? value.length : start);
    if (body.length > SCALAR) return undefined;
    raw.set(body, end - body.length);
    at += 2 + length;
  }
  // Written again it must be the same: anything else was no signature.
  const again = rawToDer(raw);
  const isSame = again?.length === der.length && again.every((byte, index) => byte === der[index]);
  return isSame ? raw : undefined;
}
