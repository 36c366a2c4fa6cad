import type { History } from "../history.ts";
import type { Observation, Violation } from "../observation.ts";

/** No bounded call twice, whatever came of it: neither by one identity, nor beyond what its contract has. */
export function once(
  { feed, contracts }: Observation,
  history: History,
): Omit<Violation, "invariant">[] {
  const calls = feed.flatMap(({ isEffect, session }) => {
    const identity = isEffect ? history.ofSession(session) : undefined;
    return identity === undefined ? [] : [identity];
  });
  const ofIdentities = history.identities.flatMap(({ id, chainId }) => {
    const count = calls.filter((each) => each.id === id).length;
    return count > 1
      ? [{ what: `identity ${id} made its bounded call ${count} times`, chainId }]
      : [];
  });
  const ofContracts = contracts.flatMap(({ digest, chainId, calls: allowed }) => {
    const count = calls.filter(({ contractDigest }) => contractDigest === digest).length;
    return count > allowed
      ? [{ what: `${count} calls under a contract of ${allowed}`, chainId }]
      : [];
  });
  return [...ofIdentities, ...ofContracts];
}
