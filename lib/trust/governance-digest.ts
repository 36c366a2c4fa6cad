import { documentDigest } from "../encoding/canonical-json.ts";
import type { Digest } from "../encoding/digest.ts";
import type { TrustPolicy } from "./policy.ts";

/**
 * Digest of a trust policy's member `governance`: thresholds, vetoes and classes, as a decision and a handle name them
 * (DTF-10). Of a policy that is used for many requests it is made once.
 */
export function governanceDigest({ governance }: Pick<TrustPolicy, "governance">): Digest {
  const digest = digests.get(governance) ?? documentDigest(governance);
  digests.set(governance, digest);
  return digest;
}

const digests = new WeakMap<TrustPolicy["governance"], Digest>();
