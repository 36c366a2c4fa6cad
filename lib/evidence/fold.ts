import { toInstant } from "../clock.ts";
import type { Digest } from "../encoding/digest.ts";
import { readJws } from "../encoding/jws.ts";
import { present } from "../encoding/present.ts";
import type { Outcome } from "../execution/outcome.ts";
import { endBlocks, grantBlock, retryBlock, spendIn } from "./block-tree.ts";
import type { ChainHead } from "./chain.ts";
import type {
  BoundProof,
  ContractBoundDetail,
  ContractEnding,
  EndDetail,
  EndState,
  Opens,
} from "./details.ts";
import type { EventType } from "./events.ts";
import { holdsSession } from "./held-session.ts";
import {
  type ContractView,
  type DeniedSession,
  type IdentityView,
  type IntentState,
  UNKNOWN_CONTRACT,
} from "./intent-state.ts";
import type { OpenRecord } from "./open.ts";
import type { EvidenceRecord, RecordOf } from "./record.ts";
import { spend } from "./spent.ts";

interface Draft {
  opens?: Opens;
  /** Intents, contexts and decisions by digest: each stands once in a chain, and is named by digest after that. */
  documents: Map<unknown, unknown>;
  contracts: Map<Digest, ContractView>;
  identities: Map<string, IdentityView>;
  unreached: Set<string>;
  intent?: unknown;
  superseding: Set<Digest>;
  decidedAt?: number;
}

/** Folds the verified records of an intent chain. Pure: same records, same state. */
export function foldIntent(records: readonly OpenRecord[], head: ChainHead): IntentState {
  const draft: Draft = {
    documents: new Map(),
    contracts: new Map(),
    identities: new Map(),
    unreached: new Set(),
    superseding: new Set(),
  };
  for (const record of records) applyRecord(draft, record);
  const { documents: _documents, ...state } = draft;
  return { ...state, head };
}

function applyRecord(draft: Draft, { record, hash }: OpenRecord): void {
  if (record.chain.seq === 1) draft.opens = record.detail["opens"] as Opens;
  (EFFECTS[record.event.type] as Effect | undefined)?.(draft, record as RecordOf<EventType>);
  const identity = record.identity && draft.identities.get(record.identity.id);
  if (identity !== undefined && !BESIDE_THE_COURSE.has(record.event.type)) {
    const place = { lastSeq: record.chain.seq, lastHash: hash };
    draft.identities.set(identity.identityId, { ...identity, ...place });
  }
}

/** Records about an identity that are no part of its own course, so that a retried answer stays the same. */
const BESIDE_THE_COURSE: ReadonlySet<EventType> = new Set(["RetryDeduplicated", "RefusalsCounted"]);

type Effect<Type extends EventType = EventType> = (draft: Draft, record: RecordOf<Type>) => void;

