import type { ReadContract } from "../../contract/contract.ts";
import { intentChain } from "../../evidence/chain.ts";
import type { IdentityView } from "../../evidence/intent-state.ts";
import { isHandleOf, judgeHandleSignature, type ReadHandle } from "../../issuance/handle.ts";
import { isRefusal, type Refusal, refuse } from "../../refusal.ts";
import type { ExecuteRequest, ReadRequest } from "../../request/request.ts";
import { trustedThumbprints } from "../../trust/policy.ts";
import type { PlaneDeps } from "../deps.ts";
import type { Failure, Judgement } from "../judgement.ts";
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
export const OPEN_CHAIN = stage<Attributed, Judgement>("executor").look(
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

/** Who asks, under which contract. */
export interface Designated {
  readonly contract: ReadContract;
  /** Thumbprint. */
  readonly executor: string;
  readonly trust: TrustSnapshot;
}

/**
 * Stage `executor`: the contract names its executor by key; a key that governance itself uses, an anchor's included,
 * may not act (PROTOCOL.md §6, POC-07).
 */
export const DESIGNATION = stage<Designated, Judgement<PlaneDeps>>("executor").check(
  "designation",
  ({ contract: { claims }, executor, trust }, { deps: { anchors } }) => {
    if (executor !== claims.cnf.jkt) {
      return refuse(
        "EXECUTOR_MISMATCH",
        `the contract designates ${claims.cnf.jkt}, not ${executor}`,
        "/request",
      );
    }
    const isTrusted =
      trustedThumbprints(trust.published).has(executor) ||
      anchors.some(({ thumbprint }) => thumbprint === executor);
    return isTrusted
      ? refuse(
          "EXECUTOR_MISMATCH",
          "a key of the trust policy, or the anchor's, cannot be an executor",
          "/contract/cnf/jkt",
        )
      : undefined;
  },
);

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
  .take("handleGrant", findGrant);

/** A stolen handle is worth nothing without the key that it was issued to. */
function judgeHolder({ handle: { claims }, executor }: Presented): Refusal | undefined {
  return claims.cnf.jkt === executor
    ? undefined
    : refuse("EXECUTOR_MISMATCH", "the handle was issued to another key", "/handle/cnf/jkt");
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
    isHandleOf(handle, plane.id, { ...identity, intentId: contract.claims.intent.id });
  return isIssued
    ? { identity }
    : refuse("IDENTITY_UNKNOWN", "the intent's chain has no such grant", "/handle");
}
