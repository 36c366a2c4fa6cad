import { executionRoleRequest, issuedSession } from "../../issuance/assume-role.ts";
import { cutRequest, cutSession } from "../../issuance/cut-session.ts";
import type { IssuedSession } from "../../issuance/session.ts";
import { Fault, refuse } from "../../refusal.ts";
import { enforcedRole, type GovernedAction } from "../../trust/policy.ts";
import type { Failure, Judgement } from "../judgement.ts";
import type { Grant } from "../stages/authority.ts";
import { SESSION } from "../stages/order.ts";

/** One AssumeRole: no second try with less policy, no other credentials (VAI-100). */
export async function obtainSession(
  judgement: Judgement,
  grant: Grant,
  governed: GovernedAction,
): Promise<Obtained> {
  const roleArn = enforcedRole(governed);
  return attempted(judgement, () => assume(judgement, grant, roleArn));
}

/**
 * The session that leaves: the one that AssumeRole gives, cut once to the window where STS can. What cannot be cut
 * does not leave: it would live on after its contract.
 */
export async function obtainToDeliver(
  judgement: Judgement,
  grant: Grant,
  governed: GovernedAction,
): Promise<Obtained> {
  const roleArn = enforcedRole(governed);
  return attempted(judgement, async () => {
    const session = await assume(judgement, grant, roleArn);
    const { cutSession: cut, clock } = judgement.deps;
    if (cut === undefined) return session;
    const { sessionName, expiresAt } = grant;
    const uncut = { session, sessionName, expiresAt, roleArn };
    return cutSession(uncut, await cut(session, cutRequest(uncut, clock())));
  });
}

type Obtained = { readonly session: IssuedSession } | Failure;

async function assume(
  { deps }: Judgement,
  { sessionName, sessionPolicy }: Grant,
  roleArn: string,
): Promise<IssuedSession> {
  const request = executionRoleRequest(roleArn, sessionName, sessionPolicy);
  return issuedSession(await deps.assumeRole(request));
}

async function attempted(
  judgement: Judgement,
  obtain: () => Promise<IssuedSession>,
): Promise<Obtained> {
  judgement.reach(SESSION);
  try {
    const session = await obtain();
    judgement.passed(SESSION);
    return { session };
  } catch (fault) {
    const isTooLarge = fault instanceof Fault && fault.code === "SESSION_POLICY_TOO_LARGE";
    const why = fault instanceof Fault ? fault.message : "STS failed";
    const code = isTooLarge ? "SESSION_POLICY_TOO_LARGE" : "STS_FAILED";
    const refusal = refuse(code, `${why}; the use is spent, ask for a new contract`);
    return { stage: SESSION.name, check: "session", refusal };
  }
}
