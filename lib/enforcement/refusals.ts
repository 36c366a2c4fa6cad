import { toInstant } from "../clock.ts";
import { type ChainHead, genesisHead, unattributedChain } from "../evidence/chain.ts";
import { contractView } from "../evidence/fold.ts";
import { openLast } from "../evidence/open.ts";
import type { RecordDraft, Verdict } from "../evidence/record.ts";
import { Fault, failureDomain, isRefusal, type Refusal, type Stage } from "../refusal.ts";
import { type RefusedAnswer, refusedAnswer, repeatable } from "./answer.ts";
import { appendToIntent, type Batch, backOff, Stop, sealBatch, store } from "./append.ts";
import type { Course } from "./course.ts";
import type { PlaneDeps } from "./deps.ts";
import type { Intent } from "./intent.ts";
import { readTrust } from "./registry.ts";
import type { TrustSnapshot } from "./trust-snapshot.ts";
import { outcomeOf } from "./verdict-outcome.ts";

/** Refusals a minute that are written one by one while nobody is verified yet (wire.md §5). */
const SINGLE_PER_MINUTE = 20;
/** Refusals of one contract that are written one by one; and the length of a chain beyond which none is. */
const SINGLE_PER_CONTRACT = 20;
const CHAIN_CEILING = 120;

/** A refusal with the stage that it belongs to and the checks that led to it. */
export interface Denial {
  readonly refusal: Refusal;
  readonly stage: Stage;
  readonly checkNames: readonly string[];
}

export const verdictOf = (course: Course, { refusal, stage, checkNames }: Denial): Verdict => ({
  outcome: outcomeOf(refusal),
  code: refusal.code,
  stage,
  failureDomain: failureDomain(refusal.code),
  checks: course.checks(checkNames),
});

export const placeOf = (refusal: Refusal): { reason: string; pointer?: string } => {
  const { detail, pointer } = repeatable(refusal);
  return pointer === undefined ? { reason: detail } : { reason: detail, pointer };
};

/** The last records of a refused request; stage `proof` and stage `scope` add their own before `IdentityDenied`. */
export function denialDrafts(course: Course, denial: Denial): RecordDraft[] {
  const verdict = verdictOf(course, denial);
  const detail = placeOf(denial.refusal);
  const rejected: RecordDraft = { type: "ProofRejected", verdict, detail };
  const violation: RecordDraft = { type: "ViolationDetected", verdict, detail };
  const denied: RecordDraft = { type: "IdentityDenied", verdict, detail };
  if (denial.stage === "proof") return [rejected, denied];
  return denial.stage === "scope" ? [rejected, violation, denied] : [denied];
}

/** What a counter counts: refusals of somebody unverified or of a contract, or honest retries of one grant. */
export interface CountScope {
  readonly name: string;
  readonly retriesOf?: string;
}

/** A sum that an unsigned counter in State kept: evidence of how many, never of who. */
const countedDraft = ({ name, retriesOf }: CountScope, count: number): RecordDraft => ({
  type: "RefusalsCounted",
  verdict: { outcome: retriesOf === undefined ? "DENY" : "ALLOW" },
  detail: { scope: name, count, basis: "unsigned counter" },
  accusesNobody: true,
  ...(retriesOf !== undefined && { about: { identity: { id: retriesOf } } }),
});

const minuteOf = (course: Course): number => Math.floor(course.now / 60_000);

/**
 * Answers a refusal and leaves its evidence. Evidence that cannot be written changes nothing about the answer,
 * except that it names none: a refusal needs no permission to be one.
 */
export async function answerRefusal(
  course: Course,
  denial: Denial,
  record: () => Promise<RefusedAnswer["evidence"]>,
): Promise<RefusedAnswer> {
  const answer = refusedAnswer(denial.refusal, denial.stage);
  try {
    const evidence = await record();
    return evidence === undefined ? answer : { ...answer, evidence };
  } catch {
    return answer;
  } finally {
    course.enter(denial.stage);
  }
}

