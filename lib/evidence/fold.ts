import type { Digest } from "../encoding/digest.ts";
import type { ChainHead } from "./chain.ts";
import type {
  ContractBoundDetail,
  ContractEnding,
  CredentialsMintedDetail,
  EndDetail,
  EndState,
  ExecutionStartedDetail,
  IdentityIssuedDetail,
  Opens,
  RequestNames,
} from "./details.ts";
import type { OpenRecord } from "./open.ts";
import type { EventType, Predicate } from "./statement.ts";

/** An issued identity as its records tell it. Times in RFC 3339. */
export interface IdentityView extends IdentityIssuedDetail {
  readonly identityId: string;
  readonly contractId: string;
  readonly contractDigest: Digest;
  readonly state: "ISSUED" | "IN_USE" | EndState;
  readonly hardExpiry?: string;
  readonly startedAt?: string;
  /** The invocation that wrote its start. */
  readonly startedIn?: string;
  /** Whether the outcome of its call is on record. */
  readonly executed?: true;
  /** The request that redeemed its handle. */
  readonly redemption?: RequestNames;
  readonly end?: EndDetail;
  readonly lastSeq: number;
  readonly lastHash: Digest;
  /** Uses of which a retry was already recorded: later ones are only counted. */
  readonly retried: readonly string[];
}

/** A contract as its records tell it. Counters only grow, and an end is never taken back. */
export interface ContractView {
  readonly bound?: ContractBoundDetail & { readonly contractId: string };
  readonly refusals: number;
  /** Issuances per step. */
  readonly uses: ReadonlyMap<string, number>;
  /** Sums reserved, by step and parameter. */
  readonly totals: ReadonlyMap<string, number>;
  readonly ended?: {
    readonly code: "CONTRACT_REVOKED" | "CONTRACT_CONSUMED";
    readonly why: string;
  };
}

/** What an intent chain says: the truth that every request is judged by (design.md §2 step 3). */
export interface IntentState {
  readonly head: ChainHead;
  readonly opens?: Opens;
  readonly contracts: ReadonlyMap<Digest, ContractView>;
  readonly identities: ReadonlyMap<string, IdentityView>;
}

/** One name for a step's totalled parameter. */
export const totalKey = (step: string, parameter: string): string => `${step} ${parameter}`;

const UNKNOWN_CONTRACT: ContractView = { refusals: 0, uses: new Map(), totals: new Map() };

/** A contract that no record speaks of has used nothing. */
export const contractView = (state: IntentState, digest: Digest): ContractView =>
  state.contracts.get(digest) ?? UNKNOWN_CONTRACT;

interface Draft {
  opens?: Opens;
  contracts: Map<Digest, ContractView>;
  identities: Map<string, IdentityView>;
}

/** Folds the verified records of an intent chain. Pure: same records, same state. */
export function foldIntent(records: readonly OpenRecord[], head: ChainHead): IntentState {
  const draft: Draft = { contracts: new Map(), identities: new Map() };
  for (const record of records) applyRecord(draft, record);
  return { ...draft, head };
}

function applyRecord(draft: Draft, record: OpenRecord): void {
  const { predicate } = record;
  if (predicate.chain.seq === 1) draft.opens = predicate.detail["opens"] as Opens;
  EFFECTS[predicate.event.type]?.(draft, predicate);
  const identity = predicate.identity && draft.identities.get(predicate.identity.id);
  if (identity !== undefined && !BESIDE_THE_COURSE.has(predicate.event.type)) {
    const place = { lastSeq: predicate.chain.seq, lastHash: record.hash };
    draft.identities.set(identity.identityId, { ...identity, ...place });
  }
}

/** Records about an identity that are no part of its own course, so that a retried answer stays the same. */
const BESIDE_THE_COURSE: ReadonlySet<EventType> = new Set(["RetryDeduplicated", "RefusalsCounted"]);

type Effect = (draft: Draft, predicate: Predicate) => void;

/** The closed list of what a record may change: bind, issue, start, end, count. Everything else changes nothing. */
const EFFECTS: Partial<Record<EventType, Effect>> = {
  ContractBound: (draft, { contract, detail }) => {
    if (contract === undefined) return;
    const view = draft.contracts.get(contract.digest) ?? UNKNOWN_CONTRACT;
    if (view.bound !== undefined) return;
    const bound = { ...(detail as unknown as ContractBoundDetail), contractId: contract.id };
    draft.contracts.set(contract.digest, { ...view, bound });
  },
  IdentityIssued: (draft, predicate) => issueIdentity(draft, predicate),
  CredentialsMinted: (draft, predicate) => {
    const { hardExpiry } = predicate.detail as unknown as CredentialsMintedDetail;
    changeIdentity(draft, predicate, (identity) => ({ ...identity, hardExpiry }));
  },
  ExecutionStarted: (draft, predicate) => {
    const { redemption } = predicate.detail as ExecutionStartedDetail;
    const started = {
      state: "IN_USE",
      startedAt: predicate.event.at,
      startedIn: predicate.source.requestId,
    } as const;
    changeIdentity(draft, predicate, (identity) =>
      identity.end === undefined
        ? { ...identity, ...started, ...(redemption !== undefined && { redemption }) }
        : identity,
    );
  },
  RetryDeduplicated: (draft, predicate) =>
    changeIdentity(draft, predicate, (identity) => ({
      ...identity,
      retried: [...identity.retried, String(predicate.detail["use"])],
    })),
  IdentityDenied: (draft, predicate) => countRefusal(draft, predicate),
  ExecutionRejected: (draft, predicate) => countRefusal(draft, predicate),
  ViolationDetected: (draft, predicate) => endByRecord(draft, predicate),
  ContextInvalidated: (draft, predicate) => endByRecord(draft, predicate),
  // Of somebody who asked STS for an identity that another one has started: it ends nothing.
  IssuanceFailed: (draft, predicate) => {
    const identity = predicate.identity && draft.identities.get(predicate.identity.id);
    if (identity?.startedAt === undefined) endIdentity(draft, predicate);
  },
  ExecutionCompleted: (draft, predicate) => markExecuted(draft, predicate),
  ExecutionFailed: (draft, predicate) => markExecuted(draft, predicate),
  IdentityCompleted: (draft, predicate) => endIdentity(draft, predicate),
  ExecutionIncomplete: (draft, predicate) => endIdentity(draft, predicate),
  IdentityExpired: (draft, predicate) => endIdentity(draft, predicate),
  IdentityRevoked: (draft, predicate) => endIdentity(draft, predicate),
};

