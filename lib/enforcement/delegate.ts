import { toInstant } from "../clock.ts";
import { designated } from "../continuity/designate.ts";
import type { Digest } from "../encoding/digest.ts";
import type { BlockView, Ending } from "../evidence/block-tree.ts";
import { contractView } from "../evidence/intent-state.ts";
import type { DelegateRequest, ReadRequest, WithdrawRequest } from "../request/request.ts";
import type { RefusedAnswer } from "./answer.ts";
import { type AskedToDelegate, DELEGATED, handOn } from "./barriers/hand-on.ts";
import { WITHDRAWN, withdraw } from "./barriers/withdraw.ts";
import { runCourse } from "./course.ts";
import type { DelegateDeps, Invocation } from "./deps.ts";
import { type Failure, isFailure, Judgement } from "./judgement.ts";
import { aboutChain } from "./read/continuity.ts";
import type { Intent } from "./read/intent.ts";
import { readTrust } from "./read/registry.ts";
import { executorKey } from "./read/state-keys.ts";
import type { World } from "./read/world.ts";
import {
  recordRepeated,
  refuseDelegation,
  refuseUnverifiedDelegation,
} from "./refused/delegation.ts";
import type { Order } from "./stage.ts";
import { REQUEST } from "./stages/admission.ts";
import { DELEGATED_CONTRACT, READ_WORLD } from "./stages/contract.ts";
import {
  ABOVE,
  DELEGATOR,
  DESIGNATE,
  HANDING_ON,
  PARSE_DELEGATE,
  RETRY_DELEGATE,
  RETRY_WITHDRAW,
  ROOM,
} from "./stages/delegation.ts";
import { CONTINUITY, OPEN_CHAIN } from "./stages/executor.ts";
import { PROOF } from "./stages/proof.ts";
import { CONTRACT_STATE, HEAD, LIMITS } from "./stages/state.ts";

type Judging = Judgement<DelegateDeps>;

/** Where the records of an answer stand; `head` is the `recordHash` of the last. */
interface Evidence {
  readonly chainId: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly head: Digest;
}

/** The answer to a delegation that was granted (PROTOCOL.md §4). */
export interface DelegatedAnswer {
  readonly ok: true;
  readonly deduplicated: boolean;
  /** Whole, root first, for the new executor; it is no secret. */
  readonly chain: readonly string[];
  readonly block: {
    readonly digest: Digest;
    readonly depth: number;
    readonly jkt: string;
    readonly agent: string;
    readonly audience: string;
    readonly expiresAt: string;
    readonly retain: boolean;
  };
  readonly evidence: Evidence;
}

/** The answer to a withdrawal. */
export interface WithdrawnAnswer {
  readonly ok: true;
  readonly deduplicated: boolean;
  /** Digests of the block and of all below it. */
  readonly ended: readonly Digest[];
  readonly evidence: Evidence;
}

export type DelegateAnswer = DelegatedAnswer | WithdrawnAnswer | RefusedAnswer;

const TO_EXECUTOR: Order = [
  PARSE_DELEGATE,
  REQUEST,
  READ_WORLD,
  DELEGATED_CONTRACT,
  OPEN_CHAIN,
  CONTINUITY,
  DELEGATOR,
];

/** Every table and place that a delegation passes (VAI-04). */
export const DELEGATE_ORDER: Order = [
  ...TO_EXECUTOR,
  RETRY_DELEGATE,
  LIMITS,
  CONTRACT_STATE,
  HEAD,
  ROOM,
  PROOF,
  DESIGNATE,
  HANDING_ON,
  DELEGATED,
];

/** The same of a withdrawal. */
export const WITHDRAW_ORDER: Order = [...TO_EXECUTOR, ABOVE, RETRY_WITHDRAW, WITHDRAWN];

type Asked =
  | AskedToDelegate
  | (Omit<AskedToDelegate, "request"> & { readonly request: ReadRequest<WithdrawRequest> });

const isDelegation = (asked: Asked): asked is AskedToDelegate =>
  asked.request.claims.use === "delegate";

/**
 * Hands authority on, or takes it back (PROTOCOL.md §8): a delegate request becomes a block that the plane signs, a
 * withdrawal ends one. Never throws: a fault ends in a refusal.
 * @param event whatever the caller sent, of any shape.
 */
export function delegate(
  event: unknown,
  deps: DelegateDeps,
  invocation: Invocation,
): Promise<DelegateAnswer> {
  const judgement = new Judgement<DelegateDeps>(deps, invocation, DELEGATE_ORDER, event);
  return runCourse<Asked, DelegateDeps, DelegateAnswer>(judgement, {
    verify,
    serve,
    refuse: refuseUnverifiedDelegation,
  });
}

