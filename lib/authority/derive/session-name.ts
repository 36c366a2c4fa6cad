import { sha256Digest } from "../../encoding/digest.ts";

/** Where the hex of a digest begins. */
const HEX = "sha256:".length;
/** Hex digits of the digest: 104 bits, so that two identities never share a name. */
const HEX_DIGITS = 26;

/**
 * `RoleSessionName`, `SourceIdentity` and value of the tag `vai-identity` of an identity (PROTOCOL.md
 * §9): a digest, never a cut-off id, so that equal beginnings do not collide (VAI-150) and no
 * resource policy can name it beforehand.
 */
export const sessionName = (identityId: string): string =>
  `vai-${sha256Digest(identityId).slice(HEX, HEX + HEX_DIGITS)}`;
