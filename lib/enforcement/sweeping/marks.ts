import { toInstant } from "../../clock.ts";
import { contractView, type IdentityView } from "../../evidence/fold.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import { judgeOperator, readCommand } from "../../lifecycle/command.ts";
import { ABANDONED } from "../../lifecycle/due.ts";
import type { Mark } from "../../lifecycle/mark.ts";
import { isRefusal } from "../../refusal.ts";
import { isDenying } from "../commands/deny.ts";
import type { Intent } from "../read/intent.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import { endedDraft, requestedDraft, type Target } from "../records/denial.ts";
import { unsignedMarkDraft } from "../records/sweeping.ts";

/**
 * Marks whose contract the chain knows: a record names a contract by its id too. A denial of one that was never
 * presented goes on standing as a mark. One without an operator's word may be the plane's own, whose records are on their
 * way: so long as its function may live nobody else speaks of it. A mark of the future waits for nothing.
 */
export const recordable = (intent: Intent, now: number): Mark[] =>
  intent.marks.legible.filter((mark) => {
    const isKnown = "identityId" in mark || contractOf(intent, mark) !== undefined;
    const age = now - mark.at * 1000;
    const isOnItsWay = age >= 0 && age < ABANDONED && mark.by === undefined;
    return isKnown && !isOnItsWay;
  });

export const targetOf = (mark: Mark): Target =>
  "identityId" in mark ? { identityId: mark.identityId } : { contractDigest: mark.contractDigest };

/** Whose word a mark is: an operator's who signed a command of that very target, or nobody's. */
function signedBy(mark: Mark, trust: TrustSnapshot) {
  if (mark.by === undefined) return undefined;
  const command = readCommand(mark.by);
  if (isRefusal(command) || !isDenying(command)) return undefined;
  if (judgeOperator(command, trust.published) !== undefined) return undefined;
  const { claims } = command;
  const named =
    claims.do === "revokeIdentity"
      ? "identityId" in mark && mark.identityId === claims.identityId
      : "contractDigest" in mark && mark.contractDigest === claims.contractDigest;
  return named ? command : undefined;
}

export function markDrafts(intent: Intent, mark: Mark, trust: TrustSnapshot): RecordDraft[] {
  const contract = contractOf(intent, mark);
  const command = signedBy(mark, trust);
  if (command === undefined) return [unsignedMarkDraft(contract)];
  const isRecorded = intent.records.some(
    ({ record }) =>
      record.event.type === "RevocationRequested" && record.detail["command"] === mark.by,
  );
  if (isRecorded) return [];
  const at = requestedAtOf(mark);
  const how = { requestedAt: at, committedAt: at, isEnding: "contractDigest" in mark };
  return [requestedDraft(command, contract === undefined ? {} : { contract }, how)];
}

function contractOf({ state }: Intent, mark: Mark) {
  if (!("contractDigest" in mark)) return undefined;
  const { contractDigest: digest } = mark;
  const id = contractView(state, digest).bound?.contractId;
  return id === undefined ? undefined : { id, digest };
}

export function markedEnd(
  identity: IdentityView,
  mark: Mark,
  trust: TrustSnapshot,
  now: number,
): RecordDraft {
  const command = signedBy(mark, trust);
  if (command === undefined) return garbageEnd(identity, now);
  const why = `${command.claims.iss} ended it: ${command.claims.reason}`;
  return endedDraft(identity, mark.trigger, "IDENTITY_REVOKED", why, requestedAtOf(mark));
}

const requestedAtOf = ({ at }: Mark): string => toInstant(at * 1000);

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
