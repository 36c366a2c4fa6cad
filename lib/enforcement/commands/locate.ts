import { isRecorded } from "../../evidence/block-tree.ts";
import { intentChain, isIntentChain } from "../../evidence/chain.ts";
import { contractView } from "../../evidence/intent-state.ts";
import { Fault, isRefusal, type Refusal, refuse } from "../../refusal.ts";
import type { RevokeDeps } from "../deps.ts";
import { inAnyOrder } from "../read/any-order.ts";
import { type Intent, readIntent } from "../read/intent.ts";
import { readTrust } from "../read/registry.ts";
import { contractIndexKey } from "../read/state-keys.ts";
import type { Located, Ordered } from "./denying.ts";

/** How long an index may lag behind a commit, and how often it is asked; milliseconds. */
const INDEX_LAG = 5_000;
const ASK_AGAIN = 250;

/** Milliseconds within which the chain is looked for among those that an index names, and how many are read at once. */
const LOOKED_FOR = 15_000;
const AT_ONCE = 16;

/** Finds the chain of what is to be denied; the first round, beside the trust. */
export async function locate(
  deps: RevokeDeps,
  { command: { claims }, contract }: Pick<Ordered, "command" | "contract">,
): Promise<string | Refusal> {
  if (claims.do === "revokeIdentity") {
    return chainOfIdentity(deps, claims.identityId);
  }
  // The contract itself says where it belongs; State's row is anybody's who writes it.
  if (contract !== undefined) return intentChain(contract.claims.intent.id);
  const indexed = await deps.denials.valueOf(contractIndexKey(claims.contractDigest));
  return indexed !== undefined && isIntentChain(indexed) ? indexed : unknownContract();
}

const unknownIdentity = (): Refusal =>
  refuse("IDENTITY_UNKNOWN", "no identity of that id was issued here", "/command/identityId");

const unknownContract = (): Refusal =>
  refuse(
    "CONTRACT_UNKNOWN",
    "the contract is not bound here; send it as contract beside the command",
    "/command/contractDigest",
  );

const unknownBlock = (): Refusal =>
  refuse("CHAIN_BROKEN", "the intent's chain has no such delegation", "/command/block");

async function chainOfIdentity(deps: RevokeDeps, identityId: string): Promise<string | Refusal> {
  const { denials, clock, sleep } = deps;
  const until = clock() + INDEX_LAG;
  for (;;) {
    const chains = await denials.chainsOf(identityId);
    const own = chains.length > 1 ? await whichHas(deps, chains, identityId) : chains[0];
    if (own !== undefined) return own;
    if (clock() >= until) return chains[0] ?? unknownIdentity();
    await sleep(ASK_AGAIN);
  }
}

/**
 * Of several that the index names, the one whose verified records have issued it: an index is anybody's who writes Evidence.
 * With more of them than can be read in a function's life, asking again looks at others first.
 */
async function whichHas(
  deps: RevokeDeps,
  chains: readonly string[],
  identityId: string,
): Promise<string | Refusal | undefined> {
  const { trust } = await readTrust(deps);
  if (isRefusal(trust)) return undefined;
  const until = deps.clock() + LOOKED_FOR;
  const order = inAnyOrder(chains, deps.random);
  for (let from = 0; from < order.length; from += AT_ONCE) {
    if (deps.clock() >= until) return tooMany(chains.length);
    const few = order.slice(from, from + AT_ONCE);
    const intents = await Promise.all(few.map((chainId) => readable(deps, { trust, chainId })));
    const own = intents.find((intent) => intent?.state.identities.has(identityId));
    if (own !== undefined) return own.chainId;
  }
  return undefined;
}

const tooMany = (chains: number): Refusal =>
  refuse(
    "DEPENDENCY_UNAVAILABLE",
    `the index of identities names ${chains} chains, more than can be read: ask again, which looks at others first, or revoke the contract, halt its actor or the plane`,
    "/command/identityId",
  );

/**
 * A chain that can be read and does not know the contract is not its own: whoever writes State has sent the denial
 * elsewhere, where it denies nobody. One that cannot be read is denied there, as everything that nobody knows.
 */
export function judgePlace(
  { command: { claims }, contract }: Located,
  { state }: Intent,
): Refusal | undefined {
  if ("identityId" in claims) {
    return state.identities.has(claims.identityId) ? undefined : unknownIdentity();
  }
  const { bound, tree } = contractView(state, claims.contractDigest);
  if (claims.do === "revokeDelegation") {
    return isRecorded(tree, claims.block) ? undefined : unknownBlock();
  }
  return contract !== undefined || bound !== undefined ? undefined : unknownContract();
}

/** The chain, if it can be opened now; hindrances hinder records alone. */
export async function readable(
  deps: RevokeDeps,
  { trust, chainId, contract }: Pick<Located, "trust" | "chainId"> & Partial<Located>,
): Promise<Intent | undefined> {
  if (isRefusal(trust)) return undefined;
  const breakGlass = contract?.claims.breakGlass?.policy;
  try {
    const intent = await readIntent(deps, chainId, trust, { breakGlass });
    return isRefusal(intent) ? undefined : intent;
  } catch (fault) {
    if (fault instanceof Fault) return undefined;
    throw fault;
  }
}
