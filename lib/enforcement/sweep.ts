import { present } from "../encoding/present.ts";
import { intentIdOf } from "../evidence/chain.ts";
import type { PointName } from "../evidence/details.ts";
import type { EvidenceRecord, RecordOf } from "../evidence/record.ts";
import { Fault, isRefusal, type Refusal, refusalOf } from "../refusal.ts";
import { type RefusedAnswer, refusedAnswer } from "./answer.ts";
import { appendToIntent, ready, settled } from "./barriers/append.ts";
import { sideBySide } from "./barriers/side-by-side.ts";
import { mergeSpooled } from "./barriers/spool.ts";
import { seenOf } from "./barriers/store.ts";
import { settleOwed } from "./commands/owed.ts";
import type { Invocation, SweepDeps } from "./deps.ts";
import { Judgement } from "./judgement.ts";
import { reachIam } from "./points/reach.ts";
import { type Intent, readIntent } from "./read/intent.ts";
import { readTrust } from "./read/registry.ts";
import { readSpeakers } from "./read/speakers.ts";
import type { TrustSnapshot } from "./read/trust-snapshot.ts";
import { settleUnattributed } from "./refused/flood.ts";
import { type Order, point } from "./stage.ts";
import { chainsToSweep, leaveFor, settleLonger } from "./sweeping/chains.ts";
import { draftsFor } from "./sweeping/drafts.ts";
import { acknowledgeHalts } from "./sweeping/halts.ts";
import { type Levels, levelsOf, owedOn, owedUnread, storedLevels } from "./sweeping/levels.ts";
import { recordable } from "./sweeping/marks.ts";
import { reconcile } from "./sweeping/reconcile.ts";
import { sweepReviews } from "./sweeping/reviews.ts";
import { sweepRoles } from "./sweeping/roles.ts";
import { haveMerged, spoolsToSweep } from "./sweeping/spools.ts";

type Judging = Judgement<SweepDeps>;

const SWEPT = point("evidence", "swept");
const SWEEP_ORDER: Order = [SWEPT];

/** A denial that was recorded as having reached a point, and how long that took. */
interface ReachedPoint {
  readonly point: PointName;
  readonly milliseconds: number;
}

/** What one run did. */
export interface Swept {
  readonly ok: true;
  /** Chains that were looked at. */
  readonly chains: number;
  /** Chains that records were written to. */
  readonly written: number;
  /**
   * Chains that could not be read or written, or that no time was left for; roles that IAM was not told of; and 1 where
   * not every chain could be listed. All of it is tried again.
   */
  readonly failed: number;
  /** The first of the chains that failed, for whoever looks. */
  readonly failing: readonly string[];
  /** Transactions of emergencies that stood in the spool alone. */
  readonly spooled: number;
  /** Whether all chains were listed and looked at; what failed at one of them keeps no run from being whole. */
  readonly isWhole: boolean;
  /** Denials that this run has recorded as having reached a point. */
  readonly reached: readonly ReachedPoint[];
  readonly levels: Levels;
}

/** A run that looked at no chain, because what it needs before that is not there. */
export type Unswept = RefusedAnswer & { readonly levels?: Levels };

/** Chains that a run names. */
const NAMED = 5;

/**
 * Does what is due and nobody else has done (PROTOCOL.md §10): records owed for marks, ends of windows, of invocations
 * that were lost, of identities whose actor, key or plane was halted or whose policy was replaced. Its event is not read.
 * Reads back what may have been done, and never does it again. A chain that fails keeps no other from its end.
 */
export async function sweep(deps: SweepDeps, invocation: Invocation): Promise<Swept | Unswept> {
  const done = await round(deps, invocation).catch(refusalOfFault);
  if (!isRefusal(done)) return done;
  const levels = await storedLevels(deps);
  return { ...refusedAnswer({ stage: "execution", refusal: done }), ...present({ levels }) };
}

/** What nobody foresaw is the function's to tell. */
function refusalOfFault(fault: unknown): Refusal {
  if (fault instanceof Fault) return refusalOf(fault);
  throw fault;
}

