import type { EndTrigger } from "../evidence/details.ts";
import { failureDomain, type RefusalCode } from "../refusal.ts";

/** Refusals that say by themselves what ended an identity that they fall on. */
const BY_CODE: { readonly [Code in RefusalCode]?: EndTrigger } = {
  IDENTITY_EXPIRED: "windowEnded",
  CONTRACT_EXPIRED: "windowEnded",
  CONTEXT_CHANGED: "contextChanged",
  CONTEXT_UNAVAILABLE: "contextChanged",
  CONTEXT_STALE: "contextChanged",
  CHAIN_BLOCK_REVOKED: "withdrawn",
  HEAD_SUPERSEDED: "withdrawn",
  CHAIN_ROOT_REVOKED: "operator",
  CHAIN_EXPIRED: "windowEnded",
  IDENTITY_REVOKED: "operator",
  CONTRACT_REVOKED: "operator",
  KEY_REVOKED: "operator",
  AGENT_HALTED: "operator",
  PLANE_HALTED: "operator",
  PATH_QUARANTINED: "operator",
  EVIDENCE_SIGNER_UNAVAILABLE: "evidenceFailed",
  EVIDENCE_STORE_UNAVAILABLE: "evidenceFailed",
  EVIDENCE_CHAIN_BROKEN: "evidenceFailed",
  REGISTRY_STALE: "policyChanged",
  POLICY_VERSION_STALE: "policyChanged",
  DECISION_SUPERSEDED: "policyChanged",
};

/**
 * What ended an identity that was refused between its issuance and its use: of the closed list, by the code. What
 * governance no longer allows is a changed policy; a dependency that failed, a failed execution.
 */
export const triggerOf = (code: RefusalCode): EndTrigger =>
  BY_CODE[code] ?? (failureDomain(code) === "platform" ? "executionFailed" : "policyChanged");