/** Stages `parse` to `executor`: who speaks, under which contract and chain, on which intact chain of records. */
async function verify(judgement: Judging): Promise<Asked | Failure> {
  const parsed = judgement.judge(PARSE_DELEGATE, { raw: judgement.raw });
  if (isFailure(parsed)) return parsed;
  const { request, chain, approvals, proof: presented } = parsed.event;
  if (request.claims.use === "withdraw") judgement.follow(WITHDRAW_ORDER);
  const spoken = judgement.judge(REQUEST, parsed);
  if (isFailure(spoken)) return spoken;
  const executor = spoken.key.thumbprint;
  const known = await judgement.ask(READ_WORLD, { ...parsed, key: spoken.key });
  if (isFailure(known)) return known;
  const { trust, contract } = known;
  const governed = judgement.judge(DELEGATED_CONTRACT, { request, contract, trust });
  if (isFailure(governed)) return governed;
  const opened = await judgement.ask(OPEN_CHAIN, known);
  if (isFailure(opened)) return opened;
  const { intent, world } = opened;
  const asked = { contract, request, chain, executor, trust, intent };
  const continued = judgement.judge(CONTINUITY, asked);
  if (isFailure(continued)) return continued;
  const designates = judgement.judge(DELEGATOR, asked);
  if (isFailure(designates)) return designates;
  const { recordedActor } = world;
  const others = { approvals, presented, recordedActor, recordedOf: () => undefined };
  if (isWithdrawal(request)) {
    const below = judgement.judge(ABOVE, { ...asked, request });
    if (isFailure(below)) return below;
    judgement.learn(aboutChain(chain));
    return { ...asked, ...others, request };
  }
  judgement.learn(aboutChain(chain));
  const delegating = request as ReadRequest<DelegateRequest>;
  const recordedOf = await recordedNames(judgement, delegating, { world, executor });
  return { ...asked, ...others, request: delegating, recordedOf };
}

const isWithdrawal = (
  request: ReadRequest<DelegateRequest> | ReadRequest<WithdrawRequest>,
): request is ReadRequest<WithdrawRequest> => request.claims.use === "withdraw";

/**
 * Under which actor id whoever is designated was recorded first. A key that the request names was read with the world;
 * whom a criterion means is known only by the trust policy that came with it, and is asked for now.
 */
async function recordedNames(
  judgement: Judging,
  { claims: { designate } }: ReadRequest<DelegateRequest>,
  { world, executor }: { readonly world: World; readonly executor: string },
): Promise<AskedToDelegate["recordedOf"]> {
  const { deps } = judgement;
  const known = new Map([[executor, world.recordedActor]]);
  if (designate.jkt !== undefined) {
    known.set(designate.jkt, world.recordedNamed);
  } else {
    const { published: policy } = judgement.requireTrust();
    const to = designated(designate, { policy, anchors: [], labels: [] });
    if (!("refused" in to) && to.jkt !== executor) {
      const { heads } = await readTrust(deps, { keys: [executorKey(to.jkt)] });
      known.set(to.jkt, heads.values[0]);
    }
  }
  return (jkt) => known.get(jkt);
}

/** Stages `retry` to the barrier; or the answer that was given before, or why not. */
async function serve(judgement: Judging, asked: Asked): Promise<DelegateAnswer> {
  const { digest: contractDigest } = asked.contract;
  if (isDelegation(asked)) {
    const done = await handOn(judgement, asked);
    if (done.kind === "refused") return refuseDelegation(judgement, asked, done);
    const { intent, block } = done;
    const isKnown = done.kind === "settled";
    const answer = delegatedAnswer(intent, asked, block, isKnown);
    const repeated = { use: "delegate", block: block.digest, contractDigest } as const;
    if (isKnown) await recordRepeated(judgement, intent, repeated);
    return answer;
  }
  const done = await withdraw(judgement, asked);
  if (done.kind === "refused") return refuseDelegation(judgement, asked, done);
  const { intent, ending } = done;
  const isKnown = done.kind === "settled";
  const { block } = asked.request.claims;
  if (isKnown) await recordRepeated(judgement, intent, { use: "withdraw", block, contractDigest });
  return {
    ...{ ok: true, deduplicated: isKnown, ended: ending.ended },
    evidence: evidenceFrom(intent, ending.firstSeq),
  };
}

/** By the records alone, so that a retry gets what the first call got. */
function delegatedAnswer(
  intent: Intent,
  { contract, chain }: AskedToDelegate,
  block: BlockView,
  deduplicated: boolean,
): DelegatedAnswer {
  const { roots } = contractView(intent.state, contract.digest).tree;
  const root = roots.get(block.continues);
  const before = chain?.blocks.map(({ jws }) => jws.compact) ?? (root && [root.jws]);
  if (before === undefined) throw new Error("a block of the contract continues none of its roots");
  const { digest, depth, jkt, agent, audience, retain } = block;
  return {
    ...{ ok: true, deduplicated, chain: [...before, block.jws] },
    block: {
      ...{ digest, depth, jkt, agent, audience },
      ...{ expiresAt: toInstant(block.exp * 1000), retain },
    },
    evidence: evidenceFrom(intent, block.firstSeq),
  };
}

/** The records of one invocation, from its first on. */
function evidenceFrom({ chainId, records }: Intent, firstSeq: Ending["firstSeq"]): Evidence {
  const first = records[firstSeq - 1];
  const own = records
    .slice(firstSeq - 1)
    .filter(({ record }) => record.source.requestId === first?.record.source.requestId);
  const last = own.at(-1);
  if (last === undefined) throw new TypeError("what was granted is on record");
  return { chainId, firstSeq, lastSeq: last.record.chain.seq, head: last.hash };
}
