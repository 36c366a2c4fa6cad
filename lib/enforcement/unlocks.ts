import {
  isRetryable,
  type Refusal,
  type RefusalCode,
  type RetryableCode,
  type UnlockedCode,
} from "../refusal.ts";
import { NEW_CONTRACT, retryAfter, type Unlock } from "../unlock.ts";

/** Said by the place that refuses, by time alone (seconds), by a new contract alone, or nothing would change it. */
type How<Code extends RefusalCode> = Code extends UnlockedCode
  ? "said"
  : Code extends RetryableCode
    ? number
    : "contract" | "nothing";

/** Long enough for what was throttled, or read while it was being changed. */
const SOON = 2;
/** `sweep` runs each minute, and tries again what IAM refused. */
const NEXT_SWEEP = 60;

/**
 * What would change each refusal (PROTOCOL.md §4), as one closed table: a code that is not in it does not compile. A
 * refusal before stage `retry` has none unless it is retryable, or of a command that lacks its second name.
 */
export const UNLOCKS: { readonly [Code in RefusalCode]: How<Code> } = {
  CONTRACT_MALFORMED: "nothing",
  CHAIN_MALFORMED: "nothing",
  ATTESTATION_MALFORMED: "nothing",
  REQUEST_MALFORMED: "nothing",
  COMMAND_MALFORMED: "nothing",
  PROOF_INCOMPLETE: "nothing",
  CONSTRAINT_UNKNOWN: "nothing",
  CONTRACT_OVERBROAD: "nothing",
  NOT_SUPPORTED: "nothing",
  ACTOR_MISMATCH: "nothing",
  ACTOR_AUTH_INVALID: "nothing",
  TARGET_MISMATCH: "nothing",
  ACTION_MISMATCH: "nothing",
  REGION_MISMATCH: "nothing",
  ACCOUNT_MISMATCH: "nothing",
  PARAMETER_OUT_OF_BOUNDS: "nothing",
  PARAMETER_UNDECLARED: "nothing",
  SCOPE_EXCEEDED: "nothing",
  CONTRACT_MISMATCH: "nothing",
  STEP_OUT_OF_ORDER: "said",
  STEP_MISMATCH: "nothing",
  EXECUTOR_MISMATCH: "nothing",
  DELEGATOR_MISMATCH: "nothing",
  ATTENUATION_VIOLATION: "nothing",
  CONSTRAINT_REMOVED: "nothing",
  CHAINS_COMBINED: "nothing",
  HEAD_SUPERSEDED: "contract",
  REQUEST_UNSIGNED: "nothing",
  REQUEST_SIGNATURE_INVALID: "nothing",
  REQUEST_STALE: "nothing",
  NONCE_REPLAYED: "nothing",
  IDEMPOTENCY_CONFLICT: "nothing",
  DUPLICATE_EXECUTION: "contract",
  AUDIENCE_MISMATCH: "nothing",
  DIRECT_MODE_FORBIDDEN: "nothing",
  CONTRACT_UNKNOWN: "nothing",
  CONTRACT_HASH_MISMATCH: "nothing",
  CONTRACT_SIGNATURE_INVALID: "nothing",
  CONTRACT_ISSUER_UNTRUSTED: "nothing",
  CONTRACT_NOT_YET_VALID: "said",
  CONTRACT_EXPIRED: "contract",
  CONTRACT_CONSUMED: "contract",
  CONTRACT_REVOKED: "contract",
  TTL_EXCEEDED: "nothing",
  RISK_CLASS_UNDERSTATED: "nothing",
  ACTION_UNREGISTERED: "nothing",
  DECISION_NOT_APPROVED: "contract",
  DECISION_SUPERSEDED: "contract",
  DECISION_SIGNATURE_INVALID: "nothing",
  POLICY_VERSION_STALE: "contract",
  GOVERNANCE_METADATA_MISMATCH: "contract",
  CONSENSUS_NOT_REACHED: "said",
  EVALUATOR_VETO: "contract",
  APPROVAL_REQUIRED: "said",
  APPROVAL_SIGNATURE_INVALID: "nothing",
  SELF_APPROVAL_FORBIDDEN: "nothing",
  HUMAN_SIGNATURE_MISSING: "said",
  STEP_GATE_CLOSED: "said",
  BREAK_GLASS_UNAUTHORIZED: "nothing",
  BREAK_GLASS_EXPIRED: "nothing",
  BREAK_GLASS_REVIEW_OVERDUE: "said",
  ACTION_OBSERVED: "nothing",
  CHAIN_BROKEN: "nothing",
  CHAIN_BLOCK_SIGNATURE_INVALID: "nothing",
  CHAIN_ROOT_UNKNOWN: "nothing",
  CHAIN_ROOT_REVOKED: "contract",
  CHAIN_BLOCK_REVOKED: "contract",
  CHAIN_EXPIRED: "contract",
  CHAIN_TOO_DEEP: "nothing",
  KEY_REVOKED: "said",
  CONTEXT_STALE: "contract",
  CONTEXT_CHANGED: "nothing",
  CONTEXT_UNAVAILABLE: "nothing",
  EVIDENCE_MISSING: "nothing",
  EVIDENCE_HASH_MISMATCH: "nothing",
  EVIDENCE_CHAIN_BROKEN: "nothing",
  OBLIGATION_UNMET: "nothing",
  IDENTITY_UNKNOWN: "nothing",
  IDENTITY_SIGNATURE_INVALID: "nothing",
  IDENTITY_EXPIRED: "contract",
  IDENTITY_REVOKED: "contract",
  PATH_QUARANTINED: "said",
  AGENT_HALTED: "said",
  PLANE_HALTED: "said",
  DEPENDENCY_UNAVAILABLE: SOON,
  INTERNAL_FAULT: "nothing",
  EVIDENCE_STORE_UNAVAILABLE: SOON,
  EVIDENCE_SIGNER_UNAVAILABLE: SOON,
  REGISTRY_STALE: SOON,
  STS_FAILED: SOON,
  SESSION_POLICY_TOO_LARGE: "nothing",
  SESSION_POLICY_INEXPRESSIBLE: "nothing",
  CREDENTIALS_MISSING: "nothing",
  REVOCATION_FAILED: NEXT_SWEEP,
  REVOCATION_PENDING: "said",
  EXECUTION_OUTCOME_UNKNOWN: "nothing",
};

/** What would change a refusal, for its answer. */
export function unlockOf({ code, unlock }: Refusal): readonly Unlock[] | undefined {
  const how = UNLOCKS[code];
  if (how === "said") return unlock;
  if (typeof how === "number") return [retryAfter(how)];
  return how === "contract" ? [NEW_CONTRACT] : undefined;
}

/** What is left of it where the same request cannot pass any more by being made again. */
export const unlockOfSpent = (refusal: Refusal): readonly Unlock[] | undefined =>
  isRetryable(refusal.code) ? undefined : unlockOf(refusal);

/**
 * Behind a grant, lifting what stopped it is not enough: whatever is stopped ends what is open of it, and an identity
 * does not come back.
 */
export const andNewContract = (refusal: Refusal): Refusal =>
  refusal.unlock === undefined
    ? refusal
    : { ...refusal, unlock: [...refusal.unlock, NEW_CONTRACT] };
