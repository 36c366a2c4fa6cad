import { toInstant } from "../../clock.ts";
import {
  type ChainHead,
  chainRecords,
  headAfter,
  type PlacedRecord,
} from "../../evidence/chain.ts";
import type { Append, AppendResult, Settlement, TakenKey } from "../../evidence/ports.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import { Fault, isRefusal } from "../../refusal.ts";
import type { TrustPolicy } from "../../trust/policy.ts";
import type { IssueDeps, PlaneDeps } from "../deps.ts";
import type { Failure, Judgement } from "../judgement.ts";
import { extendIntent, type Intent, readIntent } from "../read/intent.ts";
import { brokenChain } from "../stages/executor.ts";
import { requireSigner, sealUnder } from "./seal.ts";
import { type SpooledResult, storeSpooled } from "./spool.ts";
import { seenOf, store } from "./store.ts";

/** Milliseconds kept free before the function's end, so that the answer still leaves. */
const RESERVE = 2_000;
/** Milliseconds: the first and the longest wait after a lost condition; doubled in between, with full jitter. */
const FIRST_WAIT = 20;
const LONGEST_WAIT = 3_000;

/** Records for one transaction, with what else it takes. */
export interface Batch extends Pick<Append, "marksLeft"> {
  readonly drafts: readonly RecordDraft[];
  readonly keys?: readonly TakenKey[];
  readonly settle?: Settlement;
}

/** Where records go: a chain, the head that they follow, and the counter of marks that was read with it. */
export interface Tail {
  readonly chainId: string;
  readonly head: ChainHead;
  readonly marked: unknown;
}

/** Chains drafts behind a head; their time is the moment of writing. */
function place<Deps extends PlaneDeps>(
  { deps, source, about, eventDigest }: Judgement<Deps>,
  { chainId, head }: Tail,
  drafts: readonly RecordDraft[],
): PlacedRecord[] {
  return chainRecords(drafts, head, {
    plane: deps.plane.id,
    chainId,
    source,
    at: toInstant(deps.clock()),
    about,
    eventDigest,
    newId: deps.newId,
  });
}

/** Records that are sealed under a policy, as one step of their chain. */
interface Sealed {
  readonly records: readonly PlacedRecord[];
  readonly append: Append;
}

/**
 * Chains one batch behind a head that was read, and seals it by one signature.
 * @param until milliseconds: how long the evidence key must stay good, beyond now.
 * @throws {Fault} `EVIDENCE_SIGNER_UNAVAILABLE`.
 */
export async function sealBatch<Deps extends PlaneDeps>(
  judgement: Judgement<Deps>,
  tail: Tail,
  { drafts, ...also }: Batch,
  policy: TrustPolicy,
  until?: number,
): Promise<Sealed> {
  const { deps } = judgement;
  const records = place(judgement, tail, drafts);
  // The time of the records themselves: by that their key is judged for ever.
  const from = Math.min(...records.map(({ record }) => Date.parse(record.event.at)));
  const rows = await sealUnder(deps, policy, records, { from, until });
  const { chainId, head, marked } = tail;
  const to = headAfter(records, head);
  return { records, append: { chainId, from: head, marked, to, rows, ...also } };
}

/** What came of an append: it is durable, or was settled without writing, or refused. */
export type Appended<T> =
  | { readonly kind: "appended"; readonly intent: Intent }
  | Settled<T>
  | Refused;

export interface Settled<T> {
  readonly kind: "settled";
  readonly value: T;
}

export interface Refused {
  readonly kind: "refused";
  readonly failure: Failure;
}

export const settled = <T>(value: T): Settled<T> => ({ kind: "settled", value });
export const refused = (failure: Failure): Refused => ({ kind: "refused", failure });
/** A batch to be written. */
export const ready = (batch: Batch): { readonly kind: "ready"; readonly batch: Batch } => ({
  kind: "ready",
  batch,
});

type Prepared<T> = ReturnType<typeof ready> | Settled<T> | Refused;

