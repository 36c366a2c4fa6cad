import { executionRoleRequest, issuedSession } from "../issuance/assume-role.ts";
import type { IssuedSession } from "../issuance/session.ts";
import { Fault, type Refusal, refuse } from "../refusal.ts";
import type { GovernedAction } from "../trust/policy.ts";
import type { IssueDeps } from "./deps.ts";
import type { Grant } from "./grant.ts";

/** One AssumeRole: no second try with less policy, no other credentials (VAI-100). */
export async function mint(
  deps: IssueDeps,
  { sessionName, sessionPolicy }: Grant,
  { executionRoleArn }: GovernedAction,
): Promise<IssuedSession | Refusal> {
  try {
    return issuedSession(
      await deps.assumeRole(executionRoleRequest(executionRoleArn, sessionName, sessionPolicy)),
    );
  } catch (fault) {
    const code =
      fault instanceof Fault && fault.code === "SESSION_POLICY_TOO_LARGE"
        ? fault.code
        : "STS_FAILED";
    const why = fault instanceof Fault ? fault.message : "AssumeRole failed";
    return refuse(code, `${why}; the use is spent, ask for a new contract`);
  }
}
