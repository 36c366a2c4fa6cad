import { planeKey } from "../../continuity/signatures.ts";
import { contractView, type IdentityView, type IntentState } from "../../evidence/intent-state.ts";
import { termsOf } from "../../lifecycle/terms.ts";
import type { RefusalCode } from "../../refusal.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";

/** By what people have stopped an identity, or something that its authority came through; as stage `state` would say it. */
export function stoppedBy(
  state: IntentState,
  identity: IdentityView,
  { limits, published }: Pick<TrustSnapshot, "limits" | "published">,
): RefusalCode | undefined {
  if (limits.isPlaneHalted) return "PLANE_HALTED";
  const { holders, signers } = throughOf(state, identity);
  if (holders.some(({ jkt }) => limits.keys.has(jkt))) return "KEY_REVOKED";
  if (holders.some(({ agent }) => agent !== undefined && limits.actors.has(agent))) {
    return "AGENT_HALTED";
  }
  const isRevoked = (kid: string): boolean =>
    limits.keys.has(kid) || planeKey(published, kid)?.revokedAt !== undefined;
  return signers.some(isRevoked) ? "CHAIN_ROOT_REVOKED" : undefined;
}

interface Through {
  readonly holders: readonly { readonly jkt: string; readonly agent: string | undefined }[];
  /** Thumbprints of the keys that signed the blocks. */
  readonly signers: readonly string[];
}

/** Who holds an identity, and of one under a chain everybody above, with whoever signed what they hold by. */
function throughOf(state: IntentState, identity: IdentityView): Through {
  const { executor: jkt, actor: agent, blocks = [], contractDigest } = identity;
  const own = { jkt, agent };
  if (blocks.length === 0) return { holders: [own], signers: [] };
  const view = contractView(state, contractDigest);
  const { contract } = termsOf(contractDigest, view) ?? {};
  const first = contract === undefined ? [] : [{ jkt: contract.cnf.jkt, agent: contract.actor.id }];
  const above = blocks.flatMap((digest) => view.tree.blocks.get(digest) ?? []);
  const roots = blocks.flatMap((digest) => view.tree.roots.get(digest) ?? []);
  return {
    holders: [own, ...first, ...above],
    signers: [...roots, ...above].map(({ kid }) => kid),
  };
}