/** What an append to an intent needs, judged for the intent as it stands. */
export interface Appending<T> {
  readonly prepare: (intent: Intent) => Prepared<T>;
  /** Runs beside the sealing; a failure stops the append. */
  readonly meanwhile?: () => Promise<Failure | undefined>;
  /** Runs when everything is sealed and nothing is stored; a failure stops the append. */
  readonly justBefore?: () => Promise<Failure | undefined>;
  /** What to make of a key that somebody else holds. */
  readonly onTaken?: (key: TakenKey) => Failure;
  /** Milliseconds: how long the evidence key must stay good, beyond now. */
  readonly until?: number;
  /** Whether authority hangs on it. Default false. */
  readonly isBarrier?: boolean;
}

/**
 * Appends to an intent chain. After a lost condition: reread, fold, prepare again, with jitter, until shortly
 * before the function ends, so contention alone never refuses an honest caller.
 * @throws {Fault} `EVIDENCE_STORE_UNAVAILABLE`, `EVIDENCE_SIGNER_UNAVAILABLE`.
 */
export async function appendToIntent<T, Deps extends PlaneDeps = IssueDeps>(
  judgement: Judgement<Deps>,
  start: Intent,
  { prepare, meanwhile, justBefore, onTaken, until, isBarrier = false }: Appending<T>,
): Promise<Appended<T>> {
  const { deps } = judgement;
  let intent = start;
  for (let attempt = 0; ; attempt++) {
    const prepared = prepare(intent);
    if (prepared.kind !== "ready") return prepared;
    const { chainId, state, marks } = intent;
    const tail = { chainId, head: state.head, marked: marks.stored.marked };
    const { policy } = judgement.requireTrust();
    const [sealed, failure] = await both(
      sealBatch(judgement, tail, prepared.batch, policy, until),
      meanwhile?.(),
    );
    if (failure !== undefined) return refused(failure);
    const { records, append } = sealed();
    // A trust policy that came meanwhile may have ended the key.
    await requireSigner(deps, judgement.requireTrust().policy, { from: deps.clock(), until });
    const hindrance = await justBefore?.();
    if (hindrance !== undefined) return refused(hindrance);
    const extended = extendIntent(intent, records, append.marksLeft);
    const step = { ...append, seen: seenOf(extended, deps.clock()) };
    const { result, ...stored } = await write(judgement, intent, step, isBarrier);
    if (result === "appended") return { kind: "appended", intent: { ...extended, ...stored } };
    if (result !== "conflict" && onTaken !== undefined) return refused(onTaken(result.taken));
    await backOff(judgement, attempt);
    const trust = judgement.requireTrust();
    const reread = await readIntent(deps, intent.chainId, trust, { opened: intent });
    if (isRefusal(reread)) return refused(brokenChain(reread));
    intent = reread;
  }
}

/** Stores a step; of an emergency behind what is spooled, and where its policy says so in the spool first. */
async function write<Deps extends PlaneDeps>(
  judgement: Judgement<Deps>,
  { spool, ...intent }: Intent,
  step: Append,
  isBarrier: boolean,
): Promise<SpooledResult | { readonly result: AppendResult }> {
  if (spool === undefined) return { result: await store(judgement.deps, step) };
  const { breakGlass } = judgement.requireTrust().policy;
  const isOn =
    spool.isOther !== true &&
    breakGlass.some(({ id, spool: isSpooled }) => id === spool.policy && isSpooled === true);
  return storeSpooled(judgement, { ...intent, spool }, step, { isOn, isBarrier });
}

/** Both to their ends: what was seen beside a sealing decides, also if the sealing failed before. */
async function both<T, U>(work: Promise<T>, beside: U): Promise<readonly [() => T, Awaited<U>]> {
  const [done, seen] = await Promise.allSettled([work, beside]);
  if (seen.status === "rejected") throw seen.reason;
  const result = (): T => {
    if (done.status === "rejected") throw done.reason;
    return done.value;
  };
  return [result, seen.value];
}

/** Waits before the next try, or gives up when the function is about to end. */
export async function backOff<Deps extends PlaneDeps>(
  { deps, invocation }: Judgement<Deps>,
  attempt: number,
): Promise<void> {
  const ceiling = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt);
  const wait = ceiling * deps.random();
  if (deps.clock() + wait + RESERVE > invocation.deadline) {
    throw new Fault(
      "EVIDENCE_STORE_UNAVAILABLE",
      "the chain stayed contended until the function's end",
    );
  }
  await deps.sleep(wait);
}
