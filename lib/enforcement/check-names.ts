import { AUTHORITY_CHECK_NAMES } from "./grant.ts";
import { HANDLE_CHECK_NAMES } from "./judge-handle.ts";
import { PROOF_CHECK_NAMES } from "./judge-proof.ts";
import { REDEMPTION_SCOPE_CHECK_NAMES, SCOPE_CHECK_NAMES } from "./judge-scope.ts";

/** Stages `parse` to `executor`, which every request passes. */
const ADMISSION = [
  "parse",
  "possession",
  "freshness",
  "registry",
  "contractKnown",
  "contractDigest",
  "issuer",
  "issuerScope",
  "place",
  "breadth",
  "registeredActions",
  "assumptions",
  "riskClass",
  "operationNamed",
  "supported",
  "evidenceChain",
  "designation",
];

/** Every check of an `issue` request by name, in the order of the stages (VAI-04, VAI-62). */
export const CHECK_NAMES = [
  ...ADMISSION,
  "retry",
  "contractState",
  "window",
  "uses",
  "capacity",
  ...PROOF_CHECK_NAMES,
  ...SCOPE_CHECK_NAMES,
  ...AUTHORITY_CHECK_NAMES,
  "context",
];

/** The same for an `execute` request: its handle and its grant instead of uses and totals. */
export const EXECUTE_CHECK_NAMES = [
  ...ADMISSION,
  ...HANDLE_CHECK_NAMES,
  "retry",
  "contractState",
  "window",
  "grant",
  ...PROOF_CHECK_NAMES,
  ...REDEMPTION_SCOPE_CHECK_NAMES,
  ...AUTHORITY_CHECK_NAMES,
  "context",
];
