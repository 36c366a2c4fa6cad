import type { Unlock } from "./unlock.ts";

/**
 * Refusals are values; faults are exceptions. Codes are the closed lists of the ledger
 * appendix E and PROTOCOL.md §11: adding one is allowed, renaming one breaks clients (OKG-58).
 */
const CODES = {
  malformed: [
    "CONTRACT_MALFORMED",
    "CHAIN_MALFORMED",
    "ATTESTATION_MALFORMED",
    "REQUEST_MALFORMED",
    "COMMAND_MALFORMED",
    "PROOF_INCOMPLETE",
    "CONSTRAINT_UNKNOWN",
    "CONTRACT_OVERBROAD",
    "NOT_SUPPORTED",
  ],
  agent: [
    "ACTOR_MISMATCH",
    "ACTOR_AUTH_INVALID",
    "TARGET_MISMATCH",
    "ACTION_MISMATCH",
    "REGION_MISMATCH",
    "ACCOUNT_MISMATCH",
    "PARAMETER_OUT_OF_BOUNDS",
    "PARAMETER_UNDECLARED",
    "SCOPE_EXCEEDED",
    "CONTRACT_MISMATCH",
    "STEP_OUT_OF_ORDER",
    "STEP_MISMATCH",
    "EXECUTOR_MISMATCH",
    "DELEGATOR_MISMATCH",
    "ATTENUATION_VIOLATION",
    "CONSTRAINT_REMOVED",
    "CHAINS_COMBINED",
    "HEAD_SUPERSEDED",
    "REQUEST_UNSIGNED",
    "REQUEST_SIGNATURE_INVALID",
    "REQUEST_STALE",
    "NONCE_REPLAYED",
    "IDEMPOTENCY_CONFLICT",
    "DUPLICATE_EXECUTION",
    "AUDIENCE_MISMATCH",
    "DIRECT_MODE_FORBIDDEN",
  ],
  governance: [
    "CONTRACT_UNKNOWN",
    "CONTRACT_HASH_MISMATCH",
    "CONTRACT_SIGNATURE_INVALID",
    "CONTRACT_ISSUER_UNTRUSTED",
    "CONTRACT_NOT_YET_VALID",
    "CONTRACT_EXPIRED",
    "CONTRACT_CONSUMED",
    "CONTRACT_REVOKED",
    "TTL_EXCEEDED",
    "RISK_CLASS_UNDERSTATED",
    "ACTION_UNREGISTERED",
    "DECISION_NOT_APPROVED",
    "DECISION_SUPERSEDED",
    "DECISION_SIGNATURE_INVALID",
    "POLICY_VERSION_STALE",
    "GOVERNANCE_METADATA_MISMATCH",
    "CONSENSUS_NOT_REACHED",
    "EVALUATOR_VETO",
    "APPROVAL_REQUIRED",
    "ACTION_OBSERVED",
    "APPROVAL_SIGNATURE_INVALID",
    "SELF_APPROVAL_FORBIDDEN",
    "HUMAN_SIGNATURE_MISSING",
    "STEP_GATE_CLOSED",
    "BREAK_GLASS_UNAUTHORIZED",
    "BREAK_GLASS_EXPIRED",
    "BREAK_GLASS_REVIEW_OVERDUE",
  ],
  trustRoots: [
    "CHAIN_BROKEN",
    "CHAIN_BLOCK_SIGNATURE_INVALID",
    "CHAIN_ROOT_UNKNOWN",
    "CHAIN_ROOT_REVOKED",
    "CHAIN_BLOCK_REVOKED",
    "CHAIN_EXPIRED",
    "CHAIN_TOO_DEEP",
    "KEY_REVOKED",
  ],
  context: [
    "CONTEXT_STALE",
    "CONTEXT_CHANGED",
    "CONTEXT_UNAVAILABLE",
    "EVIDENCE_MISSING",
    "EVIDENCE_HASH_MISMATCH",
    "EVIDENCE_CHAIN_BROKEN",
    "OBLIGATION_UNMET",
  ],
  identity: [
    "IDENTITY_UNKNOWN",
    "IDENTITY_SIGNATURE_INVALID",
    "IDENTITY_EXPIRED",
    "IDENTITY_REVOKED",
    "PATH_QUARANTINED",
    "AGENT_HALTED",
    "PLANE_HALTED",
  ],
  platform: [
    "DEPENDENCY_UNAVAILABLE",
    "INTERNAL_FAULT",
    "EVIDENCE_STORE_UNAVAILABLE",
    "EVIDENCE_SIGNER_UNAVAILABLE",
    "REGISTRY_STALE",
    "STS_FAILED",
    "SESSION_POLICY_TOO_LARGE",
    "SESSION_POLICY_INEXPRESSIBLE",
    "CREDENTIALS_MISSING",
    "REVOCATION_FAILED",
    "REVOCATION_PENDING",
    "EXECUTION_OUTCOME_UNKNOWN",
  ],
} as const;

export type FailureDomain = keyof typeof CODES;
export type RefusalCode = (typeof CODES)[FailureDomain][number];

