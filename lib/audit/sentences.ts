import { toInstant } from "../clock.ts";
import { type LaterClaims, readBlock } from "../continuity/block.ts";
import type { Detail, EvidenceRecord } from "../evidence/record.ts";
import { readAttestation } from "../proof/attestation.ts";
import { isRefusal } from "../refusal.ts";
import { orderWords } from "./order-words.ts";
import { inside, listed, plain, textIn } from "./plain-text.ts";

type Sentence = (detail: Detail, record: EvidenceRecord) => string;

/** What each event says, for people who do not read JSON (VAI-130). Codes and verdicts stand verbatim. */
const SENTENCES: Readonly<Record<string, Sentence>> = {
  IntentSubmitted: (detail, record) =>
    `${who(record)} declared the intent to ${listed(inside(detail, "intent", "action"))} on ${listed(inside(detail, "intent", "target"))}`,
  ContextEvaluated: (detail) =>
    `the context observed at ${textIn(detail, "context", "observedAt")} from ${sourcesOf(detail)} was accepted`,
  ContextRechecked: (detail) =>
    `the assumptions ${assumptionsOf(detail)} were seen to hold again before the call`,
  ContextInvalidated: (detail, record) =>
    `the world is no longer as the contract supposed: ${why(detail, record)}`,
  PolicyEvaluated: (detail) =>
    `policy ${textIn(detail, "policy", "id")} version ${textIn(detail, "policy", "version")} decided ${textIn(detail, "outcome")}`,
  ContractBound: (detail, { contract }) =>
    `contract ${contract?.id} of ${textIn(detail, "issuer")} was bound to this proof, for ever`,
  AttestationRecorded: (detail) =>
    `evaluator ${textIn(detail, "by")} said ${textIn(detail, "verdict")}${objectionsOf(detail)}`,
  ApprovalRecorded: (detail) =>
    `${textIn(detail, "by")} as ${textIn(detail, "role")} approved ${inside(detail, "step") === undefined ? "the whole contract" : `the gate of step ${textIn(detail, "step")}`}`,
  GateOpened: (detail) => `the gate of step ${textIn(detail, "step")} opened`,
  DecisionSuperseded: (detail) =>
    `${textIn(detail, "by")} decided anew: every contract under an earlier decision ended`,
  BreakGlassInvoked: (detail) =>
    `emergency policy ${textIn(detail, "policy")} was used for ${textIn(detail, "incident")} (${textIn(detail, "purpose")}), approved by ${namesIn(detail)}; to be reviewed by ${textIn(detail, "reviewDue")}`,
  BreakGlassReviewOverdue: (detail) =>
    `nobody has reviewed the use of emergency policy ${textIn(detail, "policy")} by ${textIn(detail, "reviewDue")}`,
  BreakGlassReviewed: ordered,
  IdentityRequested: (_detail, record) =>
    isOfCommand(record)
      ? "somebody sent a command that was refused"
      : `${who(record)} asked for an identity`,
  ProofValidated: (_detail, { decision }) =>
    `every check of the proof held (${(decision.checks ?? []).length} checks)`,
  ProofRejected: (detail, record) => `the proof does not carry the request: ${why(detail, record)}`,
  ViolationDetected: (detail, record) => `an attempt outside the contract: ${why(detail, record)}`,
  IdentityIssued: (detail, record) =>
    `${identityOf(record)} was issued for ${listed(inside(detail, "scope", "actions"))} on ${listed(inside(detail, "scope", "resources"))} until ${textIn(detail, "expiresAt")}, ${deliveryInWords(detail)}${underWords(record)}${undoingWords(detail)}`,
  IdentityDenied: (detail, record) =>
    observedWords(detail) ??
    `${isOfCommand(record) ? "the command did nothing" : "no identity was issued"}: ${why(detail, record)}`,
  DelegationRequested: (_detail, record) =>
    `${who(record)} asked to hand authority on, or to end what was handed on`,
  DelegationGranted: (detail) => `authority was handed on: ${blockWords(detail)}`,
  DelegationRejected: (detail, record) => `nothing was handed on or ended: ${why(detail, record)}`,
  DelegationRevoked: (detail) =>
    `block ${textIn(detail, "block")} ended with all below it, by ${textIn(detail, "by")}: ${textIn(detail, "reason")}`,
  RetryDeduplicated: (detail, record) =>
    `the same request came again and got the answer of ${inside(detail, "block") === undefined ? identityOf(record) : `block ${textIn(detail, "block")}`}; nothing ran twice`,
  RefusalsCounted: (detail) =>
    `${textIn(detail, "count")} more refusals were counted, not written singly (${textIn(detail, "scope")})`,
  IssuanceFailed: (detail, record) =>
    `STS issued no session: ${why(detail, record)}; the use stays spent`,
  CredentialsMinted: (detail) =>
    `STS issued the session ${textIn(detail, "accessKeyId")}; it dies at the latest at ${textIn(detail, "hardExpiry")}${cutWords(detail)}`,
  ExecutionStarted: (detail) =>
    `the call ${textIn(detail, "call", "api")} was about to be made with ${textIn(detail, "call", "input")}`,
  ExecutionRejected: (detail, record) => `the call was not made: ${why(detail, record)}`,
  ExecutionCompleted: (detail) =>
    `the call ${textIn(detail, "outcome", "status")} after ${textIn(detail, "durationMilliseconds")} ms${functionWords(detail)}; ${readBack(detail)}`,
  ExecutionFailed: (detail) =>
    `the call ended as ${textIn(detail, "outcome", "status")}${errorOf(detail)}${functionWords(detail)}; ${readBack(detail)}`,
  ExecutionIncomplete: (detail) =>
    `the identity ended ${textIn(detail, "state")}: whether the effect is there is not proved`,
  ObligationFulfilled: (detail) =>
    `the obligation ${textIn(detail, "name")} (${textIn(detail, "kind")}) was met`,
  ObligationMissed: (detail) =>
    `the obligation ${textIn(detail, "name")} (${textIn(detail, "kind")}) was not met`,
  RollbackTriggered: (detail) =>
    `${listed(inside(detail, "unmet"))} was not met, so the contract's rollback, step ${textIn(detail, "step")}, is to take the effect back`,
  RollbackCompleted: (detail) =>
    `the effect of identity ${textIn(detail, "rollbackOf")} was taken back, and seen to be`,
  RollbackFailed: (detail, record) =>
    `the effect of identity ${textIn(detail, "rollbackOf")} was not taken back, or nobody saw it: ${why(detail, record)}`,
  IdentityCompleted: (detail, record) => `${identityOf(record)} ended ${textIn(detail, "state")}`,
  IdentityExpired: (detail, record) => `${identityOf(record)} expired: ${why(detail, record)}`,
  IdentityRevoked: (detail, record) => `${identityOf(record)} was revoked: ${why(detail, record)}`,
  RevocationRequested: orderWords,
  RevocationAcknowledged: (detail) =>
    `the denial requested at ${textIn(detail, "requestedAt")} reached ${pointOf(detail)} after ${textIn(detail, "milliseconds")} ms`,
  RevocationFailed: (detail) =>
    `the denial requested at ${textIn(detail, "requestedAt")} did not reach ${pointOf(detail)}: ${textIn(detail, "reason")}`,
  PlaneHalted: (detail) => `${ordered(detail)}: nothing is granted, redeemed or begun`,
  AgentHalted: (detail) => `${ordered(detail)}: that actor gets nothing under any name or key`,
  KeyRevoked: (detail) => `${ordered(detail)}: that key counts for nothing`,
  RootKeyRevoked: (detail) => `${ordered(detail)}: that key of the plane signs nothing any more`,
  PlaneResumed: ordered,
  AgentReinstated: ordered,
  KeyReinstated: ordered,
  Quarantined: (detail) =>
    inside(detail, "instead") === undefined
      ? `${textIn(detail, "path")} serves nothing new: a denial did not reach it`
      : `a denial did not reach ${textIn(detail, "path")}: ${textIn(detail, "instead")}`,
  QuarantineLifted: ordered,
  EvidenceEmissionFailed: (detail) => `an outcome was never recorded: ${textIn(detail, "reason")}`,
  EscalationRaised: (detail) => `people have to look: ${textIn(detail, "reason")}`,
  TrustPolicyPublished: (detail) =>
    `trust policy version ${textIn(detail, "version")} came into force, signed by anchor ${textIn(detail, "signedBy")}`,
};

