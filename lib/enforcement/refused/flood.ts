import { toInstant } from "../../clock.ts";
import { CHAIN_CEILING, genesisHead, unattributedChain } from "../../evidence/chain.ts";
import { contractView } from "../../evidence/intent-state.ts";
import { openLast } from "../../evidence/open.ts";
import type { TakenKey } from "../../evidence/ports.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import { Fault, isRefusal, refusalOf } from "../../refusal.ts";
import { type RefusedAnswer, refusedAnswer } from "../answer.ts";
import {
  appendToIntent,
  type Batch,
  backOff,
  ready,
  sealBatch,
  settled,
  type Tail,
} from "../barriers/append.ts";
import { store } from "../barriers/store.ts";
import type { PlaneDeps } from "../deps.ts";
import type { Failure, Judgement } from "../judgement.ts";
import type { Intent } from "../read/intent.ts";
import { readTrust, recentTrust } from "../read/registry.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";

/** Refusals a minute that are written one by one while nobody is verified yet (PROTOCOL.md §5). */
const SINGLE_PER_MINUTE = 20;
/** Refusals of one contract that are written one by one. */
const SINGLE_PER_CONTRACT = 20;

/** What a counter counts: refusals of somebody unverified or of a contract, or honest retries of one grant. */
interface CountScope {
  readonly name: string;
  /** Of retries of a grant: its identity, if it has one. */
  readonly retriesOf?: string;
  /** Of retries of a delegation. */
  readonly isOfRetries?: true;
}

/** A sum that an unsigned counter in State kept: evidence of how many, never of who. */
const countedDraft = (
  { name, retriesOf, isOfRetries }: CountScope,
  count: number,
): RecordDraft => ({
  type: "RefusalsCounted",
  verdict: { outcome: retriesOf === undefined && isOfRetries !== true ? "DENY" : "ALLOW" },
  detail: { scope: name, count, basis: "unsigned counter" },
  accusesNobody: true,
  ...(retriesOf !== undefined && { about: { identity: { id: retriesOf } } }),
});

const minuteOf = (now: number): number => Math.floor(now / 60_000);

/**
 * Answers a refusal and leaves its evidence. Evidence that cannot be written changes nothing about the answer,
 * except that it names none: a refusal needs no permission to be one.
 */
export async function answerRefusal(
  failure: Failure,
  record: () => Promise<RefusedAnswer["evidence"]>,
): Promise<RefusedAnswer> {
  const answer = refusedAnswer(failure);
  try {
    const evidence = await record();
    return evidence === undefined ? answer : { ...answer, evidence };
  } catch {
    return answer;
  }
}

/** Records a refusal before the executor is verified, on a chain that accuses nobody; floods are counted. */
export async function recordUnattributed<Deps extends PlaneDeps>(
  judgement: Judgement<Deps>,
  own: readonly RecordDraft[],
): Promise<RefusedAnswer["evidence"]> {
  const { deps, now } = judgement;
  const minute = minuteOf(now);
  const { single, unwritten } = await deps.counter.count(UNATTRIBUTED, minute, SINGLE_PER_MINUTE);
  return single ? appendUnattributed(judgement, own, unwritten) : undefined;
}

/** The scope of refusals before anybody is verified. */
const UNATTRIBUTED = "unattributed";

/**
 * Writes how many of them were only counted, once their minute is over: after a flood nobody may come whose refusal
 * would say it.
 */
export async function settleUnattributed<Deps extends PlaneDeps>(
  judgement: Judgement<Deps>,
): Promise<void> {
  const { deps, now } = judgement;
  const unwritten = await deps.counter.unwritten(UNATTRIBUTED, minuteOf(now));
  if (unwritten > 0) await appendUnattributed(judgement, [], unwritten);
}

async function appendUnattributed<Deps extends PlaneDeps>(
  judgement: Judgement<Deps>,
  own: readonly RecordDraft[],
  unwritten: number,
): Promise<RefusedAnswer["evidence"]> {
  const scope = UNATTRIBUTED;
  const { deps, now, eventDigest } = judgement;
  const counted = unwritten > 0;
  const drafts = [...(counted ? [countedDraft({ name: scope }, unwritten)] : []), ...own];
  const chainId = unattributedChain(toInstant(now).slice(0, 10), eventDigest);
  const batch: Batch = { drafts, ...(counted && { settle: { scope, count: unwritten } }) };
  const trust = await sealingTrust(judgement);
  for (let attempt = 0; ; attempt++) {
    const tail = { chainId, ...(await tailOf(deps, chainId, trust)) };
    const { append } = await sealBatch(judgement, tail, batch, trust.policy);
    if ((await store(deps, append)) === "appended") return { chainId, seq: append.to.seq };
    await backOff(judgement, attempt);
  }
}

