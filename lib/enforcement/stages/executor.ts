import { placeOf } from "../../continuity/block.ts";
import type { Chain } from "../../continuity/chain.ts";
import { CHAIN_CHECKS } from "../../continuity/judge.ts";
import type { ReadContract } from "../../contract/contract.ts";
import type { Digest } from "../../encoding/digest.ts";
import { isRecorded } from "../../evidence/block-tree.ts";
import { intentChain } from "../../evidence/chain.ts";
import { contractView, type IdentityView } from "../../evidence/intent-state.ts";
import { isHandleOf, judgeHandleSignature, type ReadHandle } from "../../issuance/handle.ts";
import { isRefusal, type Refusal, refuse } from "../../refusal.ts";
import type { ExecuteRequest, ReadRequest } from "../../request/request.ts";
import { trustedThumbprints } from "../../trust/policy.ts";
import type { PlaneDeps } from "../deps.ts";
import type { Failure, Judgement } from "../judgement.ts";
import { factsOf } from "../read/continuity.ts";
import { type Intent, readIntent } from "../read/intent.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import type { StateWitness, World } from "../read/world.ts";
import { stage } from "../stage.ts";

/** What is known of a request whose contract holds. */
interface Attributed {
  readonly contract: ReadContract;
  readonly trust: TrustSnapshot;
  readonly world: World;
  readonly opened: Intent | undefined;
}

/** Stage `executor`, first: the intent's chain folds, its head holds, and it explains what State witnesses. */
export const OPEN_CHAIN = stage<Attributed, Judgement<PlaneDeps>>("executor").look(
  "evidenceChain",
  async ({ contract, trust, world, opened }, { deps }) => {
    const { chain: stored, witnesses } = world;
    const breakGlass = contract.claims.breakGlass?.policy;
    const chainId = intentChain(contract.claims.intent.id);
    const read = opened ?? (await readIntent(deps, chainId, trust, { stored, breakGlass }));
    const intent = await confirm(deps, trust, read, witnesses);
    return isRefusal(intent) ? intent : { intent };
  },
);

/**
 * State names a grant for a request that was granted. A chain that does not know it was read too early, or has lost
 * its records: whoever rolls it back without the retry keys gives nobody a second use.
 */
async function confirm(
  deps: PlaneDeps,
  trust: TrustSnapshot,
  intent: Intent | Refusal,
  witnesses: readonly StateWitness[],
): Promise<Intent | Refusal> {
  if (isRefusal(intent) || isWitnessed(intent, witnesses)) return intent;
  const latest = await readIntent(deps, intent.chainId, trust, { opened: intent });
  return isRefusal(latest) || isWitnessed(latest, witnesses) ? latest : lostGrant();
}

/** The chain knows the grant; and of a redemption not its grant alone, or the handle could be redeemed again. */
const isWitnessed = ({ state }: Intent, witnesses: readonly StateWitness[]): boolean =>
  witnesses.every(({ identityId, use }) => {
    const trees = [...state.contracts.values()].map(({ tree }) => tree);
    if (use === "delegate") return trees.some(({ blocks }) => blocks.has(identityId as Digest));
    if (use === "withdraw") {
      return trees.some(({ endings }) => endings.some(({ block }) => block === identityId));
    }
    const identity = state.identities.get(identityId);
    return use === "execute" ? identity?.redemption !== undefined : identity !== undefined;
  });

/** A key in State that no sealed record explains. */
export const lostGrant = (): Refusal =>
  refuse("EVIDENCE_CHAIN_BROKEN", "State knows a grant that the intent's chain does not");

/** A chain that is found broken later than here fails here all the same. */
export const brokenChain = (refusal: Refusal): Failure => ({
  stage: "executor",
  check: "evidenceChain",
  refusal,
});

/** A request with the chain that it presents, if it does, and what that is judged by. */
interface Continuing {
  readonly chain: Chain | undefined;
  readonly contract: ReadContract;
  readonly request: ReadRequest;
  /** Thumbprint. */
  readonly executor: string;
  readonly trust: TrustSnapshot;
  readonly intent: Intent;
}

/** Stage `executor`: what is judged of a chain behind the fold; without one each of it holds (PROTOCOL.md §8). */
export const CONTINUITY = CHAIN_CHECKS.reduce(
  (table, { name, judge }) =>
    table.check(name, ({ chain, contract, request, executor, trust, intent }, { deps }) => {
      if (chain === undefined) return undefined;
      const { bound, tree } = contractView(intent.state, contract.digest);
      return judge({
        ...{ chain, contract, trust, plane: deps.plane.id, decider: bound?.decider ?? "" },
        isRecorded: (digest) => isRecorded(tree, digest),
        ...{ signer: executor, use: request.claims.use },
      });
    }),
  stage<Continuing, Judgement<PlaneDeps>>("executor"),
);

