import { type ReadContract, readContract } from "../../contract/contract.ts";
import type { Digest } from "../../encoding/digest.ts";
import { CHAIN_CEILING, intentIdOf, isIntentChain } from "../../evidence/chain.ts";
import { type ContractView, contractView } from "../../evidence/intent-state.ts";
import { denialOf } from "../../lifecycle/mark.ts";
import { isRefusal, type Refusal, refuse } from "../../refusal.ts";
import type { CommandDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import { type Intent, readIntent } from "../read/intent.ts";
import { readTrust } from "../read/registry.ts";
import { contractIndexKey } from "../read/state-keys.ts";
import { judgeExpiry, type TrustSnapshot } from "../read/trust-snapshot.ts";

/** A contract that its intent's chain has bound, with what was said of it. */
export interface BoundContract {
  readonly contract: ReadContract;
  readonly intent: Intent;
  readonly view: ContractView;
}

/** Trust that holds and has not ended: what adds to authority always waits for it. */
export async function holdingTrust(
  judgement: Judgement<CommandDeps>,
): Promise<{ readonly trust: TrustSnapshot } | Refusal> {
  const { trust } = await readTrust(judgement.deps);
  if (isRefusal(trust)) return trust;
  judgement.believe(trust);
  return judgeExpiry(trust, judgement.now) ?? { trust };
}

/** The chain that State names for a contract, if that really bound it; State only says where to look. */
export async function boundContract(
  judgement: Judgement<CommandDeps>,
  trust: TrustSnapshot,
  digest: Digest,
): Promise<BoundContract | Refusal> {
  const { deps } = judgement;
  const unknown = refuse("CONTRACT_UNKNOWN", `${digest} is not bound here`, "/contractDigest");
  const chainId = await deps.denials.valueOf(contractIndexKey(digest));
  if (chainId === undefined || !isIntentChain(chainId)) return unknown;
  const intent = await readIntent(deps, chainId, trust);
  if (isRefusal(intent)) return intent;
  const found = boundIn(intent, digest);
  if (found === undefined) return unknown;
  const { claims } = found.contract;
  judgement.learn({
    intentId: intentIdOf(chainId),
    contract: { id: claims.jti, digest },
    actor: { id: claims.actor.id, kind: claims.actor.kind },
  });
  return found;
}

/** The same on a chain as it stands now. */
export function boundIn(intent: Intent, digest: Digest): BoundContract | undefined {
  const view = contractView(intent.state, digest);
  const contract = readContract(view.bound?.contract);
  return isRefusal(contract) || contract.digest !== digest ? undefined : { contract, intent, view };
}

/** Nothing is said of a contract that has ended, or whose window is over: it would move nothing. `now` in seconds. */
export function judgeAlive(
  { contract, intent, view }: BoundContract,
  now: number,
): Refusal | undefined {
  if (view.ended !== undefined) {
    return refuse(view.ended.code, `the contract ended: ${view.ended.why}`, "/contractDigest");
  }
  const denial = denialOf(intent.marks, { contractDigest: contract.digest });
  if (denial !== undefined) {
    return refuse("CONTRACT_REVOKED", "the contract was ended", "/contractDigest");
  }
  return now < contract.claims.exp
    ? undefined
    : refuse("CONTRACT_EXPIRED", "the contract's window is over", "/contractDigest");
}

/** A chain has room left for what may still have to be told of its identities (PROTOCOL.md §5). */
export const judgeRoom = ({ state }: Intent): Refusal | undefined =>
  state.head.seq < CHAIN_CEILING
    ? undefined
    : refuse("CONTRACT_CONSUMED", "the intent's chain is full; a new intent is needed");