/** One sentence for one record. */
export function sentenceOf(record: EvidenceRecord): string {
  const { event, detail } = record;
  const sentence = SENTENCES[event.type];
  if (sentence === undefined) return `recorded by a later version: ${plain(detail)}`;
  const words = sentence(detail, record);
  return isObserved(detail) && event.type !== "IdentityDenied" ? `${words} (observed)` : words;
}

/** Of an action that is watched and not yet enforced: nothing was issued, and nothing was held against anybody. */
export const isObserved = (detail: Detail): boolean => inside(detail, "enforced") === false;

function observedWords(detail: Detail): string | undefined {
  if (!isObserved(detail)) return undefined;
  if (inside(detail, "would", "ok") === true)
    return "observed, not enforced: an identity would have been issued";
  return `observed, not enforced: it would have been refused with ${textIn(detail, "would", "code")} at ${textIn(detail, "would", "stage")}`;
}

const cutWords = (minted: Detail): string =>
  inside(minted, "scopedSessionId") === undefined
    ? ""
    : `, cut to its window as ${textIn(minted, "scopedSessionId")}`;

/** The functions that take commands of people, and no requests for an identity. */
const COMMANDED: ReadonlySet<unknown> = new Set(["govern", "revoke"]);
const isOfCommand = ({ source }: EvidenceRecord): boolean =>
  COMMANDED.has(inside(source, "component"));

