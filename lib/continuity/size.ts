import { canonicalize } from "../encoding/canonical-json.ts";
import type { BlockClaims } from "./block.ts";

/** A thumbprint, or a coordinate of a point on P-256, as base64url; the signature has two of them. */
const COORDINATE = "_".repeat(43);

/** The header of every block: only its key differs, which is as long as any other. */
const HEADER = canonicalize({
  ...{ alg: "ES256", kid: COORDINATE, typ: "vai-block+jwt" },
  jwk: { crv: "P-256", kty: "EC", x: COORDINATE, y: COORDINATE },
});

const encoded = (text: string): number => Math.ceil((Buffer.byteLength(text) * 4) / 3);

/** Characters of a block's compact JWS, told before anybody signs it. */
export const blockLength = (claims: BlockClaims): number =>
  encoded(HEADER) + 1 + encoded(canonicalize(claims)) + 1 + 2 * COORDINATE.length;
