import { isDeepStrictEqual } from "node:util";
import { present } from "../../encoding/present.ts";
import { standingOf } from "../../evidence/block-tree.ts";
import { intentIdOf } from "../../evidence/chain.ts";
import type { EventType } from "../../evidence/events.ts";
import { contractView } from "../../evidence/intent-state.ts";
import type { Append, AppendResult, TakenKey } from "../../evidence/ports.ts";
import { type Spooled, spoolText } from "../../evidence/spool.ts";
import { spoolKey } from "../../lifecycle/break-glass.ts";
import { type Mark, readMarks } from "../../lifecycle/mark.ts";
import { Fault, isRefusal } from "../../refusal.ts";
import type { PlaneDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import { type Intent, readIntent, type Spool } from "../read/intent.ts";
import { readTrust } from "../read/registry.ts";
import { judgeExpiry, sameHead } from "../read/trust-snapshot.ts";
import { keysOfStep } from "../records/intent-keys.ts";
import { seenOf, store } from "./store.ts";

/** Milliseconds for which a store may fail before evidence that is in the spool is enough (PROTOCOL.md §10). */
const PATIENCE = 3_000;
const LONGEST_WAIT = 500;

/** How a transaction of an emergency is written. */
export interface Spooling {
  /** Whether the emergency's policy lets its evidence be spooled, as it is now. */
  readonly isOn: boolean;
  /** Whether authority hangs on it: then nothing may have changed where it is gone past a fault. */
  readonly isBarrier: boolean;
}

/** What came of it; `behind`: what is spooled and not stored, the transaction itself among it. */
export type SpooledResult =
  | { readonly result: "appended"; readonly spool: Spool }
  | { readonly result: Exclude<AppendResult, "appended"> };

/**
 * Stores what was spooled before, byte for byte, and then an own transaction, which is put into the spool first where that is
 * on. A store that fails for as long as anybody waits is gone past: the object is there, and whoever reads the chain next
 * stores it. A lost condition never is, unless to the very transaction.
 */
export async function storeSpooled<Deps extends PlaneDeps>(
  judgement: Judgement<Deps>,
  intent: Intent & { readonly spool: Spool },
  step: Append,
  { isOn, isBarrier }: Spooling,
): Promise<SpooledResult> {
  const { deps } = judgement;
  const { policy } = intent.spool;
  const lost = isOn ? await spoolFirst(deps, policy, step) : undefined;
  if (lost !== undefined) return { result: lost };
  const rest = [...intent.spool.behind];
  const until = isOn ? deps.clock() + PATIENCE : undefined;
  const result = await storeUntil(deps, intent, rest, step, until);
  if (result === "appended") return { result, spool: { ...intent.spool, behind: [] } };
  const isFault = result instanceof Fault;
  if (!isFault && (!isOn || result !== "conflict")) return { result };
  const behind = isFault ? [...rest, spooledOf(step)] : await standing(judgement, intent, step);
  if (behind === undefined) return { result: "conflict" };
  if (isBarrier && !(await isAsRead(judgement, intent, step))) {
    throw isFault ? result : new Fault("EVIDENCE_STORE_UNAVAILABLE", "the chain has moved since");
  }
  return { result: "appended", spool: { ...intent.spool, behind } };
}

const spooledOf = ({ from, to, rows }: Append): Spooled => ({ from, to, rows });

/**
 * Who reads the chain stores what is in the spool, and a store whose answer was lost has done so too: the next try then
 * finds its condition lost to its own rows. @returns what is still behind up to them; nothing where they do not stand.
 */
async function standing<Deps extends PlaneDeps>(
  judgement: Judgement<Deps>,
  { chainId, spool: { policy: breakGlass } }: Intent & { readonly spool: Spool },
  { to }: Append,
): Promise<Spool["behind"] | undefined> {
  const trust = judgement.requireTrust();
  const now = await readIntent(judgement.deps, chainId, trust, { breakGlass });
  if (isRefusal(now) || !hasRecord(now, to)) return undefined;
  return now.spool?.behind.filter(({ from }) => from.seq < to.seq);
}

const hasRecord = ({ records }: Intent, { seq, hash }: Append["to"]): boolean =>
  records[seq - 1]?.hash === hash;

/** Puts a transaction in its place. @returns why it is not there, if it is not. */
async function spoolFirst(
  deps: PlaneDeps,
  policy: string,
  step: Append,
): Promise<Exclude<AppendResult, "appended"> | undefined> {
  const taken = await takenKey(deps, step);
  if (taken !== undefined) return { taken };
  return (await isPut(deps, policy, step)) ? undefined : "conflict";
}

/** Stores what is behind and then a step. @returns the fault, if it has lasted until then; milliseconds. */
async function storeUntil(
  deps: PlaneDeps,
  intent: Intent,
  rest: Spooled[],
  step: Append,
  until: number | undefined,
): Promise<AppendResult | Fault> {
  const untold = untoldMarks(intent);
  // What goes with the transactions before does not come back with the own one.
  const marksLeft = step.marksLeft?.filter(
    (mark) => untold === undefined || untold.some((each) => isDeepStrictEqual(each, mark)),
  );
  for (;;) {
    try {
      if (!(await storeBehind(deps, intent, rest))) return "conflict";
      return await store(deps, { ...step, ...present({ marksLeft }) });
    } catch (fault) {
      if (until === undefined || !(fault instanceof Fault)) throw fault;
      if (deps.clock() >= until) return fault;
      await deps.sleep(LONGEST_WAIT * (1 + deps.random()));
    }
  }
}

/** A key that somebody else holds already: what is spooled is to be stored, and could not be. */
async function takenKey(
  { registry }: PlaneDeps,
  { keys = [] }: Append,
): Promise<TakenKey | undefined> {
  if (keys.length === 0) return undefined;
  const places = keys.map(({ pk, sk }) => ({ pk, sk }));
  const { values } = await registry.readHeads({ known: 0, keys: places });
  return keys.find(({ value }, index) => ![undefined, value].includes(values[index]));
}

/** Whether the place is this transaction's: taken now, or by an earlier try whose answer was lost. */
async function isPut(
  { breakGlass }: PlaneDeps,
  policy: string,
  { chainId, rows }: Append,
): Promise<boolean> {
  const key = spoolKey(policy, intentIdOf(chainId), rows[0]?.seq ?? 0);
  const text = spoolText(rows);
  if (await breakGlass.putIfAbsent(key, text)) return true;
  const found = await breakGlass.read(key);
  return found.length === 1 && found[0] === text;
}

/** Stores what an intent's table lacks, taking it from the list. @returns whether nobody was faster. */
async function storeBehind(deps: PlaneDeps, intent: Intent, rest: Spooled[]): Promise<boolean> {
  const { chainId, records, marks } = intent;
  for (let next = rest[0]; next !== undefined; next = rest[0]) {
    const step = {
      chainId,
      ...next,
      marked: marks.stored.marked,
      ...present({ marksLeft: untoldMarks(intent) }),
      seen: seenOf(intent, deps.clock()),
    };
    const stored = await store(deps, { ...step, keys: keysOfStep(chainId, records, next) });
    // State is a second witness: what stands in evidence does not hang on it.
    const result = typeof stored === "object" ? await store(deps, step) : stored;
    if (result !== "appended") return false;
    rest.shift();
  }
  return true;
}

/**
 * Whoever stores a transaction takes the marks away that it records, as its own writer would have: else they would be owed
 * for ever. @returns those that are left, if any are taken.
 */
function untoldMarks({ state, records, marks }: Intent): readonly Mark[] | undefined {
  if (marks.isIllegible) return undefined;
  const said = new Set<unknown>(
    records.flatMap(({ record: { event, detail } }) => {
      if (event.type === "RevocationRequested") return [detail["command"]];
      return event.type === "DecisionSuperseded" ? [detail["decision"]] : [];
    }),
  );
  const hasEnded = (mark: Mark): boolean => {
    if ("identityId" in mark) return state.identities.get(mark.identityId)?.end !== undefined;
    const { ended, tree } = contractView(state, mark.contractDigest);
    return (
      ended !== undefined || ("block" in mark && standingOf(tree, mark.block)?.ended !== undefined)
    );
  };
  const left = marks.legible.filter(
    (mark) => !(hasEnded(mark) && (mark.by === undefined || said.has(mark.by))),
  );
  return left.length < marks.legible.length ? left : undefined;
}

/** The same for whoever writes nothing of its own. @returns the intent with all of it stored; none if somebody was faster. */
export async function mergeSpooled(deps: PlaneDeps, intent: Intent): Promise<Intent | undefined> {
  if (intent.spool === undefined || intent.spool.behind.length === 0) return intent;
  const isStored = await storeBehind(deps, intent, [...intent.spool.behind]);
  if (!isStored) return undefined;
  const { marked, marks } = intent.marks.stored;
  const left = present({ marked, marks: untoldMarks(intent) ?? marks });
  return { ...intent, marks: readMarks(left), spool: { ...intent.spool, behind: [] } };
}

/** Records that tell of somebody's request and change nothing for what was granted before. */
const HARMLESS: ReadonlySet<EventType> = new Set([
  "IdentityRequested",
  "IdentityDenied",
  "RetryDeduplicated",
  "RefusalsCounted",
]);

/**
 * Nothing denies what has come since the transaction was judged: no mark, no record, no change of the Registry. What would
 * have lost the condition of a store that answers must not be missed because none does.
 */
async function isAsRead<Deps extends PlaneDeps>(
  judgement: Judgement<Deps>,
  { chainId, marks, spool }: Intent & { readonly spool: Spool },
  { to }: Append,
): Promise<boolean> {
  const { deps } = judgement;
  const known = judgement.requireTrust();
  const [now, { trust }] = await Promise.all([
    readIntent(deps, chainId, known, { breakGlass: spool.policy }),
    readTrust(deps),
  ]);
  return (
    !isRefusal(now) &&
    hasRecord(now, to) &&
    now.records.slice(to.seq).every(({ record }) => HARMLESS.has(record.event.type)) &&
    isDeepStrictEqual(now.marks.stored, marks.stored) &&
    !isRefusal(trust) &&
    sameHead(trust.head, known.head) &&
    judgeExpiry(trust, deps.clock()) === undefined
  );
}
