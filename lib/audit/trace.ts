import type { Digest } from "../encoding/digest.ts";
import { isNegative } from "../evidence/events.ts";
import type { EvidenceRecord, RecordVerdict as Judgement } from "../evidence/record.ts";
import { type IdentityAnswers, identityAnswers } from "./answers.ts";
import { ENDS } from "./ends.ts";
import type { ReadRecord } from "./read-record.ts";
import { sentenceOf } from "./sentences.ts";
import type { Succession } from "./succession.ts";
import { type EvidenceTuple, evidenceTuple } from "./tuple.ts";
import type { Verdict } from "./verdict.ts";

/** A record in a trace: where, when, what, and how it was judged. */
interface TracedEvent {
  readonly seq: number;
  readonly id: string;
  readonly type: string;
  readonly at: string;
  readonly hash: Digest;
  readonly sentence: string;
  readonly decision: Judgement;
  readonly identityId?: string;
  readonly contractId?: string;
  /** Under a chain: its blocks by digest, root first, each of which a `DelegationGranted` of the same trace holds (POC-38). */
  readonly continuity?: NonNullable<EvidenceRecord["continuity"]>;
  readonly detail: EvidenceRecord["detail"];
}

interface Execution {
  readonly started: TracedEvent | null;
  readonly completed: TracedEvent | null;
  readonly failed: TracedEvent | null;
  readonly rejected: readonly TracedEvent[];
}

export interface TracedIdentity {
  readonly identityId: string;
  readonly requested: TracedEvent | null;
  readonly validated: TracedEvent | null;
  readonly issued: TracedEvent | null;
  readonly minted: TracedEvent | null;
  readonly executions: readonly Execution[];
  readonly ended: TracedEvent | null;
  /** VAI-08, VAI-128: why, within which limits, what was done with it, how it ended. */
  readonly answers: IdentityAnswers;
}

/** What verification says about the chain that is traced. */
export interface Integrity {
  readonly status: Verdict;
  /** Whether it hangs on an anchor that the reader named. */
  readonly trusted: boolean;
  /** The anchor was replaced: told by those that followed too, and trusted by none of them. */
  readonly succession?: Succession;
  readonly firstDefect: {
    readonly chainId: string;
    readonly seq: number;
    readonly what: string;
  } | null;
  readonly head: { readonly seq: number; readonly hash: Digest } | null;
}

/** Everything that a chain tells, of an intent as a tree (OKG-39, as far as this version records it). */
export interface Trace {
  /** None where a chain is of no intent: `unattributed/…`, `plane/registry`. */
  readonly intentId: string | null;
  readonly chainId: string;
  readonly integrity: Integrity;
  readonly intent: TracedEvent | null;
  readonly context: TracedEvent | null;
  readonly decision: TracedEvent | null;
  readonly contract: TracedEvent | null;
  readonly identities: readonly TracedIdentity[];
  readonly execution: { readonly completed: TracedEvent | null };
  readonly negative: readonly TracedEvent[];
  readonly events: readonly TracedEvent[];
  /** The same records by what they are evidence of (DTF-19, DTF-20). */
  readonly tuple: EvidenceTuple;
}

/** Builds the trace of a chain from its verified records alone: no AWS, no clock, no agent's reasoning (VAI-135). */
export function traceChain(
  chainId: string,
  records: readonly ReadRecord[],
  integrity: Integrity,
): Trace {
  const own = records.filter(({ record }) => record.chain.id === chainId);
  const events = own.map(eventOf);
  const first = (type: string): TracedEvent | null =>
    events.find((event) => event.type === type) ?? null;
  return {
    intentId: intentOf(chainId),
    chainId,
    integrity,
    intent: first("IntentSubmitted"),
    context: first("ContextEvaluated"),
    decision: first("PolicyEvaluated"),
    contract: first("ContractBound"),
    identities: identityIds(events).map((id) => identityOf(id, events, own)),
    execution: { completed: first("ExecutionCompleted") },
    negative: events.filter(({ type }) => isNegative(type as Parameters<typeof isNegative>[0])),
    events,
    tuple: evidenceTuple(own),
  };
}

const PREFIX = "intent/";
const intentOf = (chainId: string): string | null =>
  chainId.startsWith(PREFIX) ? chainId.slice(PREFIX.length) : null;

function eventOf({ record, hash }: ReadRecord): TracedEvent {
  const { chain, event, decision, identity, contract, continuity, detail } = record;
  return {
    seq: chain.seq,
    id: event.id,
    type: event.type,
    at: event.at,
    hash,
    sentence: sentenceOf(record),
    decision,
    ...(identity !== undefined && { identityId: identity.id }),
    ...(contract !== undefined && { contractId: contract.id }),
    ...(continuity !== undefined && { continuity }),
    detail,
  };
}

const identityIds = (events: readonly TracedEvent[]): string[] => [
  ...new Set(events.flatMap(({ identityId }) => (identityId === undefined ? [] : [identityId]))),
];

function identityOf(
  identityId: string,
  events: readonly TracedEvent[],
  own: readonly ReadRecord[],
): TracedIdentity {
  const mine = events.filter((event) => event.identityId === identityId);
  const first = (...types: string[]): TracedEvent | null =>
    mine.find(({ type }) => types.includes(type)) ?? null;
  const validated = first("ProofValidated");
  const requested = events.findLast(
    ({ type, seq }) => type === "IdentityRequested" && seq < (validated?.seq ?? 0),
  );
  const execution: Execution = {
    started: first("ExecutionStarted"),
    completed: first("ExecutionCompleted"),
    failed: first("ExecutionFailed"),
    rejected: mine.filter(({ type }) => type === "ExecutionRejected"),
  };
  const isUsed = execution.started !== null || execution.rejected.length > 0;
  return {
    identityId,
    requested: requested ?? null,
    validated,
    issued: first("IdentityIssued"),
    minted: first("CredentialsMinted"),
    executions: isUsed ? [execution] : [],
    ended: first(...ENDS),
    answers: identityAnswers(
      identityId,
      own.map(({ record }) => record),
    ),
  };
}
