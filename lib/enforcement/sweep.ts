import { toInstant } from "../clock.ts";
import type { Reconciled } from "../evidence/details.ts";
import { contractView, type IdentityView } from "../evidence/fold.ts";
import type { RecordDraft } from "../evidence/record.ts";
import { readBack } from "../execution/run.ts";
import { judgeOperator, readCommand } from "../lifecycle/command.ts";
import { overdue } from "../lifecycle/due.ts";
import type { Mark } from "../lifecycle/mark.ts";
import { Fault, isRefusal, type RefusalCode } from "../refusal.ts";
import type { Limits } from "../trust/restrictions.ts";
import { appendToIntent, ready, settled } from "./barriers/append.ts";
import { isDenying } from "./commands/deny.ts";
import { settleOwed } from "./commands/owed.ts";
import { type Invocation, type SweepDeps, targetPlace } from "./deps.ts";
import { Judgement } from "./judgement.ts";
import { denyAtRole } from "./points/deny-at-role.ts";
import { quarantine } from "./points/quarantine.ts";
import { reachIam } from "./points/reach.ts";
import { executionRoles } from "./points/unread.ts";
import { type Intent, readIntent } from "./read/intent.ts";
import { recordedOperation } from "./read/operation.ts";
import { readTrust } from "./read/registry.ts";
import type { TrustSnapshot } from "./read/trust-snapshot.ts";
import {
  acknowledgedDraft,
  covered,
  endedDraft,
  inFlight,
  requestedDraft,
  type Target,
} from "./records/denial.ts";
import { sweptDrafts, unsignedMarkDraft } from "./records/sweeping.ts";
import { type Order, point } from "./stage.ts";

type Judging = Judgement<SweepDeps>;

const SWEPT = point("evidence", "swept");
const SWEEP_ORDER: Order = [SWEPT];

/** What one run did. */
export interface Swept {
  readonly ok: true;
  /** Chains that were looked at. */
  readonly chains: number;
  /** Chains that records were written to. */
  readonly written: number;
  /** Chains that could not be read or written, and roles that IAM was not told of; they are tried again. */
  readonly failed: number;
}

/**
 * Does what is due and nobody else has done (PROTOCOL.md §10): records owed for marks, ends of windows, of invocations
 * that were lost, of identities whose actor, key or plane was halted. Its event is not read. Reads back what may have
 * been done, and never does it again. A chain that fails keeps no other from its end.
 */
export async function sweep(deps: SweepDeps, invocation: Invocation): Promise<Swept> {
  const settling: Judging = new Judgement(deps, invocation, SWEEP_ORDER, "sweep");
  const unsettled = await settleOwed(settling);
  if (unsettled !== undefined) throw new Fault("DEPENDENCY_UNAVAILABLE", unsettled.detail);
  const { trust } = await readTrust(deps);
  if (isRefusal(trust)) throw new Fault("DEPENDENCY_UNAVAILABLE", trust.detail);
  const chains = await (isRestricted(trust.limits)
    ? deps.open.all()
    : deps.open.due(toInstant(deps.clock())));
  const counts = { ok: true as const, chains: chains.length, written: 0, failed: 0 };
  for (const chainId of chains) {
    const judgement: Judging = new Judgement(deps, invocation, SWEEP_ORDER, { chainId });
    judgement.believe(trust);
    const result = await sweepChain(judgement, chainId, trust).catch(ofChain);
    if (result !== "nothing") counts[result] += 1;
  }
  const judgement: Judging = new Judgement(deps, invocation, SWEEP_ORDER, {});
  judgement.believe(trust);
  counts.failed += await sweepRoles(judgement, trust);
  return counts;
}

/**
 * Puts what the policy of a role lacks, since a put that was given up may have landed behind a later one, and prunes what
 * is over. @returns the number of roles that lack a denial still.
 */
async function sweepRoles(judgement: Judging, { published }: TrustSnapshot): Promise<number> {
  const results = await Promise.all(
    executionRoles(published).map((role) => denyAtRole(judgement.deps, role, [])),
  );
  const lacking = results.filter((each) => each.state !== "accepted" && each.isOwed);
  const refused = lacking.flatMap((each) => (each.state === "refused" ? [each] : []));
  if (refused.length > 0) await quarantine(judgement, refused);
  return lacking.length;
}

/** A fault of one chain is its own; a bug is not. */
function ofChain(fault: unknown): "failed" {
  if (fault instanceof Fault) return "failed";
  throw fault;
}

/** Something is stopped that may have open identities anywhere. */
const isRestricted = ({ isPlaneHalted, actors, keys }: Limits): boolean =>
  isPlaneHalted || actors.size > 0 || keys.size > 0;

async function sweepChain(
  judgement: Judging,
  chainId: string,
  trust: TrustSnapshot,
): Promise<"written" | "nothing" | "failed"> {
  const { deps } = judgement;
  const start = await readIntent(deps, chainId, trust);
  if (isRefusal(start)) return "failed";
  judgement.learn({ intentId: chainId.slice("intent/".length) });
  const reconciled = await reconcile(deps, start, trust);
  const result = await appendToIntent<Intent, SweepDeps>(judgement, start, {
    prepare: (intent) => {
      const drafts = draftsFor(judgement, intent, trust, reconciled);
      if (drafts.length === 0 || intent.state.head.seq === 0) return settled(intent);
      const told = new Set<unknown>(recordable(intent));
      return ready({ drafts, marksLeft: intent.marks.legible.filter((mark) => !told.has(mark)) });
    },
  });
  if (result.kind === "refused") return "nothing";
  const intent = result.kind === "settled" ? result.value : result.intent;
  const after = await reachIam(judgement, intent);
  return after.state.head.seq > start.state.head.seq ? "written" : "nothing";
}

