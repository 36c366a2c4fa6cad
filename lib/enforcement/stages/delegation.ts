import { toSeconds } from "../../clock.ts";
import type { ReadLater } from "../../continuity/block.ts";
import { type Chain, MAX_CHAIN_BYTES } from "../../continuity/chain.ts";
import { designated } from "../../continuity/designate.ts";
import { heldUnder, judgeHandOn } from "../../continuity/hand-on.ts";
import { approvalsOfBlock, judgeDelegationApprovals } from "../../continuity/people.ts";
import type { Executor } from "../../continuity/statement.ts";
import type { ReadContract } from "../../contract/contract.ts";
import { MAX_JWS_BYTES, readJws } from "../../encoding/jws.ts";
import { above, type BlockTree, isRecorded } from "../../evidence/block-tree.ts";
import { CHAIN_CEILING } from "../../evidence/chain.ts";
import { contractView } from "../../evidence/intent-state.ts";
import { type ReadApproval, readApproval } from "../../proof/approval.ts";
import type { ReadProof } from "../../proof/proof.ts";
import { isRefusal, pointer, type Refusal, refuse, refuseUntil } from "../../refusal.ts";
import type { DelegateRequest, ReadRequest, WithdrawRequest } from "../../request/request.ts";
import { liftOf } from "../../unlock.ts";
import type { PlaneDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import { parseDelegateEvent } from "../read/delegate-event.ts";
import type { Intent } from "../read/intent.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import { stage } from "../stage.ts";
import { DESIGNATION, type Designated, holdersOf } from "./executor.ts";
import { repeatedIn } from "./retry.ts";

type Judging = Judgement<PlaneDeps>;

/** Stage `parse` of `delegate`: strict reading. No AWS call. */
export const PARSE_DELEGATE = stage<{ readonly raw: unknown }, Judging>("parse").take(
  "parse",
  ({ raw }) => {
    const event = parseDelegateEvent(raw);
    return isRefusal(event) ? event : { event };
  },
);

/** Stage `executor` of `delegate`, last: without a chain the contract's executor alone hands on (POC-A8). */
export const DELEGATOR = stage<Designated, Judging>("executor")
  .check("delegator", ({ contract: { claims }, chain, executor }) =>
    chain === undefined && executor !== claims.cnf.jkt
      ? refuse(
          "DELEGATOR_MISMATCH",
          `the contract designates ${claims.cnf.jkt}, not ${executor}`,
          "/request",
        )
      : undefined,
  )
  .include(DESIGNATION);

interface Withdrawing {
  readonly contract: ReadContract;
  readonly chain: Chain | undefined;
  readonly request: ReadRequest<WithdrawRequest>;
  readonly intent: Intent;
}

const AT_BLOCK = "/request/block";
const treeOf = ({ contract, intent }: Pick<Withdrawing, "contract" | "intent">): BlockTree =>
  contractView(intent.state, contract.digest).tree;

/** Stage `executor` of a withdrawal: the block is on record, and below whoever asks; not beside, not above (POC-28). */
export const ABOVE = stage<Withdrawing, Judging>("executor")
  .check("blockRecorded", (subject) =>
    isRecorded(treeOf(subject), subject.request.claims.block)
      ? undefined
      : refuse("CHAIN_BROKEN", "the intent's chain has no such delegation", AT_BLOCK),
  )
  .check("above", (subject) => {
    const { chain, request } = subject;
    const tree = treeOf(subject);
    const own = chain === undefined || tree.roots.has(chain.last.digest) ? undefined : chain.last;
    const [block, ...parents] = above(tree, request.claims.block);
    const isBelow =
      block !== undefined &&
      (own === undefined || parents.some(({ digest }) => digest === own.digest));
    return isBelow
      ? undefined
      : refuse("DELEGATOR_MISMATCH", "the block is not below whoever asks for its end", AT_BLOCK);
  });

interface Asked {
  readonly contract: ReadContract;
  readonly request: ReadRequest;
  /** Thumbprint. */
  readonly executor: string;
  readonly intent: Intent;
}

/** Stage `retry` of a delegation: what the verified chain says that this request was granted before. */
export const RETRY_DELEGATE = stage<Asked, Judging>("retry").take("retry", (asked) => {
  const own = [...treeOf(asked).blocks.values()]
    .filter(({ delegator }) => delegator === asked.executor)
    .map((block) => ({ value: block, names: block }));
  const found = repeatedIn(own, asked.request);
  return found !== undefined && isRefusal(found) ? found : { repeated: found };
});

/** The same of a withdrawal. A block that has ended already ended by that: it does so once, however often it is asked. */
export const RETRY_WITHDRAW = stage<
  Asked & { readonly request: ReadRequest<WithdrawRequest> },
  Judging
>("retry").take("retry", (asked) => {
  const tree = treeOf(asked);
  const own = tree.endings
    .filter(({ executor }) => executor === asked.executor)
    .map((ending) => ({ value: ending, names: ending }));
  const found = repeatedIn(own, asked.request);
  if (found !== undefined && isRefusal(found)) return found;
  return { repeated: found ?? tree.blocks.get(asked.request.claims.block)?.ended };
});

/** Stage `state` of a delegation, last: room is kept for what may be done under it (PROTOCOL.md §5). */
export const ROOM = stage<{ readonly intent: Intent }, Judging>("state").check(
  "capacity",
  ({ intent: { state } }) =>
    state.head.seq < CHAIN_CEILING
      ? undefined
      : refuse(
          "CONTRACT_CONSUMED",
          `nothing is handed on once the intent's chain has ${CHAIN_CEILING} records`,
          "/contract/intent/id",
        ),
);

/** A delegation whose contract is proved. */
export interface Delegating {
  readonly contract: ReadContract;
  readonly chain: Chain | undefined;
  readonly request: ReadRequest<DelegateRequest>;
  readonly approvals: readonly ReadApproval[];
  readonly trust: TrustSnapshot;
  readonly intent: Intent;
  readonly proof: ReadProof;
  /** Under which actor id a key was recorded first; by its thumbprint. */
  readonly recordedOf: (jkt: string) => string | undefined;
}

const AT_DESIGNATE = "/request/designate";

/** Stage `proof` of a delegation, last: whom it designates, and that people said yes to just that (PROTOCOL.md §8). */
export const DESIGNATE = stage<Delegating, Judging>("proof")
  .take("designate", (subject, { deps }) => {
    const { request, chain, contract, trust } = subject;
    const { labels } = heldUnder(contract.claims, chain).delegation;
    const anchors = deps.anchors.map(({ thumbprint }) => thumbprint);
    const by = { policy: trust.published, anchors, labels };
    const to = designated(request.claims.designate, by);
    if ("refused" in to) return to;
    return judgeName(to, subject) ?? judgeStopped(to, trust) ?? { to };
  })
  .check("blockApprovals", judgeApprovals);

/** A key has one name for ever: another one would be a name that no halt of the first reaches (ADV-64). */
function judgeName(
  { jkt, agent }: Executor,
  { contract, chain, recordedOf }: Delegating,
): Refusal | undefined {
  const held = holdersOf(contract.claims, chain).find((each) => each.jkt === jkt)?.agent;
  const known = [recordedOf(jkt), held].find((name) => name !== undefined && name !== agent);
  return known === undefined
    ? undefined
    : refuse("ACTOR_MISMATCH", "the key belongs to another actor id", `${AT_DESIGNATE}/agent`);
}

function judgeStopped({ jkt, agent }: Executor, { limits }: TrustSnapshot): Refusal | undefined {
  if (limits.keys.has(jkt)) {
    const detail = "the key that is designated is revoked";
    return refuseUntil([liftOf.key(jkt)], "KEY_REVOKED", detail, `${AT_DESIGNATE}/jkt`);
  }
  return limits.actors.has(agent)
    ? refuseUntil(
        [liftOf.actor(agent)],
        "AGENT_HALTED",
        `${agent} is halted`,
        `${AT_DESIGNATE}/agent`,
      )
    : undefined;
}

/** Who hands on: the last block's executor, without a chain the contract's. */
export const delegatorOf = ({
  contract,
  chain,
}: Pick<Delegating, "contract" | "chain">): Executor =>
  chain === undefined
    ? { agent: contract.claims.actor.id, jkt: contract.claims.cnf.jkt }
    : { agent: chain.last.claims.agent, jkt: chain.last.claims.cnf.jkt };

function judgeApprovals(
  subject: Delegating & { readonly to: Executor },
  { now }: Judging,
): Refusal | undefined {
  const { contract, chain, request, approvals, trust, proof, to } = subject;
  if (approvalsOfBlock(contract, trust.policy) === 0) return undefined;
  const used = namesOfApprovals(treeOf(subject));
  const names = approvals.map(nameOf);
  const again = names.findIndex((name, index) => used.has(name) || names.indexOf(name) < index);
  if (again >= 0) {
    const detail = "serves another block, or stands twice";
    return refuse("APPROVAL_SIGNATURE_INVALID", detail, pointer("/approvals", [again]));
  }
  // What could never be used, since whoever it is for has approved a block above, must not take the place of what can.
  if (
    chain?.blocks.some((block) => block.approvals.some(({ claims }) => claims.iss === to.agent))
  ) {
    const detail = `"${to.agent}" has approved a block of the chain`;
    return refuse("SELF_APPROVAL_FORBIDDEN", detail, `${AT_DESIGNATE}/agent`);
  }
  const parent = chain === undefined || chain.last.claims.depth === 0 ? null : chain.last.digest;
  const from = delegatorOf(subject);
  return judgeDelegationApprovals(
    { delegated: request.claims, resolved: { parent, from, to }, at: toSeconds(now), approvals },
    {
      ...{ contract, decider: proof.decision.claims.iss, policy: trust.policy },
      agents: [...holdersOf(contract.claims, chain).map(({ agent }) => agent), to.agent],
    },
    "/approvals",
  );
}

const nameOf = ({ claims: { iss, jti } }: ReadApproval): string => JSON.stringify([iss, jti]);

/** Approvals that have served a block of the contract, of any branch: each serves one. */
function namesOfApprovals({ blocks }: BlockTree): ReadonlySet<string> {
  const texts = [...blocks.values()].flatMap(({ jws }) => {
    const read = readJws(jws, "vai-block+jwt");
    return read.ok ? ((read.value.payload as ReadLater["claims"]).approvals ?? []) : [];
  });
  const read = texts.map((text) => readApproval(text, "/approvals"));
  return new Set(read.flatMap((each) => (isRefusal(each) ? [] : [nameOf(each)])));
}

/** Stage `scope` of a delegation: small enough to be presented, and no more than what is held (PROTOCOL.md §4). */
export const HANDING_ON = stage<
  Delegating & {
    /** Characters of the block that is asked for, and of the root, if one is to be signed. */
    readonly block: number;
    readonly root: number;
    /** Characters of the chain that it continues. */
    readonly before: number;
  },
  Judging
>("scope")
  .check("size", ({ block, root }) =>
    Math.max(block, root) <= MAX_JWS_BYTES
      ? undefined
      : refuse(
          "CHAIN_TOO_DEEP",
          `a block has at most ${MAX_JWS_BYTES} bytes, a chain ${MAX_CHAIN_BYTES}`,
          "/request",
        ),
  )
  .check(
    "handOn",
    ({ request, contract: { claims }, chain, block, root, before }, { deps, now }) => {
      const bytes = before + root + block;
      const by = {
        from: heldUnder(claims, chain),
        plane: deps.plane.id,
        bytes,
        now: toSeconds(now),
      };
      return judgeHandOn(request.claims, by);
    },
  );
