import type { ReadContract } from "../../contract/contract.ts";
import { contractView } from "../../evidence/intent-state.ts";
import type { About } from "../../evidence/record.ts";
import type { ReadCommand } from "../../lifecycle/command.ts";
import type { Refusal } from "../../refusal.ts";
import type { TrustPolicy } from "../../trust/policy.ts";
import type { Intent } from "../read/intent.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import { aboutIdentity, type DenialTarget } from "../records/denial.ts";

/** Verbs that deny one identity, one contract, or of that one block. */
export type Denying = Extract<
  ReadCommand["claims"],
  { readonly do: "revokeIdentity" | "revokeContract" | "revokeDelegation" | "signal" }
>;

export const isDenying = (command: ReadCommand): command is ReadCommand<Denying> =>
  ["revokeIdentity", "revokeContract", "revokeDelegation", "signal"].includes(command.claims.do);

/** A command whose operator is verified. */
export interface Ordered {
  /** The newest that an anchor signed, also where the trust does not hold. */
  readonly policy: TrustPolicy;
  readonly command: ReadCommand<Denying>;
  readonly contract: ReadContract | undefined;
  /** Under it the records are sealed; a refusal while the Registry does not hold: then they are owed. */
  readonly trust: TrustSnapshot | Refusal;
}

/** Where a denial stands: its chain, and what State knows of the command. */
export interface Located extends Ordered {
  readonly chainId: string;
  /** The digest of the command that took this `jti` before. */
  readonly taken: string | undefined;
}

/** What it denies. */
export function targetOf(claims: Denying): DenialTarget {
  if (claims.do === "revokeIdentity") return { identityId: claims.identityId };
  const { contractDigest } = claims;
  return claims.do === "revokeDelegation"
    ? { contractDigest, block: claims.block }
    : { contractDigest };
}

/** Which contract and identity a denial is about, as far as the chain or the event says. */
export function aboutTarget(
  intent: Intent,
  target: DenialTarget,
  given: ReadContract | undefined,
): About {
  if ("identityId" in target) {
    const identity = intent.state.identities.get(target.identityId);
    return identity === undefined ? {} : aboutIdentity(identity);
  }
  const { contractDigest: digest } = target;
  const id = contractView(intent.state, digest).bound?.contractId ?? given?.claims.jti;
  return id === undefined ? {} : { contract: { id, digest } };
}
