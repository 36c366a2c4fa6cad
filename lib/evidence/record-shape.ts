import { intentIdOf, isIntentChain } from "./chain.ts";
import { chainId, digest, exactly, instant, label, UUID } from "./forms.ts";
import { type EvidenceRecord, RECORD_TYPE } from "./record.ts";
import { closed, type Judge, listOf, object, text, whole } from "./shape.ts";

const uuid = (): Judge => text(new RegExp(`^${UUID}$`), "is not a UUID");
const thumbprint = text(/^[A-Za-z0-9_-]{43}$/, "is not a key thumbprint");
const name = (): Judge => text(/^[A-Za-z][A-Za-z0-9.-]{0,63}$/, "is not a name");
/** The closed lists grow with versions (OKG-58): a verifier checks the form, so that a later event is no forgery. */
const eventType = text(/^[A-Z][A-Za-z0-9]{2,63}$/, "is not an event type");
const code = text(/^[A-Z][A-Z0-9_]{2,63}$/, "is not a code");
const outcome = text(/^(?:ALLOW|DENY|ERROR)$/, "is not ALLOW, DENY or ERROR");
const result = text(/^(?:pass|fail|notRun)$/, "is not pass, fail or notRun");

const MEMBERS = {
  required: {
    chain: closed({ required: { id: chainId(), prev: digest(), seq: whole(1) } }),
    decision: closed({
      required: { outcome },
      optional: {
        checks: listOf(closed({ required: { name: name(), result } })),
        code,
        failureDomain: name(),
        stage: name(),
      },
    }),
    detail: object,
    event: closed({ required: { at: instant(), id: uuid(), type: eventType } }),
    plane: label(),
    source: closed({
      required: {
        account: label(),
        component: label(),
        region: label(),
        requestId: label(),
        version: label(),
      },
    }),
    type: exactly(RECORD_TYPE),
  },
  optional: {
    actor: closed({ required: {}, optional: { id: label(), jkt: thumbprint, kind: name() } }),
    continuity: closed({ required: { blocks: listOf(digest()), depth: whole(0) } }),
    contract: closed({ required: { digest: digest(), id: uuid() } }),
    eventDigest: digest(),
    identity: closed({ required: { id: uuid() } }),
    intentId: uuid(),
    request: closed({ required: { digest: digest(), jti: label() } }),
    trustPolicy: closed({ required: { digest: digest(), version: whole(1) } }),
  },
};
const record = closed(MEMBERS);

/** Names of every member that a record may have; lib/audit/README.md lists them. */
export const RECORD_MEMBERS: readonly string[] = [
  ...Object.keys(MEMBERS.required),
  ...Object.keys(MEMBERS.optional),
];

/**
 * What keeps a parsed value from being a record of PROTOCOL.md §5: members, forms, and that it says what it is about:
 * a contract, or an event that named none, and the intent of its chain.
 */
export function recordProblem(value: unknown): string | undefined {
  const problem = record(value);
  if (problem !== undefined) return problem;
  const { contract, eventDigest, chain, intentId } = value as EvidenceRecord;
  if (contract === undefined && eventDigest === undefined) {
    return "/eventDigest is missing, and there is no contract";
  }
  if (contract !== undefined && eventDigest !== undefined) {
    return "/eventDigest stands beside a contract";
  }
  const isForeign = isIntentChain(chain.id) && intentIdOf(chain.id) !== intentId;
  return isForeign ? "/intentId is not the intent of the chain" : undefined;
}
