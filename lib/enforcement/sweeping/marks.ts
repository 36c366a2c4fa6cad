import { toInstant, toSeconds } from "../../clock.ts";
import { documentDigest } from "../../encoding/canonical-json.ts";
import { contractView, type IdentityView } from "../../evidence/intent-state.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import { judgeOperator, type ReadCommand, readCommand } from "../../lifecycle/command.ts";
import { ABANDONED } from "../../lifecycle/due.ts";
import type { Mark } from "../../lifecycle/mark.ts";
import { termsOf } from "../../lifecycle/terms.ts";
import { judgeLaterDecision } from "../../proof/later-decision.ts";
import { type ReadDecision, readDecision } from "../../proof/proof.ts";
import { isRefusal } from "../../refusal.ts";
import { isDenying, targetOf } from "../commands/denying.ts";
import { decided, type Intent } from "../read/intent.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import { revokedBlock } from "../records/delegation.ts";
import {
  commandTrigger,
  endedDraft,
  endsWhole,
  markTarget,
  requestedDraft,
  requestOf,
  SIGNALS,
} from "../records/denial.ts";
import { supersededDraft, supersededEnd } from "../records/superseding.ts";
import { unsignedMarkDraft } from "../records/sweeping.ts";

/**
 * Marks whose contract the chain knows: a record names a contract by its id too. A denial of one that was never
 * presented goes on standing as a mark. One without an operator's word may be the plane's own, whose records are on their
 * way: so long as its function may live nobody else speaks of it. A mark of the future waits for nothing.
 */
export const recordable = (intent: Intent, now: number): Mark[] =>
  intent.marks.legible
    .filter((mark) => {
      const isKnown = "identityId" in mark || contractOf(intent, mark) !== undefined;
      const age = now - mark.at * 1000;
      const isOnItsWay = age >= 0 && age < ABANDONED && mark.by === undefined;
      return isKnown && !isOnItsWay;
    })
    .slice(0, AT_ONCE);

/** Marks that one transaction records: however many somebody writes, each run has room for some, and for the ends. */
const AT_ONCE = 40;

/**
 * Whose word a mark is: an operator's who signed a command of that very target for this plane, or nobody's. A signal is one
 * only of a contract that listens to it: what was noted ends nothing in anybody's name.
 */
function signedBy({ state }: Intent, mark: Mark, { policy }: TrustSnapshot) {
  if (mark.by === undefined) return undefined;
  const command = readCommand(mark.by);
  if (isRefusal(command) || !isDenying(command)) return undefined;
  const { claims } = command;
  if (claims.aud !== policy.plane || judgeOperator(command, policy) !== undefined) return undefined;
  if (documentDigest(markTarget(mark)) !== documentDigest(targetOf(claims))) return undefined;
  if (claims.do !== "signal") return command;
  const { contractDigest } = claims;
  const terms = termsOf(contractDigest, contractView(state, contractDigest));
  return terms?.contract.revokeOn?.includes(SIGNALS[claims.kind]) === true ? command : undefined;
}

/**
 * The decision that a mark is by, if it takes the place of the one that its contract was bound under, or did so. One that
 * was superseded by it is older: of a later contract it says nothing, whoever writes it there.
 */
function decisionOf(intent: Intent, mark: Mark, { policy }: TrustSnapshot, now: number) {
  if (mark.by === undefined || !("contractDigest" in mark) || "block" in mark) return undefined;
  const decision = readDecision(mark.by, "");
  if (isRefusal(decision)) return undefined;
  if (intent.state.superseding.has(decision.digest)) {
    const { bound } = contractView(intent.state, mark.contractDigest);
    const own = readDecision(bound?.proof?.decision, "");
    return !isRefusal(own) && own.claims.iat <= decision.claims.iat ? decision : undefined;
  }
  const by = { policy, plane: policy.plane, now: toSeconds(now) };
  return judgeLaterDecision(decision, decided(intent), by) === undefined ? decision : undefined;
}

/** Of several contracts that one decision ends, the first tells of it: of those that are recorded now. */
function decisionDrafts(
  intent: Intent,
  mark: Mark,
  decision: ReadDecision,
  now: number,
): RecordDraft[] {
  const first = recordable(intent, now).find(({ by }) => by === mark.by);
  return first === mark && !intent.state.superseding.has(decision.digest)
    ? [supersededDraft(decision)]
    : [];
}

export function markDrafts(
  intent: Intent,
  mark: Mark,
  trust: TrustSnapshot,
  now: number,
): RecordDraft[] {
  const contract = contractOf(intent, mark);
  const decision = decisionOf(intent, mark, trust, now);
  if (decision !== undefined) return decisionDrafts(intent, mark, decision, now);
  const command = signedBy(intent, mark, trust);
  if (command === undefined) return [unsignedMarkDraft(contract)];
  if (requestOf(intent, command.jws.compact) !== undefined) return [];
  const at = requestedAtOf(mark, command, now);
  const how = { requestedAt: at, committedAt: at, isEnding: endsWhole(markTarget(mark)) };
  const { iss: by, reason } = command.claims;
  const about = contract === undefined ? {} : { contract };
  return [
    requestedDraft(command, about, how),
    ...revokedBlock(intent, markTarget(mark), { by, reason, requestedAt: at }, about),
  ];
}

function contractOf({ state }: Intent, mark: Mark) {
  if (!("contractDigest" in mark)) return undefined;
  const { contractDigest: digest } = mark;
  const id = contractView(state, digest).bound?.contractId;
  return id === undefined ? undefined : { id, digest };
}

export function markedEnd(
  intent: Intent,
  identity: IdentityView,
  mark: Mark,
  trust: TrustSnapshot,
  now: number,
): RecordDraft {
  if (decisionOf(intent, mark, trust, now) !== undefined) return supersededEnd(identity, now);
  const command = signedBy(intent, mark, trust);
  if (command === undefined) return garbageEnd(identity, now);
  const why = `${command.claims.iss} ended it: ${command.claims.reason}`;
  const trigger = commandTrigger(command.claims);
  return endedDraft(identity, trigger, "IDENTITY_REVOKED", why, requestedAtOf(mark, command, now));
}

/** What a command was asked for is told by it: a mark's own instant is anybody's, but not before it was signed, nor ahead. */
const requestedAtOf = ({ at }: Mark, { claims }: ReadCommand, now: number): string =>
  toInstant(Math.min(now, Math.max(at, claims.iat) * 1000));

export const garbageEnd = (identity: IdentityView, now: number): RecordDraft => {
  const why = "a mark that nobody signed denies it";
  return {
    ...endedDraft(identity, "evidenceFailed", "IDENTITY_REVOKED", why, toInstant(now)),
    accusesNobody: true,
  };
};

export const illegibleDrafts = ({ state }: Intent): RecordDraft[] => {
  const bound = [...state.contracts].flatMap(([digest, { bound }]) =>
    bound === undefined ? [] : [{ id: bound.contractId, digest }],
  );
  return bound.length === 0 ? [unsignedMarkDraft(undefined)] : bound.map(unsignedMarkDraft);
};
