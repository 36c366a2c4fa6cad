import { isRefusal, type Refusal } from "../refusal.ts";
import type { PlaneDeps } from "./deps.ts";
import { judgeRegistry, type TrustSnapshot } from "./trust-snapshot.ts";

/**
 * The trust policy and restrictions in force now. A disagreement may be a change in flight: everything is read
 * once more before it counts (wire.md §6).
 */
export async function readTrust(deps: PlaneDeps, now: number): Promise<TrustSnapshot | Refusal> {
  const judge = async (): Promise<TrustSnapshot | Refusal> =>
    judgeRegistry(await deps.registry.read(), deps.plane, deps.anchors, now, deps.memory.trust);
  const first = await judge();
  const snapshot = isRefusal(first) ? await judge() : first;
  if (!isRefusal(snapshot)) deps.memory.trust = snapshot;
  return snapshot;
}
