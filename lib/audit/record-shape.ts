import { fromInstant } from "../clock.ts";
import { PREDICATE_TYPE, STATEMENT_TYPE, type Statement } from "../evidence/statement.ts";
import { closed, type Judge, listOf, object, remembering, text, whole } from "./shape.ts";

const UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";
const CHAIN_ID = new RegExp(
  `^(?:intent/${UUID}|plane/[a-z]{1,32}|unattributed/\\d{4}-\\d\\d-\\d\\d/[0-9a-f])$`,
);

const digest = (): Judge =>
  text(/^sha256:[0-9a-f]{64}$/, "is not sha256: and 64 lower-case hex digits");
/** A judge for each place, because each remembers its own last text. */
const uuid = (): Judge => text(new RegExp(`^${UUID}$`), "is not a UUID");
const label = (): Judge =>
  text(/^[^\p{C}\p{Zl}\p{Zp}]{1,512}$/u, "is not 1 to 512 printable characters");
const thumbprint = text(/^[A-Za-z0-9_-]{43}$/, "is not a key thumbprint");
const name = (): Judge => text(/^[A-Za-z][A-Za-z0-9.-]{0,63}$/, "is not a name");
/** The closed lists grow with versions (OKG-58): a verifier checks the form, so that a later event is no forgery. */
const eventType = text(/^[A-Z][A-Za-z0-9]{2,63}$/, "is not an event type");
const code = text(/^[A-Z][A-Z0-9_]{2,63}$/, "is not a code");
const outcome = text(/^(?:ALLOW|DENY|ERROR)$/, "is not ALLOW, DENY or ERROR");
const result = text(/^(?:pass|fail|notRun)$/, "is not pass, fail or notRun");
const exactly =
  (expected: string): Judge =>
  (value) =>
    value === expected ? undefined : ` is not ${expected}`;
const NO_INSTANT = " is not RFC 3339 UTC with milliseconds and Z";
const instant = remembering(
  (value) => (Number.isNaN(fromInstant(value)) ? NO_INSTANT : undefined),
  NO_INSTANT,
);

const predicate = closed({
  required: {
    chain: closed({
      required: {
        id: text(CHAIN_ID, "is not a chain id"),
        prev: digest(),
        seq: whole(1),
      },
    }),
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
    event: closed({ required: { at: instant, id: uuid(), type: eventType } }),
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
  },
  optional: {
    actor: closed({ required: {}, optional: { id: label(), jkt: thumbprint, kind: name() } }),
    continuity: closed({ required: { blocks: listOf(digest()), depth: whole(0) } }),
    contract: closed({ required: { digest: digest(), id: uuid() } }),
    identity: closed({ required: { id: uuid() } }),
    intentId: uuid(),
    request: closed({ required: { digest: digest(), jti: label() } }),
    trustPolicy: closed({ required: { digest: digest(), version: whole(1) } }),
  },
});

const subject = closed({
  required: {
    digest: closed({
      required: { sha256: text(/^[0-9a-f]{64}$/, "is not 64 lower-case hex digits") },
    }),
    name: label(),
  },
});

const statement = closed({
  required: {
    _type: exactly(STATEMENT_TYPE),
    predicate,
    predicateType: exactly(PREDICATE_TYPE),
    subject: listOf(subject),
  },
});

/**
 * What keeps a parsed payload from being a Statement of wire.md §5: members, forms, and that subject, contract and
 * chain speak of the same thing. A subject of another contract would let one record answer for two.
 */
export function statementProblem(value: unknown): string | undefined {
  const problem = statement(value);
  if (problem !== undefined) return problem;
  const { subject: subjects, predicate: said } = value as Statement;
  const [about] = subjects;
  if (about === undefined || subjects.length !== 1)
    return "/subject does not have exactly one element";
  const { contract, chain, intentId } = said;
  if (contract === undefined) {
    if (about.name !== "request") return "/subject/0/name is not request, and there is no contract";
  } else if (about.name !== `contract/${contract.id}`) {
    return "/subject/0/name is not the contract of the record";
  } else if (`sha256:${about.digest.sha256}` !== contract.digest) {
    return "/subject/0/digest is not the digest of the record's contract";
  }
  const isForeign = chain.id.startsWith("intent/") && chain.id !== `intent/${intentId}`;
  return isForeign ? "/predicate/intentId is not the intent of the chain" : undefined;
}