async function round(deps: SweepDeps, invocation: Invocation): Promise<Swept | Refusal> {
  const judging = (about: unknown): Judging => new Judgement(deps, invocation, SWEEP_ORDER, about);
  // First, and whatever else holds: IAM is told without evidence and without trust that holds as a whole.
  const speakers = await readSpeakers(deps);
  const lacking = isRefusal(speakers) ? 0 : await sweepRoles(judging({}), speakers.published);
  const unsettled = await settleOwed(judging("sweep"));
  if (unsettled !== undefined) return unsettled;
  const { trust } = await readTrust(deps);
  if (isRefusal(trust)) return trust;
  const { chains: due, isSettling, isPartial } = await chainsToSweep(deps, trust);
  const spools = await spoolsToSweep(deps);
  const chains = [...new Set([...(spools?.keys() ?? []), ...due])];
  const sweepOne = async (chainId: string): Promise<Result> => {
    const judgement = judging({ chainId });
    judgement.believe(trust);
    const policy = spools?.get(chainId)?.policy;
    const done = await sweepChain(judgement, chainId, trust, policy).catch(failedBy);
    return { chainId, ...done, owed: done.owed ?? (await owedUnread(deps, chainId)) };
  };
  // What it has no time for is left to the next run: a function that is stopped would forget it.
  const hasTime = () => deps.clock() + RESERVE < invocation.deadline;
  const { done: results, left } = await sideBySide(chains, sweepOne, hasTime);
  const judgement = judging({});
  judgement.believe(trust);
  await settleUnattributed(judgement).catch(failedBy);
  const reviews = await sweepReviews(judging, deps, trust);
  const ofHalts = isSettling ? await acknowledgeHalts(judgement) : [];
  if (ofHalts === undefined) settleLonger(deps);
  const failed = results.flatMap(({ what, chainId }) => (what === "failed" ? [chainId] : []));
  leaveFor(deps, [...left, ...failed]);
  const done = results.filter(({ what }) => what !== "failed").map(({ chainId }) => chainId);
  haveMerged(deps, spools ?? new Map(), done);
  const blind = spools === undefined ? 1 : 0;
  const isWhole = left.length === 0 && !isPartial;
  return {
    ok: true,
    chains: results.length,
    written: results.filter(({ what }) => what === "written").length,
    failed: failed.length + left.length + lacking + reviews.failed + blind + (isPartial ? 1 : 0),
    failing: failed.slice(0, NAMED),
    isWhole,
    spooled: results.reduce((sum, { spooled = 0 }) => sum + spooled, 0),
    reached: [...results.flatMap(({ reached }) => reached), ...(ofHalts ?? [])],
    levels: levelsOf(
      (deps.memory.trust ?? trust).restrictions,
      owedBy(results, isWhole),
      reviews.overdue,
    ),
  };
}

/** Marks whose records are late; nothing where some could not be seen. */
function owedBy(results: readonly Result[], isWhole: boolean): number | undefined {
  const owed = results.reduce((sum, each) => sum + (each.owed ?? 0), 0);
  const isKnown = isWhole && results.every((each) => each.owed !== undefined);
  return owed > 0 || isKnown ? owed : undefined;
}

/** A bug that one chain's content brings about is that chain's failure: nobody's rows keep all others from their end. */
const failedBy = (): SweptChain => FAILED;

/** Milliseconds kept for roles, halts and counters, and for the answer. */
const RESERVE = 10_000;

interface Result extends SweptChain {
  readonly chainId: string;
}

interface SweptChain {
  readonly what: "written" | "nothing" | "failed";
  readonly reached: readonly ReachedPoint[];
  /** Marks whose records are late; not known of a chain that failed. */
  readonly owed?: number | undefined;
  /** Transactions that it lacked, and that were spooled. */
  readonly spooled?: number;
}

const FAILED: SweptChain = { what: "failed", reached: [] };

async function sweepChain(
  judgement: Judging,
  chainId: string,
  trust: TrustSnapshot,
  breakGlass: string | undefined,
): Promise<SweptChain> {
  const { deps } = judgement;
  const read = await readIntent(deps, chainId, trust, { breakGlass });
  if (isRefusal(read)) return FAILED;
  const spooled = read.spool?.behind.length ?? 0;
  const start = await mergeSpooled(deps, read);
  if (start === undefined) return FAILED;
  judgement.learn({ intentId: intentIdOf(chainId) });
  const reconciled = await reconcile(deps, start, trust);
  const result = await appendToIntent<Intent, SweepDeps>(judgement, start, {
    prepare: (intent) => {
      const now = deps.clock();
      const drafts = draftsFor(intent, trust, reconciled, now);
      if (drafts.length === 0 || intent.state.head.seq === 0) return settled(intent);
      const told = new Set<unknown>(recordable(intent, now));
      return ready({ drafts, marksLeft: intent.marks.legible.filter((mark) => !told.has(mark)) });
    },
  });
  if (result.kind === "refused") return { what: "nothing", reached: [], spooled };
  const intent = result.kind === "settled" ? result.value : result.intent;
  const after = await reachIam(judgement, intent);
  const { seq } = start.state.head;
  const written = after.records.map(({ record }) => record).filter(({ chain }) => chain.seq > seq);
  if (written.length === 0) await showAnew(deps, after);
  return {
    what: written.length > 0 ? "written" : "nothing",
    reached: written.flatMap(reachedIn),
    owed: owedOn(after, deps.clock()),
    spooled,
  };
}

/**
 * What was due needed no record, such as a contract's end: else it would be due at each run for ever. So is an intent that
 * somebody has invented in State: no record is of it, and it is open no more.
 */
async function showAnew({ open, clock }: SweepDeps, intent: Intent): Promise<void> {
  const { chainId, state, marks } = intent;
  const { marked } = marks.stored;
  await open.show({ chainId, head: state.head, marked, seen: seenOf(intent, clock()) });
}

function reachedIn(record: EvidenceRecord): ReachedPoint[] {
  if (record.event.type !== "RevocationAcknowledged") return [];
  const { point: name, milliseconds } = (record as RecordOf<"RevocationAcknowledged">).detail;
  return [{ point: name, milliseconds }];
}
