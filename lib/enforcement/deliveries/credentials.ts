import { encryptCredentials } from "../../issuance/encrypt.ts";
import type { IssueRequest } from "../../request/request.ts";
import { answerAbout } from "../answer.ts";
import { conclude } from "../barriers/conclude.ts";
import { obtainToDeliver } from "../barriers/session.ts";
import { type Issued, judgeTimeLeft, start } from "../barriers/start.ts";
import { type Failure, isFailure, type Judgement, momentOf } from "../judgement.ts";
import { judgeExpiry } from "../read/trust-snapshot.ts";
import { issuanceFailedDrafts, mintedDraft } from "../records/ending.ts";
import type { Grant } from "../stages/authority.ts";
import { CREDENTIALS_ORDER, RECORDED, SESSION, TIME_LEFT } from "../stages/order.ts";
import { type Answered, answered, type Unstarted, unstarted } from "./execute.ts";

/**
 * Delivery `credentials`: a session of STS, cut to the window, then barrier 2 (`CredentialsMinted` alone), then what was
 * cut leaves, encrypted to the key of the signed request and to nobody else (PROTOCOL.md §4, X-01). A session that cannot
 * be recorded never leaves, nor does the one that it was cut from.
 */
export async function deliverCredentials(
  judgement: Judgement,
  issued: Issued,
  { deliverTo }: IssueRequest,
): Promise<Answered | Unstarted> {
  const { grant } = issued;
  const { governed, identityId, expiresAt } = grant;
  if (deliverTo === undefined || governed === undefined) {
    throw new TypeError("parse and authority were judged, so key and role are known");
  }
  judgement.follow(CREDENTIALS_ORDER);
  const obtained = await obtainToDeliver(judgement, grant, governed);
  if (isFailure(obtained)) {
    const drafts = issuanceFailedDrafts(obtained);
    const { intent } = issued;
    return answered(await conclude(judgement, SESSION, { identityId, intent }, () => drafts));
  }
  const { session } = obtained;
  const end = Math.min(expiresAt, Date.parse(session.hardExpiry));
  const plain = { ...session.reveal(), expiration: new Date(end).toISOString() };
  const [credentials, started] = await Promise.all([
    encryptCredentials(deliverTo, plain).catch((fault: unknown) => {
      judgement.reach(RECORDED);
      return judgement.faulted(fault);
    }),
    start(judgement, RECORDED, issued, [mintedDraft(grant, session)], 0),
  ]);
  if (started.kind === "refused") return unstarted(started.failure, session);
  if (started.kind === "settled") throw new TypeError("credentials are delivered once");
  if (typeof credentials !== "string") return unstarted(credentials, session);
  const over = judgeOver(judgement, grant);
  if (over !== undefined) return unstarted(over, session);
  return answered(answerAbout(started.intent, identityId, momentOf(judgement), { credentials }));
}

/** Storing the record took time too: what has ended meanwhile does not leave. */
function judgeOver(judgement: Judgement, grant: Grant): Failure | undefined {
  judgement.reach(TIME_LEFT);
  const now = judgement.deps.clock();
  const over = judgeExpiry(judgement.requireTrust(), now) ?? judgeTimeLeft(grant, now, 0);
  return over && judgement.fail(over);
}
