import type { Digest } from "../encoding/digest.ts";
import { verifyJws } from "../encoding/jws.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { partyKey, type TrustPolicy } from "../trust/policy.ts";
import type { ReadDecision } from "./proof.ts";

/** An intent on which a decision was taken, as its chain tells it. */
export interface DecidedIntent {
  /** Digest of the intent; absent where the chain has none. */
  readonly intentDigest: Digest | undefined;
  /** The intent document. */
  readonly intent: unknown;
  /** `iat` of the latest decision, in seconds; absent where none was taken. */
  readonly decidedAt: number | undefined;
}

/** Seconds by which a decider's clock may be ahead. */
const CLOCK_SKEW = 60;

/** By whom and where a decision is judged; `now` in seconds. */
export interface DecisionInput {
  readonly policy: Pick<TrustPolicy, "deciders">;
  readonly plane: string;
  readonly now: number;
}

/**
 * Whether a decision takes the place of the earlier ones on an intent, whatever it says (PROTOCOL.md §10, `supersede`): on this
 * intent, for this plane, by a decider who may decide on all of its actions, and later than every decision before. Its
 * policy is not judged: what takes authority away needs no current head.
 */
export function judgeLaterDecision(
  decision: ReadDecision,
  intent: DecidedIntent,
  { policy, plane, now }: DecisionInput,
  at = "/decision",
): Refusal | undefined {
  return (
    judgeIntent(decision, intent, at) ??
    judgeDecider(decision, intent, policy, at) ??
    judgePlane(decision, plane, at) ??
    judgeTime(decision, intent, now, at)
  );
}

/** There is something to take the place of, and it is about the same intent. */
function judgeIntent(
  { claims }: ReadDecision,
  { intentDigest, decidedAt }: DecidedIntent,
  at: string,
): Refusal | undefined {
  if (intentDigest === undefined || decidedAt === undefined) {
    return refuse("CONTRACT_UNKNOWN", "no contract of this intent is bound here", "/intentId");
  }
  return claims.intentDigest === intentDigest
    ? undefined
    : refuse("EVIDENCE_HASH_MISMATCH", "is about another intent", `${at}/intentDigest`);
}

/** Whoever takes the place of a decision on an intent may decide on all of it, also where they speak of a part. */
export function judgeDecider(
  { jws, claims: { iss } }: ReadDecision,
  { intent }: Pick<DecidedIntent, "intent">,
  { deciders }: DecisionInput["policy"],
  at: string,
): Refusal | undefined {
  const invalid = (why: string): Refusal => refuse("DECISION_SIGNATURE_INVALID", why, at);
  const decider = deciders.find(({ name }) => name === iss);
  const key = decider && partyKey(decider, jws.header.kid);
  if (decider === undefined || key === undefined) {
    return invalid(`"${iss}" with this key is not a decider`);
  }
  if (!verifyJws(jws, key)) return invalid("the decision's signature does not verify");
  const foreign = actionsOf(intent).find((action) => !decider.actions.includes(action));
  return foreign === undefined
    ? undefined
    : invalid(`decider "${iss}" may not decide on ${foreign}`);
}

function actionsOf(intent: unknown): readonly string[] {
  const { action } = (intent ?? {}) as { readonly action?: string | readonly string[] };
  return [action ?? []].flat();
}

const judgePlane = (
  { claims: { aud } }: ReadDecision,
  plane: string,
  at: string,
): Refusal | undefined =>
  aud === undefined || aud === plane
    ? undefined
    : refuse("AUDIENCE_MISMATCH", `the decision is for ${aud}`, `${at}/aud`);

/** One that does not approve may be of the same second as the decision that it takes back. */
function judgeTime(
  { claims: { iat, outcome } }: ReadDecision,
  { decidedAt = 0 }: DecidedIntent,
  now: number,
  at: string,
): Refusal | undefined {
  if (iat > now + CLOCK_SKEW) return refuse("DECISION_NOT_APPROVED", "lies ahead", `${at}/iat`);
  const approves = outcome === "ALLOW" || outcome === "CONSTRAIN";
  return iat > decidedAt || (iat === decidedAt && !approves)
    ? undefined
    : refuse("DECISION_SUPERSEDED", `the intent has a decision of ${decidedAt}`, `${at}/iat`);
}
