import type { IssueRequest } from "../continuity/request.ts";
import { encryptCredentials } from "../issuance/encrypt.ts";
import type { IssuedSession } from "../issuance/session.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import { type Answer, answerAbout } from "./answer.ts";
import { appendToIntent, Stop } from "./append.ts";
import { conclude, refusalOf } from "./conclude.ts";
import type { Course } from "./course.ts";
import type { IssueDeps } from "./deps.ts";
import { issuanceFailedDrafts, mintedDraft } from "./end-drafts.ts";
import type { Runnable, Unstarted } from "./execute-grant.ts";
import type { Grant } from "./grant.ts";
import type { Intent } from "./intent.ts";
import { recheckContext } from "./judge-context.ts";
import { mint } from "./mint.ts";

/** A grant of credentials whose issuance is durable. */
export type Deliverable = Omit<Runnable, "grant" | "redemption"> & { readonly grant: Grant };

/**
 * Delivery `credentials`: STS once, then barrier 2 (`CredentialsMinted` alone), then the session leaves, encrypted to
 * the key of the signed request and to nobody else (wire.md §4, X-01). A session that cannot be recorded never leaves.
 */
export async function deliverCredentials(
  deps: IssueDeps,
  course: Course,
  deliverable: Deliverable,
  { deliverTo }: IssueRequest,
): Promise<Answer | Unstarted> {
  const { grant } = deliverable;
  const { governed } = grant;
  if (deliverTo === undefined || governed === undefined) {
    throw new TypeError("parse and authority were judged, so key and role are known");
  }
  course.enter("issuance");
  const session = await mint(deps, grant, governed);
  if (isRefusal(session)) {
    return conclude(deps, course, deliverable, () => issuanceFailedDrafts(session));
  }
  const expiration = new Date(
    Math.min(grant.expiresAt, Date.parse(session.hardExpiry)),
  ).toISOString();
  const [credentials, recorded] = await Promise.all([
    encryptCredentials(deliverTo, { ...session.reveal(), expiration }).catch(refusalOf),
    record(deps, course, deliverable, session),
  ]);
  const refusal = [recorded, credentials].find(isRefusal);
  if (refusal !== undefined) return { refusal, stage: course.stage, session };
  const intent = recorded as Intent;
  const identity = intent.state.identities.get(grant.identityId);
  if (identity === undefined) throw new TypeError("an issued identity is in its chain");
  return answerAbout(intent, identity, false, deps.clock(), { credentials: String(credentials) });
}

/** Barrier 2, with the same judgement beside its signing as before a call. */
async function record(
  deps: IssueDeps,
  course: Course,
  { grant, intent: start, contract, context, judgeState, rejudge }: Deliverable,
  session: IssuedSession,
): Promise<Intent | Refusal> {
  try {
    const result = await appendToIntent<Refusal>(deps, course, start, {
      until: course.invocation.deadline,
      prepare: (intent) => {
        const ended = judgeState(intent);
        return ended === undefined
          ? { drafts: [mintedDraft(grant, session)] }
          : new Stop<Refusal>(ended);
      },
      meanwhile: async () => {
        const [refusal, seen] = await Promise.all([
          rejudge(start),
          recheckContext(deps, contract.claims, course.requireTrust().policy, context),
        ]);
        if (refusal !== undefined) return refusal;
        if (isRefusal(seen)) {
          course.enter("context");
          course.note("context", seen);
          return seen;
        }
        return deps.clock() < grant.expiresAt
          ? undefined
          : refuse("IDENTITY_EXPIRED", "the identity ended before its delivery");
      },
    });
    return result instanceof Stop ? result.value : result;
  } catch (fault) {
    return refusalOf(fault);
  }
}
