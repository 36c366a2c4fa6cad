/** Field and curve constants of edwards25519 (RFC 8032 §5.1). */
const P = (1n << 255n) - 19n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/**
 * Whether 32 bytes are the canonical encoding of a point of edwards25519 that is not of small order
 * (RFC 8032 §5.1.3). Stops a key whose signatures verify for any message, and a key with two encodings.
 */
export function isGoodEd25519Point(encoded: Uint8Array): boolean {
  if (encoded.length !== 32) return false;
  const little = encoded.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  const sign = little >> 255n;
  const y = little & ((1n << 255n) - 1n);
  if (y >= P) return false;
  const x = recoverX(y, sign);
  return x !== undefined && !isSmallOrder(x, y);
}

function recoverX(y: bigint, sign: bigint): bigint | undefined {
  const square = mod((y * y - 1n) * power(D * y * y + 1n, P - 2n));
  let x = power(square, (P + 3n) / 8n);
  if (mod(x * x - square) !== 0n) x = mod(x * power(2n, (P - 1n) / 4n));
  if (mod(x * x - square) !== 0n) return undefined;
  if (x === 0n && sign === 1n) return undefined;
  return (x & 1n) === sign ? x : mod(-x);
}

/** Eight times the point is the neutral element: three doublings decide. */
function isSmallOrder(x: bigint, y: bigint): boolean {
  let point: readonly [bigint, bigint] = [x, y];
  for (let doubling = 0; doubling < 3; doubling++) point = double(point);
  return point[0] === 0n && point[1] === 1n;
}

function double([x, y]: readonly [bigint, bigint]): readonly [bigint, bigint] {
  const product = mod(D * mod(x * x) * mod(y * y));
  const nextX = mod(2n * x * y * power(1n + product, P - 2n));
  const nextY = mod((y * y + x * x) * power(1n - product, P - 2n));
  return [nextX, nextY];
}

const mod = (value: bigint): bigint => ((value % P) + P) % P;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let factor = mod(base);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = mod(result * factor);
    factor = mod(factor * factor);
  }
  return result;
}
