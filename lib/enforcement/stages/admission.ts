import type { Chain } from "../../continuity/chain.ts";
import { judgeChainDigest } from "../../continuity/judge.ts";
import type { VerificationKey } from "../../encoding/jwk.ts";
import type { About } from "../../evidence/record.ts";
import { isRefusal } from "../../refusal.ts";
import { judgeFreshness, judgePossession, type ReadRequest } from "../../request/request.ts";
import type { PlaneDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import { parseExecuteEvent, parseIssueEvent } from "../read/event.ts";
import { stage } from "../stage.ts";

/** An event as it came. */
interface Raw {
  readonly raw: unknown;
}

/** An event that was read strictly, and the key that signed its request. */
export interface Spoken<Event> {
  readonly event: Event;
  readonly key: VerificationKey;
}

/** Stage `parse` of `issue`: strict reading. No AWS call. */
export const PARSE_ISSUE = stage<Raw, Judgement>("parse").take("parse", ({ raw }) => {
  const event = parseIssueEvent(raw);
  return isRefusal(event) ? event : { event };
});

/** The same of `execute`. */
export const PARSE_EXECUTE = stage<Raw, Judgement>("parse").take("parse", ({ raw }) => {
  const event = parseExecuteEvent(raw);
  return isRefusal(event) ? event : { event };
});

interface Said {
  readonly request: ReadRequest;
  readonly chain: Chain | undefined;
}

/**
 * Stage `request`: who speaks, for which chain, and that it was said now and to us. Without that a request could be shown
 * with another chain than its signer meant, or stripped of it. No AWS call.
 */
export const REQUEST = stage<{ readonly event: Said }, Judgement<PlaneDeps>>("request")
  .take("possession", ({ event: { request, chain } }) => {
    const key = judgePossession(request);
    return isRefusal(key) ? key : (judgeChainDigest(request.claims, chain) ?? { key });
  })
  .learn(speakerOf)
  .check("freshness", ({ event }, { deps, now }) =>
    judgeFreshness(event.request, deps.plane.id, now),
  );

function speakerOf({ event, key }: Spoken<{ readonly request: ReadRequest }>): About {
  const { claims, digest } = event.request;
  return { actor: { jkt: key.thumbprint }, request: { jti: claims.jti, digest } };
}
