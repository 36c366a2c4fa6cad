import type { VerificationKey } from "../encoding/jwk.ts";
import { readJws } from "../encoding/jws.ts";
import { followTrust } from "./trust-chain.ts";

/** That another anchor took over from the ones that a verifier named. */
export interface Succession {
  /** The last trust policy that names an anchor of the verifier's own as its signer. */
  readonly upTo: number;
  /** Whether those signatures were checked: an export may have the newer anchors' keys alone. */
  readonly isChecked: boolean;
  /** Thumbprints of the anchors that signed what came after it. */
  readonly by: readonly string[];
}

/**
 * Whether the anchors that a verifier named were replaced later: one of them signed some trust policies, the later ones
 * continue these without a gap, and carry good signatures of other anchors, whose public keys are at hand. That is what a
 * replaced anchor looks like, and also what somebody makes who took the plane over: so it is no defect, and no trust.
 * @param lines trust policies as compact JWS, from version 1.
 */
export function succession(
  lines: readonly string[],
  pinned: readonly string[],
  candidates: readonly VerificationKey[],
): Succession | undefined {
  const signers = lines.map((line) => {
    const read = readJws(line, "vai-trust-policy+jwt");
    return read.ok ? read.value.header.kid : "";
  });
  const upTo = signers.findLastIndex((kid) => pinned.includes(kid)) + 1;
  if (upTo === 0 || upTo === lines.length) return undefined;
  const by = [...new Set(signers.slice(upTo))];
  const named = candidates.filter(({ thumbprint }) => pinned.includes(thumbprint));
  const successors = candidates.filter(({ thumbprint }) => by.includes(thumbprint));
  // What the verifier's own anchors signed must hold by them alone, if their keys are at hand.
  const isChecked = named.some(({ thumbprint }) => thumbprint === signers[upTo - 1]);
  const holds =
    isFollowed(lines, [...named, ...successors]) &&
    (!isChecked || isFollowed(lines.slice(0, upTo), named));
  return holds ? { upTo, isChecked, by } : undefined;
}

const isFollowed = (lines: readonly string[], anchors: readonly VerificationKey[]): boolean => {
  const { digests, defects } = followTrust(lines, anchors);
  return digests.size === lines.length && defects.length === 0;
};
