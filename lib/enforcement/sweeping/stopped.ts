import { planeKey } from "../../continuity/signatures.ts";
import type { IdentityView, IntentState } from "../../evidence/intent-state.ts";
import { throughOf } from "../../lifecycle/holders.ts";
import type { RefusalCode } from "../../refusal.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";

/** By what people have stopped an identity, or something that its authority came through; as stage `state` would say it. */
export function stoppedBy(
  state: IntentState,
  identity: IdentityView,
  { limits, published }: Pick<TrustSnapshot, "limits" | "published">,
): RefusalCode | undefined {
  if (limits.isPlaneHalted) return "PLANE_HALTED";
  const { holders, signers } = throughOf(state, identity, published);
  if (holders.some(({ jkt }) => limits.keys.has(jkt))) return "KEY_REVOKED";
  if (holders.some(({ names }) => names.some((name) => limits.actors.has(name)))) {
    return "AGENT_HALTED";
  }
  const isRevoked = (kid: string): boolean =>
    limits.keys.has(kid) || planeKey(published, kid)?.revokedAt !== undefined;
  return signers.some(isRevoked) ? "CHAIN_ROOT_REVOKED" : undefined;
}
