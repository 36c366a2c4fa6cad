import type { RefusalCode } from "../../refusal.ts";

/**
 * Refusals whose cause is that the contract says too little (VAI-136): a member is missing, or what stands there can be read
 * in more than one way. What a contract forbids, what has ended, and what its proof lacks is not among them.
 */
export const SAYS_TOO_LITTLE: Readonly<Partial<Record<RefusalCode, "missing" | "ambiguous">>> = {
  /** A member that must be there is not, or has no form that anybody can read. */
  CONTRACT_MALFORMED: "missing",
  /** The action needs a parameter that the step says nothing about. */
  PARAMETER_UNDECLARED: "missing",
  /** A kind of constraint that nobody knows: it could mean anything. */
  CONSTRAINT_UNKNOWN: "ambiguous",
  /** A value that names more than it seems to. */
  CONTRACT_OVERBROAD: "ambiguous",
  /** A constraint or resource that no enforcement point can make anything of. */
  SESSION_POLICY_INEXPRESSIBLE: "ambiguous",
};
