import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import type { Admitted } from "./admit.ts";
import { Course } from "./course.ts";
import type { IssueDeps } from "./deps.ts";
import { deriveGrant, type Grant } from "./grant.ts";
import type { Intent } from "./intent.ts";
import { contractChecks } from "./judge-contract.ts";
import { judgeProof } from "./judge-proof.ts";
import { stateChecks } from "./judge-state.ts";
import { readTrust } from "./registry.ts";
import { sameHead } from "./trust-snapshot.ts";

/**
 * Stages `contract` to `authority` again, when the Registry's head moved since the world was read: what governance
 * took back meanwhile must not run, and an unrelated change refuses nothing (design.md §2 step 8).
 */
export async function rejudge(
  deps: IssueDeps,
  course: Course,
  admitted: Admitted,
  grant: Grant,
  intent: Intent,
): Promise<Refusal | undefined> {
  const head = await deps.registry.readHead();
  if (head !== undefined && sameHead(head, admitted.trust.head)) return undefined;
  const again = new Course(deps, course.invocation, course.eventDigest);
  const trust = await readTrust(deps, again.now);
  if (isRefusal(trust)) return trust;
  const { asked, event } = admitted;
  const { contract, request } = asked;
  const judge = (): Refusal | undefined => {
    again.enter("contract");
    const foreign = again.judge(contractChecks(event, contract, deps.plane, trust));
    if (foreign !== undefined) return foreign;
    again.enter("state");
    const input = { contract, stepId: request.claims.step, state: intent.state, now: again.now };
    const ended = again.judge(
      stateChecks(input).filter(([name]) => name !== "uses" && name !== "capacity"),
    );
    if (ended !== undefined) return ended;
    const proof = judgeProof(again, event.proof, contract, intent, trust);
    if (isRefusal(proof)) return proof;
    const renewed = deriveGrant(again, "", contract, request, proof, trust.policy);
    return isRefusal(renewed) ? renewed : judgeChange(grant, renewed);
  };
  const refusal = judge();
  if (refusal !== undefined) course.enter(again.stage);
  else
    course.learn({
      trustPolicy: { version: trust.head.version, digest: trust.head.trustPolicyDigest },
    });
  return refusal;
}

/** A session of a role that governance took from the action, or one that may now live less long, is not used. */
function judgeChange(grant: Grant, renewed: Grant): Refusal | undefined {
  const [before, now] = [grant.governed, renewed.governed];
  const isSame =
    before.executionRoleArn === now.executionRoleArn &&
    before.readerRoleArn === now.readerRoleArn &&
    grant.expiresAt <= renewed.expiresAt;
  return isSame
    ? undefined
    : refuse(
        "REGISTRY_STALE",
        "the action's roles or limits changed while the identity was issued",
      );
}