/** The closed list of what a record may change: bind, issue, start, end, count. Everything else changes nothing. */
const EFFECTS: { readonly [Type in EventType]?: Effect<Type> } = {
  IntentSubmitted: (draft, { detail: { intentDigest, intent } }) => {
    draft.documents.set(intentDigest, intent);
    draft.intent ??= intent;
  },
  ContextEvaluated: ({ documents }, { detail: { contextDigest, context } }) => {
    documents.set(contextDigest, context);
  },
  PolicyEvaluated: ({ documents }, { detail: { decisionDigest, decision } }) => {
    documents.set(decisionDigest, decision);
  },
  ContractBound: bindContract,
  DecisionSuperseded: supersede,
  // What a request alone brought is on record from then on, as what was sent by itself.
  ProofValidated: (draft, { contract, detail: { attestations = [], approvals = [] } }) =>
    changeContract(draft, contract, (view) => ({
      ...view,
      attested: [...view.attested, ...attestations],
      approved: [...view.approved, ...approvals],
    })),
  AttestationRecorded: (draft, { contract, detail: { attestation } }) =>
    changeContract(draft, contract, (view) => ({
      ...view,
      attested: [...view.attested, attestation],
    })),
  ApprovalRecorded: (draft, { contract, detail: { approval, step } }) =>
    changeContract(draft, contract, (view) =>
      step === undefined
        ? { ...view, approved: [...view.approved, approval] }
        : { ...view, gateApprovals: [...view.gateApprovals, approval] },
    ),
  GateOpened: (draft, { contract, detail: { step } }) =>
    changeContract(draft, contract, (view) => ({ ...view, opened: [...view.opened, step] })),
  IdentityIssued: issueIdentity,
  CredentialsMinted: (draft, record) => {
    const { hardExpiry, sessionExpiry, roleArn } = record.detail;
    const minted = { hardExpiry, ...present({ sessionExpiry, roleArn }) };
    changeIdentity(draft, record, (identity) => ({ ...identity, ...minted }));
  },
  ExecutionStarted: startIdentity,
  RetryDeduplicated: (draft, record) => {
    const { contract, detail } = record;
    changeIdentity(draft, record, (identity) => ({
      ...identity,
      retried: [...identity.retried, detail.use],
    }));
    changeContract(draft, contract, (view) => ({ ...view, tree: retryBlock(view.tree, detail) }));
  },
  DelegationGranted: (draft, record) =>
    changeContract(draft, record.contract, (view) => ({
      ...view,
      tree: grantBlock(view.tree, record),
    })),
  DelegationRevoked: (draft, record) =>
    changeContract(draft, record.contract, (view) => ({
      ...view,
      tree: endBlocks(view.tree, record),
    })),
  DelegationRejected: countRefusal,
  IdentityDenied: countRefusal,
  ExecutionRejected: countRefusal,
  ProofRejected: endByRecord,
  ViolationDetected: endByRecord,
  ContextInvalidated: endByRecord,
  RevocationRequested: (draft, record) => {
    endByRecord(draft, record);
    const { detail } = record;
    const isDenial = detail.endsContract !== undefined || detail.do !== "signal";
    if (isDenial) draft.unreached.add(detail.requestedAt);
  },
  RevocationAcknowledged: (draft, { detail }) => {
    const { point, requestedAt, milliseconds } = detail;
    if (point === "adapter") draft.unreached.delete(requestedAt);
    const at = Date.parse(requestedAt) + milliseconds;
    if (!Number.isFinite(at)) return;
    const acknowledgedAt = toInstant(at);
    if (point === "session") tellReached(draft, detail, { seenAt: acknowledgedAt });
    if (point !== "iam") return;
    const awaits = detail.awaits === "session" ? true : undefined;
    tellReached(draft, detail, { acknowledgedAt, ...present({ awaits }) });
  },
  RevocationFailed: (draft, { detail }) => {
    if (detail.point === "iam") tellReached(draft, detail, { hasFailed: true });
    if (detail.point === "session") tellReached(draft, detail, { isUnseen: true });
  },
  EscalationRaised: endByRecord,
  // Of somebody who asked STS for an identity that another one has started: it ends nothing.
  IssuanceFailed: (draft, record) => {
    const identity = record.identity && draft.identities.get(record.identity.id);
    if (identity?.startedAt === undefined) endIdentity(draft, record);
  },
  ExecutionCompleted: tellOutcome,
  ExecutionFailed: tellOutcome,
  ObligationFulfilled: (draft, record) => settleDuty(draft, record, true),
  ObligationMissed: (draft, record) => settleDuty(draft, record, false),
  RollbackCompleted: tellRollback,
  RollbackFailed: tellRollback,
  IdentityCompleted: endIdentity,
  ExecutionIncomplete: endIdentity,
  IdentityExpired: endIdentity,
  IdentityRevoked: (draft, record) => {
    denySession(draft, record);
    endIdentity(draft, record);
  },
};

function bindContract(draft: Draft, { contract, detail }: RecordOf<"ContractBound">): void {
  if (contract === undefined) return;
  const view = draft.contracts.get(contract.digest) ?? UNKNOWN_CONTRACT;
  if (view.bound !== undefined) return;
  const proof = boundProof(draft, detail);
  const { iat, iss: decider } = decisionClaims(proof?.decision);
  const breakGlass = breakGlassIn(detail.contract);
  const bound = { ...detail, contractId: contract.id, ...present({ proof, decider, breakGlass }) };
  const { attestations = [], approvals = [] } = detail;
  draft.contracts.set(contract.digest, {
    ...{ ...view, bound },
    attested: [...view.attested, ...attestations],
    approved: [...view.approved, ...approvals],
  });
  decide(draft, iat);
}

/** A decision that is later than all before; of one that cannot be read nothing is known. */
function decide(draft: Draft, iat: number | undefined): void {
  if (iat !== undefined) draft.decidedAt = Math.max(draft.decidedAt ?? iat, iat);
}

/** Id of the emergency policy that a contract names. */
function breakGlassIn(contract: string): string | undefined {
  const read = readJws(contract, "vai-contract+jwt");
  const { breakGlass } = (read.ok ? read.value.payload : {}) as {
    breakGlass?: { policy?: unknown };
  };
  return breakGlass === undefined ? undefined : String(breakGlass?.policy);
}