/** Records a refusal before the executor is verified, on a chain that accuses nobody; floods are counted. */
export async function recordUnattributed(
  deps: PlaneDeps,
  course: Course,
  own: readonly RecordDraft[],
): Promise<RefusedAnswer["evidence"]> {
  const scope = "unattributed";
  const { single, unwritten } = await deps.counter.count(
    scope,
    minuteOf(course),
    SINGLE_PER_MINUTE,
  );
  if (!single) return undefined;
  const counted = unwritten > 0;
  const drafts = [...(counted ? [countedDraft({ name: scope }, unwritten)] : []), ...own];
  const chainId = unattributedChain(toInstant(course.now).slice(0, 10), course.eventDigest);
  const batch: Batch = { drafts, ...(counted && { settle: { scope, count: unwritten } }) };
  const trust = await sealingTrust(deps, course);
  for (let attempt = 0; ; attempt++) {
    const where = { chainId, head: await tailOf(deps, chainId, trust) };
    const { append } = await sealBatch(deps, course, where, batch, trust.policy);
    if ((await store(deps, append)) === "appended") return { chainId, seq: append.to.seq };
    await backOff(deps, course, attempt);
  }
}

/**
 * Under which policy a refusal is sealed: the one that this course read, else the one that its process read last, else
 * the one that is read for it. Without any, nobody could verify the record, and it is not written (wire.md §5).
 */
async function sealingTrust(deps: PlaneDeps, course: Course): Promise<TrustSnapshot> {
  const known = course.trust ?? deps.memory.trust;
  if (known !== undefined) return known;
  const { trust } = await readTrust(deps);
  if (isRefusal(trust)) throw new Fault("EVIDENCE_SIGNER_UNAVAILABLE", trust.detail);
  return trust;
}

/**
 * The head of a chain, if its last record really is it and is sealed: nothing is appended to a chain that does not
 * hold. Somebody with table access alone must not make sealed records follow a forged one.
 */
async function tailOf(
  { evidence, plane }: PlaneDeps,
  chainId: string,
  { keys }: TrustSnapshot,
): Promise<ChainHead> {
  const { rows, head } = await evidence.readTail(chainId);
  const known = head ?? genesisHead(plane.id, chainId);
  const last = rows.at(-1);
  if (last === undefined && known.seq === 0) return known;
  const opened = last && openLast(last, { plane: plane.id, chainId, keys });
  const holds =
    typeof opened === "object" &&
    opened.record.chain.seq === known.seq &&
    opened.hash === known.hash;
  if (!holds) throw new Fault("EVIDENCE_STORE_UNAVAILABLE", `${chainId} does not end in its head`);
  return known;
}

/**
 * Records a refusal of a verified executor on the intent's chain; too many of one contract are counted.
 * `onTaken`: what to make of a key that the records would have taken, and somebody else holds. `isDenial`: the
 * records end authority, so they are written however many there are.
 */
export async function recordOnIntent(
  deps: PlaneDeps,
  course: Course,
  start: Intent,
  batchOf: (intent: Intent) => Batch,
  onTaken: () => Refusal,
  isDenial: (intent: Intent) => boolean = () => false,
): Promise<RefusedAnswer["evidence"]> {
  const digest = course.about.contract?.digest;
  if (digest === undefined) throw new TypeError("a verified executor has a contract");
  const isCounted = (intent: Intent): boolean =>
    !isDenial(intent) &&
    (contractView(intent.state, digest).refusals >= SINGLE_PER_CONTRACT ||
      intent.state.head.seq >= CHAIN_CEILING);
  const single = await appendToIntent<Intent>(deps, course, start, {
    prepare: (intent) => (isCounted(intent) ? new Stop(intent) : batchOf(intent)),
    onTaken,
  });
  if (isRefusal(single)) return undefined;
  if (!(single instanceof Stop)) return placeIn(single);
  const counted = await countOnIntent(deps, course, single.value, {
    name: `refusals/${digest}`,
  });
  return counted && placeIn(counted);
}

const placeIn = ({ chainId, state }: Intent): { chainId: string; seq: number } => ({
  chainId,
  seq: state.head.seq,
});

/**
 * Counts what is not written singly in a scope; the first of a later minute writes the sum so far.
 * @returns the intent with that record, or `undefined` when this one is only counted.
 */
export async function countOnIntent(
  deps: PlaneDeps,
  course: Course,
  intent: Intent,
  scope: CountScope,
): Promise<Intent | undefined> {
  const { unwritten } = await deps.counter.count(scope.name, minuteOf(course), 0);
  if (unwritten === 0 || intent.state.head.seq >= CHAIN_CEILING) return undefined;
  const batch = {
    drafts: [countedDraft(scope, unwritten)],
    settle: { scope: scope.name, count: unwritten },
  };
  const result = await appendToIntent<never>(deps, course, intent, {
    prepare: () => batch,
  });
  return isRefusal(result) || result instanceof Stop ? undefined : result;
}
