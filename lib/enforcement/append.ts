import { toInstant } from "../clock.ts";
import { type ChainHead, chainRecords, headAfter, type UnsignedRecord } from "../evidence/chain.ts";
import { signRecords } from "../evidence/envelope.ts";
import type { OpenRecord } from "../evidence/open.ts";
import type { Append, AppendResult, Settlement, TakenKey } from "../evidence/ports.ts";
import type { RecordDraft } from "../evidence/statement.ts";
import { Fault, isRefusal, type Refusal } from "../refusal.ts";
import type { Course } from "./course.ts";
import type { PlaneDeps } from "./deps.ts";
import { extendIntent, type Intent, readIntent } from "./intent.ts";
import type { TrustSnapshot } from "./trust-snapshot.ts";

/** Milliseconds kept free before the function's end, so that the answer still leaves. */
const RESERVE = 2_000;
/** Milliseconds: the first and the longest wait after a lost condition; doubled in between, with full jitter. */
const FIRST_WAIT = 20;
const LONGEST_WAIT = 3_000;

/** Records for one transaction, with what else it takes. */
export interface Batch {
  readonly drafts: readonly RecordDraft[];
  readonly keys?: readonly TakenKey[];
  readonly settle?: Settlement;
}

/** Chains drafts behind a head; their time is the moment of writing. */
export function place(
  deps: PlaneDeps,
  course: Course,
  chainId: string,
  head: ChainHead,
  drafts: readonly RecordDraft[],
): UnsignedRecord[] {
  return chainRecords(drafts, head, {
    plane: deps.plane.id,
    chainId,
    source: course.source,
    at: toInstant(deps.clock()),
    about: course.about,
    eventDigest: course.eventDigest,
    newId: deps.newId,
  });
}

/** Stores signed records in one transaction. A lost answer is read back before it counts as failed. */
async function store(deps: PlaneDeps, step: Append): Promise<AppendResult> {
  try {
    return await deps.evidence.append(step);
  } catch (fault) {
    if (await isDurable(deps, step)) return "appended";
    throw fault;
  }
}

/** Chains, signs and stores one batch behind a head that was read. */
export async function write(
  deps: PlaneDeps,
  course: Course,
  chainId: string,
  head: ChainHead,
  { drafts, ...also }: Batch,
): Promise<{ readonly records: readonly UnsignedRecord[]; readonly result: AppendResult }> {
  const records = place(deps, course, chainId, head, drafts);
  const rows = await signRecords(records, deps.signer);
  const step = { chainId, from: head, to: headAfter(records, head), rows, ...also };
  return { records, result: await store(deps, step) };
}

async function isDurable(deps: PlaneDeps, step: Append): Promise<boolean> {
  try {
    const { rows } = await deps.evidence.readChain(step.chainId, step.from.seq);
    const [first] = step.rows;
    return (
      first !== undefined &&
      rows.some(({ seq, envelope }) => seq === first.seq && envelope === first.envelope)
    );
  } catch {
    return false;
  }
}

const asOpen = ({ statement, hash }: UnsignedRecord): OpenRecord => ({
  predicate: statement.predicate,
  hash,
});

/** What an append to an intent needs, judged for the intent as it stands; a refusal or a settled value stops it. */
export interface Appending<T> {
  readonly prepare: (intent: Intent) => Batch | Stop<T>;
  /** Runs beside the signing; a refusal stops the append. */
  readonly meanwhile?: () => Promise<Refusal | undefined>;
  /** What to make of a key that somebody else holds. */
  readonly onTaken?: (key: TakenKey) => Refusal;
}

/** A value that ends an append without writing. */
export class Stop<T> {
  readonly value: T;

  constructor(value: T) {
    this.value = value;
  }
}

/**
 * Appends to an intent chain. After a lost condition: reread, fold, prepare again, with jitter, until shortly
 * before the function ends (design.md §2 step 6), so contention alone never refuses an honest caller.
 * @throws {Fault} `EVIDENCE_STORE_UNAVAILABLE`, `EVIDENCE_SIGNER_UNAVAILABLE`.
 */
export async function appendToIntent<T>(
  deps: PlaneDeps,
  course: Course,
  trust: TrustSnapshot,
  start: Intent,
  { prepare, meanwhile, onTaken }: Appending<T>,
): Promise<Intent | Stop<T> | Refusal> {
  let intent = start;
  for (let attempt = 0; ; attempt++) {
    const batch = prepare(intent);
    if (batch instanceof Stop) return batch;
    const { chainId, state } = intent;
    const { drafts, ...also } = batch;
    const records = place(deps, course, chainId, state.head, drafts);
    const [rows, stop] = await Promise.all([signRecords(records, deps.signer), meanwhile?.()]);
    if (stop !== undefined) return stop;
    const to = headAfter(records, state.head);
    const result = await store(deps, { chainId, from: state.head, to, rows, ...also });
    if (result === "appended") return extendIntent(intent, records.map(asOpen));
    if (result !== "conflict" && onTaken !== undefined) return onTaken(result.taken);
    await backOff(deps, course, attempt);
    const reread = await readIntent(deps, chainId, trust, { opened: intent });
    if (isRefusal(reread)) return reread;
    intent = reread;
  }
}

/** Waits before the next try, or gives up when the function is about to end. */
export async function backOff(deps: PlaneDeps, course: Course, attempt: number): Promise<void> {
  const ceiling = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt);
  const wait = ceiling * deps.random();
  if (deps.clock() + wait + RESERVE > course.invocation.deadline) {
    throw new Fault(
      "EVIDENCE_STORE_UNAVAILABLE",
      "the chain stayed contended until the function's end",
    );
  }
  await deps.sleep(wait);
}