function decisionClaims(decision: string | undefined): {
  readonly iat?: number;
  readonly iss?: string;
} {
  const read = readJws(decision, "vai-decision+jwt");
  const { iat, iss } = (read.ok ? read.value.payload : {}) as Record<string, unknown>;
  return {
    ...(typeof iat === "number" && { iat }),
    ...(typeof iss === "string" && { iss }),
  };
}

/** Every contract that was bound before ends: what they were decided by is no more what governance says (ADV-17). */
function supersede(
  draft: Draft,
  { detail: { iat, decisionDigest } }: RecordOf<"DecisionSuperseded">,
): void {
  decide(draft, iat);
  draft.superseding.add(decisionDigest);
  const ended = { code: "DECISION_SUPERSEDED", why: "a later decision took its place" } as const;
  for (const [digest, { bound }] of draft.contracts) {
    if (bound !== undefined) endContract(draft, digest, ended);
  }
}

function changeContract(
  draft: Draft,
  contract: EvidenceRecord["contract"],
  change: (view: ContractView) => ContractView,
): void {
  if (contract === undefined) return;
  const view = draft.contracts.get(contract.digest) ?? UNKNOWN_CONTRACT;
  draft.contracts.set(contract.digest, change(view));
}

/** The parts of the proof, each as the one record before that holds it says; none unless all are there. */
function boundProof(
  { documents }: Draft,
  { intentDigest, contextDigest, decisionDigest }: ContractBoundDetail,
): BoundProof | undefined {
  const digests = [intentDigest, contextDigest, decisionDigest];
  if (!digests.every((digest) => documents.has(digest))) return undefined;
  const [intent, context, decision] = digests.map((digest) => documents.get(digest));
  return { intent, context, decision: String(decision) };
}

function countRefusal(draft: Draft, { contract }: EvidenceRecord): void {
  changeContract(draft, contract, (view) => ({ ...view, refusals: view.refusals + 1 }));
}

function issueIdentity(
  draft: Draft,
  { identity, contract, actor, continuity, detail: issued, chain }: RecordOf<"IdentityIssued">,
): void {
  if (identity === undefined || contract === undefined || draft.identities.has(identity.id)) return;
  draft.identities.set(identity.id, {
    ...issued,
    identityId: identity.id,
    contractId: contract.id,
    contractDigest: contract.digest,
    ...present({ actor: actor?.id, blocks: continuity?.blocks }),
    state: "ISSUED",
    lastSeq: chain.seq,
    lastHash: chain.prev,
    retried: [],
  });
  const undone =
    issued.rollbackOf === undefined ? undefined : draft.identities.get(issued.rollbackOf);
  if (undone !== undefined) {
    const rollback = { identityId: identity.id };
    draft.identities.set(undone.identityId, { ...undone, rollback });
  }
  const view = draft.contracts.get(contract.digest) ?? UNKNOWN_CONTRACT;
  const tree = spendIn(view.tree, continuity?.blocks ?? [], issued);
  draft.contracts.set(contract.digest, { ...view, ...spend(view, issued), tree });
}

function changeIdentity(
  draft: Draft,
  record: EvidenceRecord,
  change: (identity: IdentityView) => IdentityView,
): void {
  const identity = record.identity && draft.identities.get(record.identity.id);
  if (identity !== undefined) draft.identities.set(identity.identityId, change(identity));
}

/** The outcome of a call. Of an identity that was ended while it ran it is told behind its end, and once. */
function tellOutcome(
  draft: Draft,
  record: RecordOf<"ExecutionCompleted"> | RecordOf<"ExecutionFailed">,
): void {
  const { outcome, duties } = record.detail;
  changeIdentity(draft, record, (identity) => {
    const { end } = identity;
    if (end === undefined) return { ...identity, executed: true, outcome, ...present({ duties }) };
    endContract(draft, identity.contractDigest, contractEnd(outcome));
    const isLate = end.outcome === undefined && identity.startedAt !== undefined;
    return { ...identity, executed: true, ...(isLate && { end: { ...end, outcome } }) };
  });
}

