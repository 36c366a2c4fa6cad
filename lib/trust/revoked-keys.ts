import { jwkThumbprint, type PublicJwk } from "../encoding/jwk.ts";
import type { TrustPolicy } from "./policy.ts";

/**
 * The trust policy as it counts while some keys are revoked: a revoked key counts, wherever it signs, as if it were not
 * named, and a revoked plane key signs nothing and vouches for nothing (PROTOCOL.md §6).
 */
export function withoutKeys(policy: TrustPolicy, revoked: ReadonlySet<string>): TrustPolicy {
  if (revoked.size === 0) return policy;
  const good = <Party extends { readonly keys: readonly PublicJwk[] }>(parties: Party[]): Party[] =>
    parties.map((party) => ({
      ...party,
      keys: party.keys.filter((key) => !revoked.has(jwkThumbprint(key))),
    }));
  return {
    ...policy,
    planeKeys: policy.planeKeys.filter(({ key }) => !revoked.has(jwkThumbprint(key))),
    issuers: good(policy.issuers),
    deciders: good(policy.deciders),
    evaluators: good(policy.evaluators),
    approvers: good(policy.approvers),
    operators: good(policy.operators),
    auditors: good(policy.auditors),
  };
}