function countRefusal(draft: Draft, { contract }: Predicate): void {
  if (contract === undefined) return;
  const view = draft.contracts.get(contract.digest) ?? UNKNOWN_CONTRACT;
  draft.contracts.set(contract.digest, { ...view, refusals: view.refusals + 1 });
}

function issueIdentity(draft: Draft, { identity, contract, detail, chain }: Predicate): void {
  if (identity === undefined || contract === undefined || draft.identities.has(identity.id)) return;
  const issued = detail as unknown as IdentityIssuedDetail;
  draft.identities.set(identity.id, {
    ...issued,
    identityId: identity.id,
    contractId: contract.id,
    contractDigest: contract.digest,
    state: "ISSUED",
    lastSeq: chain.seq,
    lastHash: chain.prev,
    retried: [],
  });
  const view = draft.contracts.get(contract.digest) ?? UNKNOWN_CONTRACT;
  const uses = new Map(view.uses).set(issued.step, (view.uses.get(issued.step) ?? 0) + 1);
  const totals = new Map(view.totals);
  for (const [parameter, amount] of Object.entries(issued.totals)) {
    const key = totalKey(issued.step, parameter);
    totals.set(key, (totals.get(key) ?? 0) + Math.max(0, amount));
  }
  draft.contracts.set(contract.digest, { ...view, uses, totals });
}

function changeIdentity(
  draft: Draft,
  predicate: Predicate,
  change: (identity: IdentityView) => IdentityView,
): void {
  const identity = predicate.identity && draft.identities.get(predicate.identity.id);
  if (identity !== undefined) draft.identities.set(identity.identityId, change(identity));
}

const markExecuted = (draft: Draft, predicate: Predicate): void =>
  changeIdentity(draft, predicate, (identity) => ({ ...identity, executed: true }));

/**
 * An identity ends once; what follows its end cannot open it again. The outcome of a call that was running then is
 * still told, and still ends the contract if it has to.
 */
function endIdentity(draft: Draft, predicate: Predicate): void {
  changeIdentity(draft, predicate, (identity) => {
    const end = predicate.detail as unknown as EndDetail;
    endContract(draft, identity.contractDigest, end);
    if (identity.end === undefined) return { ...identity, state: end.state, end };
    return withLateOutcome(identity, identity.end, predicate, end);
  });
}

function endContract(draft: Draft, digest: Digest, end: EndDetail): void {
  const view = draft.contracts.get(digest) ?? UNKNOWN_CONTRACT;
  const ended = view.ended ?? contractEnd(end);
  if (ended !== undefined) draft.contracts.set(digest, { ...view, ended });
}

/** Why a contract ended without an execution. */
const ENDINGS = {
  VIOLATED: "it was violated with a handle",
  REVOKED: "its context changed",
} as const;

function endByRecord(draft: Draft, { contract, detail }: Predicate): void {
  const { endsContract } = detail as ContractEnding;
  if (contract === undefined || endsContract === undefined) return;
  const view = draft.contracts.get(contract.digest) ?? UNKNOWN_CONTRACT;
  const ended = { code: "CONTRACT_REVOKED", why: ENDINGS[endsContract] } as const;
  if (view.ended === undefined) draft.contracts.set(contract.digest, { ...view, ended });
}

/** Only of an identity that was running when it was ended, only once, and only by the record of such an end. */
function withLateOutcome(
  identity: IdentityView,
  known: EndDetail,
  { event: { type } }: Predicate,
  { outcome }: EndDetail,
): IdentityView {
  const isLate =
    outcome !== undefined &&
    known.outcome === undefined &&
    identity.startedAt !== undefined &&
    (type === "IdentityCompleted" || type === "ExecutionIncomplete");
  return isLate ? { ...identity, end: { ...known, outcome } } : identity;
}

/**
 * A failed execution always ends its contract (wire.md §2 `revokeOn`). An
 * unknown or unproved execution spends it whole: asking again could double the effect (VAI-70, ADV-69).
 */
function contractEnd(end: EndDetail): ContractView["ended"] {
  if (end.outcome?.status === "failed") {
    return { code: "CONTRACT_REVOKED", why: "an execution under it failed" };
  }
  return end.state === "INCOMPLETE"
    ? { code: "CONTRACT_CONSUMED", why: "an execution under it is incomplete" }
    : undefined;
}
