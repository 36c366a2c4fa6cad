import type { ReadContract } from "../contract/contract.ts";
import type { IntentState } from "../evidence/fold.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import { Course, type NamedCheck } from "./course.ts";
import type { IssueDeps } from "./deps.ts";
import type { ExecuteEvent, IssueEvent } from "./event.ts";
import { deriveGrant, type Grant, type Wish } from "./grant.ts";
import type { Intent } from "./intent.ts";
import { contractChecks } from "./judge-contract.ts";
import { judgeProof } from "./judge-proof.ts";
import { readTrust } from "./registry.ts";
import { judgeExpiry, sameHead, type TrustSnapshot } from "./trust-snapshot.ts";

/** What was judged when the world was read. */
export interface Judged {
  readonly event: Pick<IssueEvent | ExecuteEvent, "request" | "hasChain">;
  readonly contract: ReadContract;
  /** The proof as the event carried it, if it did. */
  readonly presented?: unknown;
  readonly wish: Wish;
  readonly trust: TrustSnapshot;
  /** Stage `state` without what this grant itself has changed. */
  readonly stateChecks: (state: IntentState, now: number) => readonly NamedCheck[];
  /** Stage `executor` as far as the trust policy decides it. */
  readonly executorChecks: (trust: TrustSnapshot) => readonly NamedCheck[];
}

/** Stage `state` on the chain as it stands: another request may have ended the contract meanwhile. */
export function judgeStateAgain(
  deps: IssueDeps,
  course: Course,
  { stateChecks }: Judged,
  { state }: Intent,
): Refusal | undefined {
  for (const [name, check] of stateChecks(state, deps.clock())) {
    const refusal = check();
    if (refusal === undefined) continue;
    course.enter("state");
    course.note(name, refusal);
    return refusal;
  }
  return undefined;
}

/**
 * Whom to believe, read again at a fresh instant; and stages `contract` to `authority` again when it moved since the
 * world was read: what governance took back meanwhile must not run, and an unrelated change refuses nothing
 * (design.md §2 step 8). A policy that has ended in between ends the request whether anything moved or not.
 */
export async function rejudge(
  deps: IssueDeps,
  course: Course,
  judged: Judged,
  grant: Grant,
  intent: Intent,
): Promise<Refusal | undefined> {
  const again = new Course(deps, course.invocation, course.eventDigest);
  const { trust } = await readTrust(deps);
  if (isRefusal(trust)) return trust;
  const expired = judgeExpiry(trust, deps.clock());
  if (expired !== undefined) return expired;
  if (sameHead(trust.head, judged.trust.head)) return undefined;
  const refusal = judgeAgain(deps, again, judged, grant, intent, trust);
  if (refusal !== undefined) course.adopt(again);
  else course.read(trust);
  return refusal;
}

function judgeAgain(
  deps: IssueDeps,
  again: Course,
  { event, contract, presented, wish, stateChecks, executorChecks }: Judged,
  grant: Grant,
  intent: Intent,
  trust: TrustSnapshot,
): Refusal | undefined {
  again.enter("contract");
  const foreign = again.judge(contractChecks(event, contract, deps, trust));
  if (foreign !== undefined) return foreign;
  again.enter("executor");
  const stranger = again.judge(executorChecks(trust));
  if (stranger !== undefined) return stranger;
  again.enter("state");
  const ended = again.judge(stateChecks(intent.state, again.now));
  if (ended !== undefined) return ended;
  const proof = judgeProof(again, presented, contract, intent, trust);
  if (isRefusal(proof)) return proof;
  const renewed = deriveGrant(again, wish, proof, trust.policy);
  return isRefusal(renewed) ? renewed : judgeChange(grant, renewed);
}

/** A session of a role that governance took from the action, or one that may now live less long, is not used. */
function judgeChange(grant: Grant, renewed: Grant): Refusal | undefined {
  const [before, now] = [grant.governed, renewed.governed];
  const isSame =
    before?.executionRoleArn === now?.executionRoleArn &&
    before?.readerRoleArn === now?.readerRoleArn &&
    grant.expiresAt <= renewed.expiresAt;
  return isSame
    ? undefined
    : refuse(
        "REGISTRY_STALE",
        "the action's roles or limits changed while the identity was issued",
      );
}
