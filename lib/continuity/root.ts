import type { Contract, ReadContract } from "../contract/contract.ts";
import { delegationOf } from "../contract/delegation.ts";
import { loosened } from "../contract/narrowing.ts";
import { stepsNarrow } from "../contract/step-narrows.ts";
import { isSame } from "../encoding/same.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { placeOf, type RootClaims } from "./block.ts";

/** What a root has of its own: the plane that signs it, its id and when, in seconds. */
export interface RootSeal {
  readonly plane: string;
  readonly jti: string;
  readonly iat: number;
  /** Of the proof; none where the class asks for none. */
  readonly approvals: readonly string[];
}

/** The root of a contract's chains (PROTOCOL.md §8): its members word for word, defaults written out (POC-39). */
export const rootClaims = (
  { claims, digest }: Pick<ReadContract, "claims" | "digest">,
  { plane, jti, iat, approvals }: RootSeal,
): RootClaims => ({
  ...{ iss: plane, aud: plane, jti, iat },
  contractDigest: digest,
  depth: 0,
  ...ofContract(claims),
  ...(approvals.length > 0 && { approvals: [...approvals] }),
});

const ofContract = (claims: Contract) => ({
  nbf: claims.nbf,
  exp: claims.exp,
  cnf: { jkt: claims.cnf.jkt },
  agent: claims.actor.id,
  authorization_details: claims.authorization_details,
  deliveries: claims.deliveries,
  delegation: delegationOf(claims),
});

/**
 * Whether a root says exactly what its contract says. It has no bounds of its own: one that says less would be another
 * contract, and one that says more is bounded by the contract all the same (POC-39, POC-16).
 */
export function judgeRoot(root: RootClaims, contract: Contract): Refusal | undefined {
  for (const [member, value] of Object.entries(ofContract(contract))) {
    if (isSame(root[member as keyof RootClaims], value)) continue;
    const detail = `the root's ${member} is not the contract's`;
    const { code, pointer } =
      member === STEPS ? differenceOf(root, contract) : loosened(`/${member}`);
    return refuse(code, detail, placeOf(0) + pointer);
  }
  return undefined;
}

const STEPS = "authorization_details";

/** Where the steps are wider, if they are. */
function differenceOf(root: RootClaims, contract: Contract) {
  const found = stepsNarrow(root[STEPS], contract[STEPS]);
  return found.narrows ? loosened(`/${STEPS}`) : found;
}
