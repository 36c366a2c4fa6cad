import { isRefusal, type Refusal } from "../refusal.ts";
import type { Admitted } from "./admit.ts";
import { Course } from "./course.ts";
import type { IssueDeps } from "./deps.ts";
import { deriveGrant } from "./grant.ts";
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
    const grant = deriveGrant(again, "", contract, request, proof, trust.policy);
    return isRefusal(grant) ? grant : undefined;
  };
  const refusal = judge();
  if (refusal !== undefined) course.enter(again.stage);
  return refusal;
}
