import type { ReadContract } from "../contract/contract.ts";
import { contractView } from "../evidence/fold.ts";
import { PROOF_CHECKS } from "../proof/judge.ts";
import { type ReadProof, readProof } from "../proof/proof.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import type { Course } from "./course.ts";
import { type Intent, judgeOwnership } from "./intent.ts";
import type { TrustSnapshot } from "./trust-snapshot.ts";

/** Names of the checks of stage `proof`, in order. */
export const PROOF_CHECK_NAMES = [
  "proofPresent",
  "proofBinding",
  ...PROOF_CHECKS.map(([name]) => name),
  "uniqueness",
];

/**
 * Stage `proof` (wire.md §3): the presented proof, or the one that the contract was bound to, read and verified
 * again in full by the trust policy of now.
 */
export function judgeProof(
  course: Course,
  presented: unknown,
  contract: ReadContract,
  intent: Intent,
  trust: TrustSnapshot,
): ReadProof | Refusal {
  course.enter("proof");
  const { bound } = contractView(intent.state, contract.digest);
  const proof = course.note("proofPresent", readProof(presented ?? bound?.proof));
  if (isRefusal(proof)) return proof;
  const input = { contract: contract.claims, proof, policy: trust.policy, now: course.now };
  const refusal = course.judge([
    ["proofBinding", () => judgeBinding(proof, bound?.proofDigest)],
    ...PROOF_CHECKS.map(([name, check]) => [name, () => check(input)] as const),
    [
      "uniqueness",
      () => judgeOwnership(intent, contract.claims) ?? judgeUniqueness(contract, proof, intent),
    ],
  ]);
  return refusal ?? proof;
}

/** A bound contract keeps its proof: another one would change after the fact why authority was granted. */
const judgeBinding = (proof: ReadProof, bound: string | undefined): Refusal | undefined =>
  bound === undefined || bound === proof.digest
    ? undefined
    : refuse("EVIDENCE_HASH_MISMATCH", "the contract is bound to another proof", "/proof");

/** One decision binds one contract, and (`iss`, `jti`) belongs to the first contract that used it. */
function judgeUniqueness(
  contract: ReadContract,
  proof: ReadProof,
  intent: Intent,
): Refusal | undefined {
  for (const [digest, { bound }] of intent.state.contracts) {
    if (bound === undefined || digest === contract.digest) continue;
    if (bound.issuer === contract.claims.iss && bound.contractId === contract.claims.jti)
      return takenContractId();
    if (bound.decisionDigest === proof.decision.digest) {
      return refuse(
        "DECISION_SUPERSEDED",
        "the decision is bound to another contract",
        "/proof/decision",
      );
    }
  }
  return undefined;
}

export const takenContractId = (): Refusal =>
  refuse("CONTRACT_MISMATCH", "iss and jti belong to another contract", "/contract/jti");
