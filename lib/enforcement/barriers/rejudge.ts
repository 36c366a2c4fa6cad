import { isRefusal, type Refusal, refusalOf, refuse } from "../../refusal.ts";
import { type Failure, isFailure, type Judgement } from "../judgement.ts";
import { observedAction } from "../observed.ts";
import { readTrust } from "../read/registry.ts";
import { judgeExpiry, sameHead, type TrustSnapshot } from "../read/trust-snapshot.ts";
import { AUTHORITY, type Grant, type LastingWish } from "../stages/authority.ts";
import { CONTRACT } from "../stages/contract.ts";
import { CONTINUITY, DESIGNATION } from "../stages/executor.ts";
import { TRUST_AGAIN } from "../stages/order.ts";
import { PROOF } from "../stages/proof.ts";
import { STEP_ORDER } from "../stages/step-order.ts";
import type { VerifiedRequest } from "../verified.ts";

/** What was judged when the world was read. */
export interface Judged {
  readonly request: VerifiedRequest;
  readonly wish: LastingWish;
  readonly grant: Grant;
  /** What else of stage `executor` the trust policy decides, and stage `state` without what this grant has changed. */
  readonly others: (again: Judgement, trust: TrustSnapshot) => Failure | undefined;
}

/**
 * Whom to believe, read again at a fresh instant; and stages `contract` to `authority` again when it moved since the
 * world was read: what governance took back meanwhile must not run, and an unrelated change refuses nothing
 *. A policy that has ended in between ends the request whether anything moved or not.
 */
export async function rejudge(judgement: Judgement, judged: Judged): Promise<Failure | undefined> {
  const { deps } = judgement;
  const again = judgement.anew();
  again.reach(TRUST_AGAIN);
  const trust = await readTrust(deps).then(({ trust }) => trust, refusalOf);
  if (isRefusal(trust)) return again.fail(trust);
  // From here on this policy decides, so what is refused by it names it, and is sealed with a key that it names.
  judgement.believe(trust);
  const expired = judgeExpiry(trust, deps.clock());
  if (expired !== undefined) return again.fail(expired);
  return sameHead(trust.head, judged.request.trust.head)
    ? undefined
    : judgeAgain(again, judged, trust);
}

function judgeAgain(
  again: Judgement,
  { request, wish, grant, others }: Judged,
  trust: TrustSnapshot,
): Failure | undefined {
  const now = { ...request, trust };
  if (observedAction(now) !== undefined) return again.fail(switched());
  const foreign = again.judge(CONTRACT, { ...now, hasStatus: false });
  if (isFailure(foreign)) return foreign;
  const cut = again.judge(CONTINUITY, now);
  if (isFailure(cut)) return cut;
  const stranger = again.judge(DESIGNATION, now);
  if (isFailure(stranger)) return stranger;
  const other = others(again, trust);
  if (other !== undefined) return other;
  const turn = again.judge(STEP_ORDER, now);
  if (isFailure(turn)) return turn;
  const proved = again.judge(PROOF, now);
  if (isFailure(proved)) return proved;
  const { proof, approvedUntil } = proved;
  const { gateUntil } = turn;
  const derived = again.judge(AUTHORITY, { ...wish, proof, trust, approvedUntil, gateUntil });
  if (isFailure(derived)) return derived;
  again.reach(TRUST_AGAIN);
  const changed = judgeChange(grant, derived.grant);
  return changed && again.fail(changed);
}

/** What is issued already is not used under a policy by which its action is only watched; nothing else ends by it. */
const switched = (): Refusal =>
  refuse("REGISTRY_STALE", "the action is only observed since the identity was issued");

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