/** A duty that was open is so no more: what was shown is part of the outcome from then on. */
function settleDuty(
  draft: Draft,
  record: RecordOf<"ObligationFulfilled"> | RecordOf<"ObligationMissed">,
  met: boolean,
): void {
  const { name } = record.detail;
  changeIdentity(draft, record, (identity) => {
    const { duties, outcome } = identity;
    if (outcome === undefined || duties?.some((duty) => duty.name === name) !== true) {
      return identity;
    }
    const obligations = outcome.obligations.map((each) =>
      each.name === name ? { name, met } : each,
    );
    return {
      ...identity,
      duties: duties.filter((duty) => duty.name !== name),
      outcome: { ...outcome, obligations },
    };
  });
}

/** What became of a rollback is told once. */
function tellRollback(
  { identities }: Draft,
  { detail }: RecordOf<"RollbackCompleted"> | RecordOf<"RollbackFailed">,
): void {
  const undone = identities.get(detail.rollbackOf);
  if (undone === undefined || undone.rollback?.status !== undefined) return;
  const rollback = { ...undone.rollback, status: detail.status };
  identities.set(undone.identityId, { ...undone, rollback });
}

function startIdentity(draft: Draft, record: RecordOf<"ExecutionStarted">): void {
  const { redemption } = record.detail;
  changeIdentity(draft, record, (identity) =>
    identity.end === undefined
      ? {
          ...identity,
          state: "IN_USE",
          startedAt: record.event.at,
          startedIn: record.source.requestId,
          ...present({ redemption }),
        }
      : identity,
  );
}

/** An identity ends once: of several terminal records the first counts, and none opens it again. */
function endIdentity(draft: Draft, record: EvidenceRecord & { readonly detail: EndDetail }): void {
  const end = record.detail;
  changeIdentity(draft, record, (identity) => {
    endContract(draft, identity.contractDigest, contractEnd(end.outcome, end.state));
    return identity.end === undefined
      ? { ...identity, state: end.state, end, endedAt: record.event.at }
      : identity;
  });
}

/** Ended while its session was alive, and nobody has ended it before: IAM has to be told. */
function denySession(draft: Draft, record: RecordOf<"IdentityRevoked">): void {
  const { requestedAt } = record.detail;
  if (requestedAt === undefined) return;
  changeIdentity(draft, record, (identity) =>
    identity.end === undefined && holdsSession(identity, Date.parse(record.event.at))
      ? { ...identity, denied: { requestedAt } }
      : identity,
  );
}

/** One command ends identities at one instant: what it has reached at a role, it has for each of them there. */
function tellReached(
  draft: Draft,
  { requestedAt, role }: { readonly requestedAt: string; readonly role?: string },
  reached: Partial<DeniedSession>,
): void {
  for (const [id, identity] of draft.identities) {
    const { denied, roleArn } = identity;
    if (denied?.requestedAt !== requestedAt || roleArn !== role) continue;
    draft.identities.set(id, { ...identity, denied: { ...denied, ...reached } });
  }
}

function endContract(draft: Draft, digest: Digest, ended: ContractView["ended"]): void {
  const view = draft.contracts.get(digest) ?? UNKNOWN_CONTRACT;
  if (view.ended === undefined && ended !== undefined)
    draft.contracts.set(digest, { ...view, ended });
}

/** Why a contract ended without an execution, by the record that says so. */
const ENDINGS: { readonly [Type in EventType]?: string } = {
  ViolationDetected: "it was violated with a handle",
  ContextInvalidated: "its context changed",
  ProofRejected: "its policy changed",
  RevocationRequested: "it was revoked",
  EscalationRaised: "somebody without a key marked it",
};

function endByRecord(
  draft: Draft,
  {
    event: { type },
    contract,
    detail: { endsContract: how },
  }: EvidenceRecord & { readonly detail: ContractEnding },
): void {
  if (contract === undefined || how === undefined) return;
  const why = ENDINGS[type] ?? "it was revoked";
  endContract(draft, contract.digest, { code: "CONTRACT_REVOKED", why });
}

/**
 * A failed execution always ends its contract (PROTOCOL.md §2 `revokeOn`). An unknown or unproved one spends it whole:
 * asking again could double the effect (VAI-70, ADV-69).
 */
function contractEnd(outcome: Outcome | undefined, state?: EndState): ContractView["ended"] {
  if (outcome?.status === "failed") {
    return { code: "CONTRACT_REVOKED", why: "an execution under it failed" };
  }
  const isMissed = outcome?.obligations?.some(({ met }) => !met);
  const isUnproved = outcome?.status === "unknown" || isMissed === true;
  return state === "INCOMPLETE" || isUnproved
    ? { code: "CONTRACT_CONSUMED", why: "an execution under it is incomplete" }
    : undefined;
}
