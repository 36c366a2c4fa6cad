/** Bytes of one P-256 scalar. */
const SCALAR = 32;

/**
 * r‖s (RFC 7518 §3.4, 64 bytes) as the DER that OpenSSL verifies fastest and KMS writes (RFC 3279 §2.2.3).
 * @returns `undefined` when the length is not 64.
 */
export function rawToDer(raw: Uint8Array): Buffer | undefined {
  if (raw.length !== 2 * SCALAR) return undefined;
  const r = integer(raw.subarray(0, SCALAR));
  const s = integer(raw.subarray(SCALAR));
  return Buffer.concat([Buffer.from([0x30, r.length + s.length]), r, s]);
}

function integer(scalar: Uint8Array): Buffer {
  let start = 0;
  while (start < SCALAR - 1 && scalar[start] === 0) start++;
  const body = scalar.subarray(start);
  const pad = (body[0] ?? 0) >= 0x80 ? 1 : 0;
  const out = Buffer.alloc(2 + pad + body.length);
  out[0] = 0x02;
  out[1] = pad + body.length;
  out.set(body, 2 + pad);
  return out;
}

/**
 * The DER that KMS writes as r‖s, which a JWS carries (RFC 7518 §3.4).
 * @returns `undefined` when it is not the DER of two integers that fit.
 */
export function derToRaw(der: Uint8Array): Buffer | undefined {
  const raw = Buffer.alloc(2 * SCALAR);
  let at = 2;
  for (const end of [SCALAR, 2 * SCALAR]) {
    const length = der[at + 1] ?? 0;
    const value = Buffer.from(der.subarray(at + 2, at + 2 + length));
    const start = value.findIndex((byte) => byte !== 0);
    const body = start < 0 ? Buffer.alloc(0) : value.subarray(start);
    if (body.length > SCALAR) return undefined;
    raw.set(body, end - body.length);
    at += 2 + length;
  }
  // Written again it must be the same: anything else was no signature.
  return rawToDer(raw)?.equals(der) === true ? raw : undefined;
}
