import { toInstant } from "../../clock.ts";
import type { Reconciled } from "../../evidence/details.ts";
import type { IdentityView } from "../../evidence/intent-state.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import { overdue } from "../../lifecycle/due.ts";
import { termsOf } from "../../lifecycle/terms.ts";
import { isPolicyHead } from "../../proof/judge.ts";
import type { Intent } from "../read/intent.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import {
  acknowledgedDraft,
  covered,
  endedBy,
  endedDraft,
  inFlight,
  markTarget,
} from "../records/denial.ts";
import { dutyDrafts } from "../records/duties.ts";
import { lostRollbackDrafts } from "../records/rollback.ts";
import { policyChangedDraft, sweptDrafts } from "../records/sweeping.ts";
import { garbageEnd, illegibleDrafts, markDrafts, markedEnd, recordable } from "./marks.ts";
import { stoppedBy } from "./stopped.ts";

/** Everything that is due on a chain at an instant, each identity ended once; `now` in milliseconds. */
export function draftsFor(
  intent: Intent,
  trust: TrustSnapshot,
  reconciled: ReadonlyMap<string, Reconciled>,
  now: number,
): RecordDraft[] {
  const ended = new Set<string>();
  const open = (): IdentityView[] =>
    [...intent.state.identities.values()].filter(
      ({ identityId, end }) => end === undefined && !ended.has(identityId),
    );
  const end = (identity: IdentityView, drafts: readonly RecordDraft[]): readonly RecordDraft[] => {
    ended.add(identity.identityId);
    return drafts;
  };
  const ofMarks = recordable(intent, now).flatMap((mark) => [
    ...markDrafts(intent, mark, trust, now),
    ...endedBy(markTarget(mark), covered(intent, markTarget(mark)))
      .filter((identity) => open().includes(identity))
      .flatMap((identity) => end(identity, [markedEnd(intent, identity, mark, trust, now)])),
  ]);
  const ofGarbage = intent.marks.isIllegible ? illegibleDrafts(intent) : [];
  const all = intent.marks.isIllegible ? open() : [];
  const ofIllegible = all.flatMap((identity) => end(identity, [garbageEnd(identity, now)]));
  const ofLimits = open().flatMap((identity) => {
    const code = stoppedBy(intent.state, identity, trust);
    if (code === undefined) return [];
    const why = "it was halted by people";
    return end(identity, [endedDraft(identity, "operator", code, why, toInstant(now))]);
  });
  const ofPolicies = outdated(intent, trust).flatMap((contract) => [
    policyChangedDraft(contract),
    ...covered(intent, { contractDigest: contract.digest })
      .filter((identity) => open().includes(identity))
      .flatMap((identity) => end(identity, [outdatedEnd(identity, now)])),
  ]);
  const ofTime = open().flatMap((identity) => {
    const what = overdue(identity, now);
    if (what === undefined) return [];
    const seen = reconciled.get(identity.identityId) ?? "unseen";
    return what === "dutyOpen"
      ? dutyDrafts(identity, seen, now)
      : end(identity, sweptDrafts(identity, what, seen));
  });
  const asked = ofMarks.flatMap((draft) =>
    draft.type === "RevocationRequested" ? [draft.detail.requestedAt] : [],
  );
  return [
    ...[...ofMarks, ...ofGarbage, ...ofIllegible],
    ...[...ofLimits, ...ofPolicies, ...ofTime],
    ...lostRollbackDrafts(intent.state, now),
    ...acknowledged(intent, asked, now),
  ];
}

/** Bound contracts that end with their policy, and whose policy is no head any more (VAI-109, X-42). */
const outdated = ({ state }: Intent, { published }: TrustSnapshot) =>
  [...state.contracts].flatMap(([digest, view]) => {
    const terms = view.ended === undefined ? termsOf(digest, view) : undefined;
    const isListed = terms?.contract.revokeOn?.includes("policyChanged") === true;
    const isHead = terms?.policy !== undefined && isPolicyHead(published, terms.policy);
    return terms !== undefined && isListed && !isHead ? [{ id: terms.contract.jti, digest }] : [];
  });

const outdatedEnd = (identity: IdentityView, now: number): RecordDraft =>
  endedDraft(
    identity,
    "policyChanged",
    "IDENTITY_REVOKED",
    "its contract ended with its policy",
    toInstant(now),
  );

/** Denials that have reached the adapter: nothing that was begun on this chain can be running any more. */
const acknowledged = ({ state }: Intent, asked: readonly string[], now: number): RecordDraft[] =>
  inFlight([...state.identities.values()], now) > 0
    ? []
    : [...state.unreached, ...asked].map((requestedAt) =>
        acknowledgedDraft("adapter", requestedAt, now),
      );
