import { contractView, type IdentityView, type IntentState } from "../evidence/intent-state.ts";
import { namesOfKey, type TrustPolicy } from "../trust/policy.ts";
import { termsOf } from "./terms.ts";

/** A key that authority is held by, or came through, and the names that it goes by. */
interface Holder {
  /** Thumbprint. */
  readonly jkt: string;
  /** As contract or block says, and as the trust policy says now. */
  readonly names: readonly string[];
}

/** What an identity's authority came through. */
interface Through {
  /** Whoever holds it, first; of one under a chain also everybody above, from the contract on. */
  readonly holders: readonly [Holder, ...Holder[]];
  /** Thumbprints of the keys that signed the blocks. */
  readonly signers: readonly string[];
}

/**
 * By the records of its intent: whom people stop, or let go on, reaches what hangs below them too (POC-28).
 * @param policy - the trust policy of now, as published.
 */
export function throughOf(
  state: IntentState,
  { executor, actor, blocks = [], contractDigest }: IdentityView,
  policy: Pick<TrustPolicy, "agents">,
): Through {
  const named = (jkt: string, name: string | undefined): Holder => ({
    jkt,
    names: namesOfKey(jkt, name, policy),
  });
  const own = named(executor, actor);
  if (blocks.length === 0) return { holders: [own], signers: [] };
  const view = contractView(state, contractDigest);
  const { contract } = termsOf(contractDigest, view) ?? {};
  const first = contract === undefined ? [] : [named(contract.cnf.jkt, contract.actor.id)];
  const above = blocks.flatMap((digest) => view.tree.blocks.get(digest) ?? []);
  const roots = blocks.flatMap((digest) => view.tree.roots.get(digest) ?? []);
  return {
    holders: [own, ...first, ...above.map(({ jkt, agent }) => named(jkt, agent))],
    signers: [...roots, ...above].map(({ kid }) => kid),
  };
}
