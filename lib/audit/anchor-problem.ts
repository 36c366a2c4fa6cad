import type { VerificationKey } from "../encoding/jwk.ts";
import { readJws } from "../encoding/jws.ts";

/**
 * Why nothing can hang on the anchors that a verifier named. `foreign`: no trust policy even says that one of them
 * signed it. `keyAbsent`: one says so, and the public key to check it with is not there.
 */
export type AnchorProblem = "foreign" | "keyAbsent";

/**
 * Tells a wrong thumbprint from a forgery, as far as that can be told: whoever replaced every trust policy by his own
 * looks `foreign` too, so this explains a verdict and never softens it.
 * @param lines trust policies as compact JWS.
 */
export function anchorProblem(
  lines: readonly string[],
  candidates: readonly VerificationKey[],
  pinned: readonly string[],
): AnchorProblem | undefined {
  const signers = lines.flatMap((line) => {
    const read = readJws(line, "vai-trust-policy+jwt");
    return read.ok ? [read.value.header.kid] : [];
  });
  if (pinned.length === 0 || signers.length === 0) return undefined;
  const named = pinned.filter((thumbprint) => signers.includes(thumbprint));
  if (named.length === 0) return "foreign";
  return candidates.some(({ thumbprint }) => named.includes(thumbprint)) ? undefined : "keyAbsent";
}