/** Who asks, under which contract and chain. */
export interface Designated {
  readonly contract: ReadContract;
  readonly chain: Chain | undefined;
  /** Thumbprint. */
  readonly executor: string;
  readonly trust: TrustSnapshot;
}

/**
 * Stage `executor`: the contract names its executor by key, a chain by its last block; a key that governance itself uses,
 * an anchor's included, may neither act nor have handed on (PROTOCOL.md §6, POC-07).
 */
export const DESIGNATION = stage<Designated, Judgement<PlaneDeps>>("executor").check(
  "designation",
  ({ contract: { claims }, chain, executor, trust }, { deps: { anchors } }) => {
    // Of a chain the last block has been judged by then.
    if (chain === undefined && executor !== claims.cnf.jkt) {
      return refuse(
        "EXECUTOR_MISMATCH",
        `the contract designates ${claims.cnf.jkt}, not ${executor}`,
        "/request",
      );
    }
    const known = trustedThumbprints(trust.published);
    const trusted = holdersOf(claims, chain).find(
      ({ jkt }) => known.has(jkt) || anchors.some(({ thumbprint }) => thumbprint === jkt),
    );
    return (
      trusted &&
      refuse(
        "EXECUTOR_MISMATCH",
        "a key of the trust policy, or the anchor's, cannot be an executor",
        `${trusted.at}/cnf/jkt`,
      )
    );
  },
);

/** Whoever holds a place, from the contract on, by key and name. */
export const holdersOf = (
  { cnf, actor }: ReadContract["claims"],
  chain: Chain | undefined,
): readonly { readonly jkt: string; readonly agent: string; readonly at: string }[] => [
  { jkt: cnf.jkt, agent: actor.id, at: "/contract" },
  ...(chain?.blocks ?? []).map(({ claims }) => ({
    ...{ jkt: claims.cnf.jkt, agent: claims.agent, at: placeOf(claims.depth) },
  })),
];

/** A handle with the request that redeems it. */
interface Presented extends Designated {
  readonly handle: ReadHandle;
  readonly request: ReadRequest<ExecuteRequest>;
  readonly intent: Intent;
}

/** Stage `executor` of `execute`: the handle is whole, ours, its key's, and the very one of a grant (PROTOCOL.md §8). */
export const HANDLE = stage<Presented, Judgement>("executor")
  .check("handleHolder", judgeHolder)
  .check("handleSignature", ({ handle, trust }) => judgeHandleSignature(handle, trust.policy))
  .check("handleChain", judgeHandleChain)
  .take("handleGrant", findGrant);

/** A stolen handle is worth nothing without the key that it was issued to. */
function judgeHolder({ handle: { claims }, executor }: Presented): Refusal | undefined {
  return claims.cnf.jkt === executor
    ? undefined
    : refuse("EXECUTOR_MISMATCH", "the handle was issued to another key", "/handle/cnf/jkt");
}

/** A handle is of one branch: with the chain of another it would be redeemed under bounds that it was not granted under. */
function judgeHandleChain({ handle, request }: Presented): Refusal | undefined {
  return handle.claims.chainDigest === request.claims.chainDigest
    ? undefined
    : refuse(
        "IDENTITY_UNKNOWN",
        "the handle was issued under another chain, or without one",
        "/handle/chainDigest",
      );
}

/**
 * The grant of a handle on the intent's chain. The chain is the truth: a handle that says anything else than its
 * grant, or has none, was never issued, whoever signed it (ADV-67, OKG-14).
 */
function findGrant(
  { handle, request, contract, intent }: Presented,
  { deps: { plane } }: Judgement,
): { readonly identity: IdentityView } | Refusal {
  if (request.claims.handleDigest !== handle.digest) {
    const where = "/request/handleDigest";
    return refuse("IDENTITY_UNKNOWN", "the request was signed for another handle", where);
  }
  const identity = intent.state.identities.get(handle.claims.jti);
  const isIssued =
    identity?.delivery === "handle" &&
    identity.contractDigest === contract.digest &&
    isHandleOf(handle, plane.id, factsOf(identity, contract.claims.intent.id));
  return isIssued
    ? { identity }
    : refuse("IDENTITY_UNKNOWN", "the intent's chain has no such grant", "/handle");
}
