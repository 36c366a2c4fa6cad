import { toInstant } from "../clock.ts";
import { type ChainHead, chainRecords, headAfter, type PlacedRecord } from "../evidence/chain.ts";
import type { Append, AppendResult, Settlement, TakenKey } from "../evidence/ports.ts";
import type { RecordDraft } from "../evidence/record.ts";
import { Fault, isRefusal, type Refusal } from "../refusal.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import type { Course } from "./course.ts";
import type { PlaneDeps } from "./deps.ts";
import { extendIntent, type Intent, readIntent } from "./intent.ts";
import { requireSigner, sealUnder } from "./seal.ts";

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

/** Where records go: a chain, and the head that they follow. */
export interface Place {
  readonly chainId: string;
  readonly head: ChainHead;
}

/** Chains drafts behind a head; their time is the moment of writing. */
function place(
  deps: PlaneDeps,
  course: Course,
  { chainId, head }: Place,
  drafts: readonly RecordDraft[],
): PlacedRecord[] {
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

/** Records that are sealed under a policy, as one step of their chain. */
export interface Sealed {
  readonly records: readonly PlacedRecord[];
  readonly append: Append;
}

/**
 * Chains one batch behind a head that was read, and seals it by one signature.
 * @param until milliseconds: how long the evidence key must stay good, beyond now.
 * @throws {Fault} `EVIDENCE_SIGNER_UNAVAILABLE`.
 */
export async function sealBatch(
  deps: PlaneDeps,
  course: Course,
  where: Place,
  { drafts, ...also }: Batch,
  policy: TrustPolicy,
  until?: number,
): Promise<Sealed> {
  const records = place(deps, course, where, drafts);
  const rows = await sealUnder(deps, policy, records, { from: deps.clock(), until });
  const { chainId, head } = where;
  return { records, append: { chainId, from: head, to: headAfter(records, head), rows, ...also } };
}

/** Stores sealed records in one transaction. A lost answer is read back before it counts as failed. */
export async function store(deps: PlaneDeps, step: Append): Promise<AppendResult> {
  try {
    return await deps.evidence.append(step);
  } catch (fault) {
    if (await isDurable(deps, step)) return "appended";
    throw fault;
  }
}

async function isDurable(deps: PlaneDeps, step: Append): Promise<boolean> {
  try {
    const { rows } = await deps.evidence.readChain(step.chainId, step.from.seq);
    const [first] = step.rows;
    return (
      first !== undefined &&
      rows.some(({ seq, record }) => seq === first.seq && record === first.record)
    );
  } catch {
    return false;
  }
}

/** What an append to an intent needs, judged for the intent as it stands; a refusal or a settled value stops it. */
export interface Appending<T> {
  readonly prepare: (intent: Intent) => Batch | Stop<T>;
  /** Runs beside the sealing; a refusal stops the append. */
  readonly meanwhile?: () => Promise<Refusal | undefined>;
  /** What to make of a key that somebody else holds. */
  readonly onTaken?: (key: TakenKey) => Refusal;
  /** Milliseconds: how long the evidence key must stay good, beyond now. */
  readonly until?: number;
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
  start: Intent,
  { prepare, meanwhile, onTaken, until }: Appending<T>,
): Promise<Intent | Stop<T> | Refusal> {
  let intent = start;
  for (let attempt = 0; ; attempt++) {
    const batch = prepare(intent);
    if (batch instanceof Stop) return batch;
    const where = { chainId: intent.chainId, head: intent.state.head };
    const { policy } = course.requireTrust();
    const [{ records, append }, stop] = await Promise.all([
      sealBatch(deps, course, where, batch, policy, until),
      meanwhile?.(),
    ]);
    if (stop !== undefined) return stop;
    // A trust policy that came meanwhile may have ended the key.
    await requireSigner(deps, course.requireTrust().policy, { from: deps.clock(), until });
    const result = await store(deps, append);
    if (result === "appended") return extendIntent(intent, records);
    if (result !== "conflict" && onTaken !== undefined) return onTaken(result.taken);
    await backOff(deps, course, attempt);
    const reread = await readIntent(deps, intent.chainId, course.requireTrust(), {
      opened: intent,
    });
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
