import { executionRoleRequest, issuedSession } from "../../issuance/assume-role.ts";
import type { IssuedSession } from "../../issuance/session.ts";
import { Fault, refuse } from "../../refusal.ts";
import type { GovernedAction } from "../../trust/policy.ts";
import type { Failure, Judgement } from "../judgement.ts";
import type { Grant } from "../stages/authority.ts";
import { SESSION } from "../stages/order.ts";

/** One AssumeRole: no second try with less policy, no other credentials (VAI-100). */
export async function obtainSession(
  judgement: Judgement,
  { sessionName, sessionPolicy }: Grant,
  { executionRoleArn }: GovernedAction,
): Promise<{ readonly session: IssuedSession } | Failure> {
  judgement.reach(SESSION);
  try {
    const request = executionRoleRequest(executionRoleArn, sessionName, sessionPolicy);
    const session = issuedSession(await judgement.deps.assumeRole(request));
    judgement.passed(SESSION);
    return { session };
  } catch (fault) {
    const isTooLarge = fault instanceof Fault && fault.code === "SESSION_POLICY_TOO_LARGE";
    const why = fault instanceof Fault ? fault.message : "AssumeRole failed";
    const code = isTooLarge ? "SESSION_POLICY_TOO_LARGE" : "STS_FAILED";
    const refusal = refuse(code, `${why}; the use is spent, ask for a new contract`);
    return { stage: SESSION.name, check: "session", refusal };
  }
}
