import { AUTHORITY_CHECK_NAMES } from "./grant.ts";
import { PROOF_CHECK_NAMES } from "./judge-proof.ts";
import { SCOPE_CHECK_NAMES } from "./judge-scope.ts";

/** Every check of an `issue` request by name, in the order of the stages (VAI-04, VAI-62). */
export const CHECK_NAMES = [
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
  "riskClass",
  "supported",
  "evidenceChain",
  "designation",
  "retry",
  "contractState",
  "window",
  "uses",
  "capacity",
  ...PROOF_CHECK_NAMES,
  ...SCOPE_CHECK_NAMES,
  ...AUTHORITY_CHECK_NAMES,
];