function who({ actor }: EvidenceRecord): string {
  if (actor?.id !== undefined) return plain(actor.id);
  return actor?.jkt === undefined ? "an unnamed actor" : `an unnamed actor with key ${actor.jkt}`;
}

const DELIVERIES: Readonly<Record<string, string>> = {
  execute: "delivery execute: run by the trust plane at once",
  handle: "delivery handle: a handle, worth one call when it is redeemed",
  credentials: "delivery credentials: an AWS session in the caller's own hands",
};

/** How the authority left the plane, which says who held it. */
export function deliveryInWords(issued: Detail): string {
  const delivery = inside(issued, "delivery");
  const known = typeof delivery === "string" && Object.hasOwn(DELIVERIES, delivery);
  return (known ? DELIVERIES[delivery] : undefined) ?? `delivery ${plain(delivery)}`;
}

/** What speaks against it, in the evaluator's own words. */
function objectionsOf(detail: Detail): string {
  const read = readAttestation(inside(detail, "attestation"), "");
  if (isRefusal(read) || read.claims.objections.length === 0) return "";
  return `: ${read.claims.objections.map((each) => plain(each)).join("; ")}`;
}

/** Of a rollback: nobody asked for it. */
const undoingWords = (issued: Detail): string =>
  inside(issued, "rollbackOf") === undefined
    ? ""
    : `, to take back the effect of identity ${textIn(issued, "rollbackOf")}`;

/** Under which block of a chain; a root stands for the contract. */
function underWords({ continuity }: EvidenceRecord): string {
  const last = continuity?.blocks.at(-1);
  return continuity === undefined || last === undefined || continuity.depth === 0
    ? ""
    : `, under block ${continuity.depth} ${last}`;
}

/** Whom a block designates, and until when. */
function blockWords(detail: Detail): string {
  const block = readBlock(inside(detail, "block"), "");
  if (isRefusal(block)) return "to whoever its block designates";
  const { agent, cnf, depth, exp, retain, aud } = block.claims as LaterClaims;
  const kept = retain ? "kept its own" : "keeps nothing";
  return `to ${plain(agent)} with key ${cnf.jkt} at ${plain(aud)}, depth ${depth}, until ${toInstant(exp * 1000)}; who handed on ${kept}; block ${block.digest}`;
}

const identityOf = ({ identity }: EvidenceRecord): string =>
  `identity ${identity?.id ?? "unknown"}`;

function sourcesOf(detail: Detail): string {
  const sources = inside(detail, "context", "sources");
  return Array.isArray(sources) ? listed(sources.map((each) => inside(each, "name"))) : "nothing";
}

function assumptionsOf(detail: Detail): string {
  const assumptions = inside(detail, "assumptions");
  return Array.isArray(assumptions)
    ? listed(assumptions.map((each) => inside(each, "name")))
    : "nothing";
}

/** What a function that was invoked said: its status, who said it, and its own name for what it did. */
export function functionWords(detail: Detail): string {
  const response = (name: string): string => textIn(detail, "outcome", "response", name);
  if (inside(detail, "outcome", "response") === undefined) return "";
  const isNamed = inside(detail, "outcome", "response", "reference") !== undefined;
  const named = isNamed ? ` with reference ${response("reference")}` : "";
  return `; version ${response("executedVersion")} of the function answered ${response("statusCode")}${named}`;
}

function readBack(detail: Detail): string {
  const matches = inside(detail, "outcome", "readBack", "matches");
  if (matches === undefined) return "the effect was not read back";
  return matches === true
    ? "the read-back shows the effect"
    : "the read-back does not show the effect";
}

/** A change of the restrictions, and what was done in its place. */
function namesIn(detail: Detail): string {
  const approved = inside(detail, "approvedBy");
  return Array.isArray(approved)
    ? listed(approved.map((each) => `${textIn(each, "name")} (${textIn(each, "role")})`))
    : "nobody";
}

function ordered(detail: Detail): string {
  const what = orderWords(detail);
  const instead = inside(detail, "instead");
  return instead === undefined ? what : `${what} (${plain(instead)})`;
}

const pointOf = (detail: Detail): string =>
  inside(detail, "role") === undefined
    ? `point ${textIn(detail, "point")}`
    : `point ${textIn(detail, "point")} of ${textIn(detail, "role")}`;

const errorOf = (detail: Detail): string =>
  inside(detail, "outcome", "error") === undefined
    ? ""
    : `: ${textIn(detail, "outcome", "error", "name")} (${textIn(detail, "outcome", "error", "kind")})`;

/** The code verbatim, then the reason, which stands under `refusal` where it ended an identity. */
function why(detail: Detail, { decision }: EvidenceRecord): string {
  const reason = inside(detail, "reason") ?? inside(detail, "refusal", "detail");
  const code = decision.code ?? "no code";
  return reason === undefined ? code : `${code} — ${plain(reason)}`;
}