/**
 * Under which policy a refusal is sealed: the one that this course read, else the one that is read for it, or was in
 * force a moment ago. A process that only ever refuses reads no other: what it remembers from long ago may name a key
 * that has ended since, and garbage would make it seal records that nobody can verify. Without any, none is written.
 */
async function sealingTrust<Deps extends PlaneDeps>(
  judgement: Judgement<Deps>,
): Promise<TrustSnapshot> {
  const { deps } = judgement;
  if (judgement.trust !== undefined) return judgement.trust;
  const trust = await readTrust(deps).then(({ trust }) => trust, refusalOf);
  const known = isRefusal(trust) ? recentTrust(deps) : trust;
  if (known === undefined) {
    throw new Fault("EVIDENCE_SIGNER_UNAVAILABLE", "no trust policy says whose seal would count");
  }
  return known;
}

/**
 * The head of a chain, if its last record really is it and is sealed: nothing is appended to a chain that does not
 * hold. Somebody with table access alone must not make sealed records follow a forged one.
 */
async function tailOf(
  { evidence, plane }: PlaneDeps,
  chainId: string,
  { keys }: TrustSnapshot,
): Promise<Omit<Tail, "chainId">> {
  const { rows, head, marks } = await evidence.readTail(chainId);
  const known = head ?? genesisHead(plane.id, chainId);
  const tail = { head: known, marked: marks.marked };
  const last = rows.at(-1);
  if (last === undefined && known.seq === 0) return tail;
  const opened = last && openLast(last, { plane: plane.id, chainId, keys });
  const holds =
    typeof opened === "object" &&
    opened.record.chain.seq === known.seq &&
    opened.hash === known.hash;
  if (!holds) throw new Fault("EVIDENCE_STORE_UNAVAILABLE", `${chainId} does not end in its head`);
  return tail;
}

/** What a verified executor's refusal leaves on its intent's chain. */
export interface Denial {
  readonly batchOf: (intent: Intent) => Batch;
  /** What to make of a key that the records would have taken, and somebody else holds. */
  readonly onTaken: (key: TakenKey) => Failure;
  /** Whether the records end authority: those are written however many there are. */
  readonly isEnding?: (intent: Intent) => boolean;
}

/** Records a refusal of a verified executor on the intent's chain; too many of one contract are counted. */
export async function recordOnIntent<Deps extends PlaneDeps>(
  judgement: Judgement<Deps>,
  start: Intent,
  { batchOf, onTaken, isEnding = () => false }: Denial,
): Promise<RefusedAnswer["evidence"]> {
  const digest = judgement.about.contract?.digest;
  if (digest === undefined) throw new TypeError("a verified executor has a contract");
  const isCounted = (intent: Intent): boolean =>
    !isEnding(intent) &&
    (contractView(intent.state, digest).refusals >= SINGLE_PER_CONTRACT ||
      intent.state.head.seq >= CHAIN_CEILING);
  const single = await appendToIntent<Intent, Deps>(judgement, start, {
    prepare: (intent) => (isCounted(intent) ? settled(intent) : ready(batchOf(intent))),
    onTaken,
  });
  if (single.kind === "refused") return undefined;
  if (single.kind === "appended") return placeIn(single.intent);
  const counted = await countOnIntent(judgement, single.value, { name: `refusals/${digest}` });
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
export async function countOnIntent<Deps extends PlaneDeps>(
  judgement: Judgement<Deps>,
  intent: Intent,
  scope: CountScope,
): Promise<Intent | undefined> {
  const { deps, now } = judgement;
  const { unwritten } = await deps.counter.count(scope.name, minuteOf(now), 0);
  if (unwritten === 0 || intent.state.head.seq >= CHAIN_CEILING) return undefined;
  const batch = {
    drafts: [countedDraft(scope, unwritten)],
    settle: { scope: scope.name, count: unwritten },
  };
  const result = await appendToIntent<never, Deps>(judgement, intent, {
    prepare: () => ready(batch),
  });
  return result.kind === "appended" ? result.intent : undefined;
}