const DOMAIN_OF = new Map<string, FailureDomain>(
  Object.entries(CODES).flatMap(([domain, codes]) =>
    codes.map((code): [string, FailureDomain] => [code, domain as FailureDomain]),
  ),
);

/** Every code that this version can answer or record, in the order of their domains. */
export const REFUSAL_CODES: readonly RefusalCode[] = [...DOMAIN_OF.keys()] as RefusalCode[];

/** The domain that appendix E groups a code under (VAI-82). */
export function failureDomain(code: RefusalCode): FailureDomain {
  const domain = DOMAIN_OF.get(code);
  if (domain === undefined) throw new TypeError(`no failure domain for ${code}`);
  return domain;
}

/** The stages of a request, in the order in which they are judged (PROTOCOL.md §4). */
export const STAGES = [
  "parse",
  "request",
  "contract",
  "executor",
  "retry",
  "state",
  "proof",
  "scope",
  "authority",
  "context",
  "evidence",
  "issuance",
  "execution",
] as const;
export type StageName = (typeof STAGES)[number];

/** Why the answer is no: a stable code, prose for people, and an RFC 6901 pointer to the place in the input. */
export interface Refusal {
  readonly refused: true;
  readonly code: RefusalCode;
  readonly detail: string;
  readonly pointer?: string;
  /** What would change it, where only the place that refuses knows. */
  readonly unlock?: readonly Unlock[];
}

/** Codes whose unlock names somebody or something: none of them is refused without. */
export type UnlockedCode = Extract<
  RefusalCode,
  | "APPROVAL_REQUIRED"
  | "HUMAN_SIGNATURE_MISSING"
  | "STEP_GATE_CLOSED"
  | "STEP_OUT_OF_ORDER"
  | "CONSENSUS_NOT_REACHED"
  | "CONTRACT_NOT_YET_VALID"
  | "PLANE_HALTED"
  | "AGENT_HALTED"
  | "KEY_REVOKED"
  | "PATH_QUARANTINED"
  | "BREAK_GLASS_REVIEW_OVERDUE"
  | "REVOCATION_PENDING"
>;

/** Every other: its code alone says what would change it (`lib/enforcement/unlocks.ts`). */
export type PlainCode = Exclude<RefusalCode, UnlockedCode>;

export function refuse(code: PlainCode, detail: string, pointer?: string): Refusal {
  return pointer === undefined
    ? { refused: true, code, detail }
    : { refused: true, code, detail, pointer };
}

/** A refusal until something has happened, which only the place that refuses can name. */
export function refuseUntil(
  unlock: readonly Unlock[],
  code: UnlockedCode,
  detail: string,
  pointer?: string,
): Refusal {
  const refusal = { refused: true, code, detail, unlock } as const;
  return pointer === undefined ? refusal : { ...refusal, pointer };
}

export const isRefusal = (value: unknown): value is Refusal =>
  typeof value === "object" && value !== null && "refused" in value && value.refused === true;

/** Codes whose cause may have passed by the next try, if nothing was granted yet (PROTOCOL.md §4). */
const RETRYABLE = [
  "EVIDENCE_STORE_UNAVAILABLE",
  "EVIDENCE_SIGNER_UNAVAILABLE",
  "DEPENDENCY_UNAVAILABLE",
  "REGISTRY_STALE",
  "STS_FAILED",
  "REVOCATION_FAILED",
  "REVOCATION_PENDING",
] as const satisfies readonly RefusalCode[];
export type RetryableCode = (typeof RETRYABLE)[number];

export const isRetryable = (code: RefusalCode): code is RetryableCode =>
  (RETRYABLE as readonly RefusalCode[]).includes(code);

export type FaultCode = Extract<
  RefusalCode,
  | "DEPENDENCY_UNAVAILABLE"
  | "EVIDENCE_STORE_UNAVAILABLE"
  | "EVIDENCE_SIGNER_UNAVAILABLE"
  | "STS_FAILED"
  | "SESSION_POLICY_TOO_LARGE"
  | "CREDENTIALS_MISSING"
  | "REVOCATION_FAILED"
  | "INTERNAL_FAULT"
>;

/** A dependency that failed, or a bug. It ends in a refusal and never in authority (VAI-63). */
export class Fault extends Error {
  readonly code: FaultCode;

  constructor(code: FaultCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "Fault";
    this.code = code;
  }
}

/** What a fault is answered with; what nobody foresaw says nothing of itself. */
export const refusalOf = (fault: unknown): Refusal =>
  fault instanceof Fault
    ? refuse(fault.code, fault.message)
    : refuse("INTERNAL_FAULT", "the trust plane met a condition that it was not built for");

/** RFC 6901: one reference token. */
const pointerToken = (token: string | number): string =>
  String(token).replaceAll("~", "~0").replaceAll("/", "~1");

/** RFC 6901: a pointer from path segments, below `prefix`. */
export const pointer = (prefix: string, path: readonly PropertyKey[] = []): string =>
  prefix + path.map((segment) => `/${pointerToken(String(segment))}`).join("");