/** Everything that is due on a chain, each identity ended once. */
function draftsFor(
  { deps }: Judging,
  intent: Intent,
  trust: TrustSnapshot,
  reconciled: ReadonlyMap<string, Reconciled>,
): RecordDraft[] {
  const now = deps.clock();
  const ended = new Set<string>();
  const open = (): IdentityView[] =>
    [...intent.state.identities.values()].filter(
      ({ identityId, end }) => end === undefined && !ended.has(identityId),
    );
  const end = (identity: IdentityView, drafts: readonly RecordDraft[]): readonly RecordDraft[] => {
    ended.add(identity.identityId);
    return drafts;
  };
  const ofMarks = recordable(intent).flatMap((mark) => [
    ...markDrafts(intent, mark, trust),
    ...covered(intent, targetOf(mark))
      .filter((identity) => open().includes(identity))
      .flatMap((identity) => end(identity, [markedEnd(identity, mark, trust, now)])),
  ]);
  const ofGarbage = intent.marks.isIllegible ? illegibleDrafts(intent) : [];
  const all = intent.marks.isIllegible ? open() : [];
  const ofIllegible = all.flatMap((identity) => end(identity, [garbageEnd(identity, now)]));
  const ofLimits = open().flatMap((identity) => {
    const code = limitOn(identity, trust.limits);
    if (code === undefined) return [];
    const why = "it was halted by people";
    return end(identity, [endedDraft(identity, "operator", code, why, toInstant(now))]);
  });
  const ofTime = open().flatMap((identity) => {
    const what = overdue(identity, now);
    if (what === undefined) return [];
    return end(
      identity,
      sweptDrafts(identity, what, reconciled.get(identity.identityId) ?? "unseen"),
    );
  });
  const asked = ofMarks.flatMap((draft) =>
    draft.type === "RevocationRequested" ? [draft.detail.requestedAt] : [],
  );
  return [
    ...[...ofMarks, ...ofGarbage, ...ofIllegible],
    ...[...ofLimits, ...ofTime],
    ...acknowledged(intent, asked, now),
  ];
}

/**
 * Marks whose contract the chain knows: a record names a contract by its id too. A denial of one that was never
 * presented goes on standing as a mark.
 */
const recordable = (intent: Intent): Mark[] =>
  intent.marks.legible.filter(
    (mark) => "identityId" in mark || contractOf(intent, mark) !== undefined,
  );

const targetOf = (mark: Mark): Target =>
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

function markDrafts(intent: Intent, mark: Mark, trust: TrustSnapshot): RecordDraft[] {
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

function markedEnd(
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

const garbageEnd = (identity: IdentityView, now: number): RecordDraft => {
  const why = "a mark that nobody signed denies it";
  return {
    ...endedDraft(identity, "evidenceFailed", "IDENTITY_REVOKED", why, toInstant(now)),
    accusesNobody: true,
  };
};

const illegibleDrafts = ({ state }: Intent): RecordDraft[] => {
  const bound = [...state.contracts].flatMap(([digest, { bound }]) =>
    bound === undefined ? [] : [{ id: bound.contractId, digest }],
  );
  return bound.length === 0 ? [unsignedMarkDraft(undefined)] : bound.map(unsignedMarkDraft);
};

function limitOn(identity: IdentityView, limits: Limits): RefusalCode | undefined {
  if (limits.isPlaneHalted) return "PLANE_HALTED";
  if (limits.keys.has(identity.executor)) return "KEY_REVOKED";
  return identity.actor !== undefined && limits.actors.has(identity.actor)
    ? "AGENT_HALTED"
    : undefined;
}

/** Denials that have reached the adapter: nothing that was begun on this chain can be running any more. */
const acknowledged = ({ state }: Intent, asked: readonly string[], now: number): RecordDraft[] =>
  inFlight([...state.identities.values()], now) > 0
    ? []
    : [...state.unreached, ...asked].map((requestedAt) =>
        acknowledgedDraft("adapter", requestedAt, now),
      );

/** Looks at the targets of executions whose outcome nobody recorded; what cannot be seen is told as that. */
async function reconcile(
  deps: SweepDeps,
  intent: Intent,
  trust: TrustSnapshot,
): Promise<ReadonlyMap<string, Reconciled>> {
  const lost = [...intent.state.identities.values()].filter(
    (identity) => overdue(identity, deps.clock()) === "executionLost",
  );
  const seen = await Promise.all(
    lost.map(
      async ({ identityId }) =>
        [identityId, await lookAt(deps, intent, trust, identityId)] as const,
    ),
  );
  return new Map(seen);
}

async function lookAt(
  deps: SweepDeps,
  { records }: Intent,
  trust: TrustSnapshot,
  identityId: string,
): Promise<Reconciled> {
  const operation = recordedOperation(
    records.map(({ record }) => record),
    identityId,
  );
  const governed = trust.policy.actions.find(({ action }) => action === operation?.action);
  const descriptor = operation && deps.descriptorOf(operation.action);
  if (operation === undefined || governed === undefined || descriptor === undefined)
    return "unseen";
  try {
    const credentials = await deps.readerCredentials(governed.readerRoleArn, descriptor.family);
    const seen = await readBack(descriptor, operation, { ...targetPlace(deps), credentials });
    if (seen === undefined) return "unseen";
    return seen.matches ? "matches" : "differs";
  } catch {
    return "unseen";
  }
}
