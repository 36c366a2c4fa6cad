import type { TrustPolicy } from "../../lib/trust/policy.ts";

/**
 * A trust policy with one action in another mode, as the draft of the next version: `vai trust publish` gives it its
 * number, link, times and plane keys. The action keeps its execution role, by which a halt finds what still runs there.
 */
export const withMode = (
  policy: TrustPolicy,
  action: string,
  mode: "enforce" | "observe",
): TrustPolicy => ({
  ...policy,
  actions: policy.actions.map((each) => (each.action === action ? { ...each, mode } : each)),
});
