import type { VerificationKey } from "../../encoding/jwk.ts";
import type { About } from "../../evidence/record.ts";
import { isRefusal } from "../../refusal.ts";
import { judgeFreshness, judgePossession, type ReadRequest } from "../../request/request.ts";
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

/** Stage `request`: who speaks, and that it was said now and to us. No AWS call. */
export const REQUEST = stage<{ readonly event: { readonly request: ReadRequest } }, Judgement>(
  "request",
)
  .take("possession", ({ event }) => {
    const key = judgePossession(event.request);
    return isRefusal(key) ? key : { key };
  })
  .learn(speakerOf)
  .check("freshness", ({ event }, { deps, now }) =>
    judgeFreshness(event.request, deps.plane.id, now),
  );

function speakerOf({ event, key }: Spoken<{ readonly request: ReadRequest }>): About {
  const { claims, digest } = event.request;
  return { actor: { jkt: key.thumbprint }, request: { jti: claims.jti, digest } };
}
