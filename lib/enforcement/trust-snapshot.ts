import { toInstant } from "../clock.ts";
import type { PlaneId } from "../config.ts";
import type { Digest } from "../encoding/digest.ts";
import type { VerificationKey } from "../encoding/jwk.ts";
import { genesisHead, REGISTRY_CHAIN } from "../evidence/chain.ts";
import { type EvidenceKey, evidenceKeys, type OpenRecord, openRecord } from "../evidence/open.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import { type ReadTrustPolicy, readTrustPolicy } from "../trust/read.ts";
import { type Restrictions, readRestrictions } from "../trust/restrictions.ts";
import type { RegistryHead, RegistryRead } from "./registry-port.ts";

/** The trust policy and restrictions that were verified against their own signed chain. */
export interface TrustSnapshot {
  readonly policy: TrustPolicy;
  readonly digest: Digest;
  readonly jws: string;
  readonly restrictions: Restrictions;
  readonly head: RegistryHead;
  readonly keys: ReadonlyMap<string, EvidenceKey>;
  /** The last record of `plane/registry` as it was stored and verified. */
  readonly last: { readonly envelope: string; readonly record: OpenRecord };
}

const stale = (
  why: string,
  next = "restore the Registry's rows from its chain's records",
): Refusal => refuse("REGISTRY_STALE", `${why}; ${next}`);
const PUBLISH = "publish a trust policy";

/**
 * Judges what was read of the Registry: {@link openRegistry}, its policy has not expired, and this process has seen
 * none that is newer: restoring older rows turns no time back here. `now` in milliseconds.
 */
export function judgeRegistry(
  read: RegistryRead,
  plane: PlaneId,
  anchors: readonly VerificationKey[],
  now: number,
  known?: TrustSnapshot,
): TrustSnapshot | Refusal {
  const opened = openRegistry(read, plane, anchors, known);
  if (isRefusal(opened)) return opened;
  if (known !== undefined && opened.head.version < known.head.version) {
    return stale(`the Registry went back from version ${known.head.version}`);
  }
  return now < opened.policy.exp * 1000
    ? opened
    : stale(`the trust policy ended at ${toInstant(opened.policy.exp * 1000)}`, PUBLISH);
}

/**
 * The anchor's signature, the plane, and that head, documents and the last signed record of `plane/registry` all say
 * the same (wire.md §6). Whoever can only write the table changes nothing: neither what is believed nor what the
 * next publication continues. `known` is an earlier snapshot: the same bytes are not verified twice.
 */
export function openRegistry(
  read: RegistryRead,
  plane: PlaneId,
  anchors: readonly VerificationKey[],
  known?: TrustSnapshot,
): TrustSnapshot | Refusal {
  const { head, trustPolicy, restrictions } = read;
  if (head === undefined || trustPolicy === undefined || restrictions === undefined) {
    return stale("this plane has no trust policy", PUBLISH);
  }
  const signed = known?.jws === trustPolicy ? known : verifiedPolicy(trustPolicy, anchors);
  if (typeof signed === "string") return stale(signed);
  if (signed.policy.plane !== plane.id) return stale("the stored trust policy is another plane's");
  const limits = readRestrictions(restrictions);
  if (limits === undefined)
    return stale("the stored restrictions cannot be judged by this version");
  const documents = {
    version: signed.policy.version,
    trustPolicyDigest: signed.digest,
    restrictionsDigest: limits.digest,
  };
  if (!sameHead(head, documents) || read.newest !== documents.version) {
    return stale("the Registry's head and documents disagree");
  }
  const keys = evidenceKeys(signed.policy);
  const last = lastRecord(read, keys, known?.jws === trustPolicy ? known : undefined);
  if (typeof last === "string") return stale(last);
  const disagreement = chainDisagreement(read, plane, documents, last.record);
  if (disagreement !== undefined) return stale(disagreement);
  return { ...signed, restrictions: limits.restrictions, head: documents, keys, last };
}

function verifiedPolicy(
  compact: string,
  anchors: readonly VerificationKey[],
): { policy: TrustPolicy; digest: Digest; jws: string } | string {
  const read: ReadTrustPolicy | { kind: string; detail: string } = readTrustPolicy(
    compact,
    anchors,
  );
  return "kind" in read
    ? `the stored trust policy ${read.detail}`
    : { policy: read.policy, digest: read.digest, jws: compact };
}

export const sameHead = (left: RegistryHead, right: RegistryHead): boolean =>
  left.version === right.version &&
  left.trustPolicyDigest === right.trustPolicyDigest &&
  left.restrictionsDigest === right.restrictionsDigest;

/** The last record of `plane/registry`, its signature verified; the same bytes under the same policy only once. */
function lastRecord(
  { chain }: RegistryRead,
  keys: ReadonlyMap<string, EvidenceKey>,
  known: TrustSnapshot | undefined,
): TrustSnapshot["last"] | string {
  const last = chain.rows.at(-1);
  if (last === undefined) return "the Registry's chain has no record";
  const { envelope } = last;
  if (known?.last.envelope === envelope) return known.last;
  const record = openRecord(envelope, keys);
  return typeof record === "string"
    ? `the last record of the Registry's chain ${record}`
    : { envelope, record };
}

/** That record is its chain's head, and carries the same version and digests. */
function chainDisagreement(
  { chain }: RegistryRead,
  plane: PlaneId,
  documents: RegistryHead,
  { predicate, hash }: OpenRecord,
): string | undefined {
  const head = chain.head ?? genesisHead(plane.id, REGISTRY_CHAIN);
  if (predicate.plane !== plane.id || predicate.chain.id !== REGISTRY_CHAIN)
    return "the Registry's chain is another's";
  const stored = chain.rows.at(-1)?.seq;
  if (predicate.chain.seq !== stored || stored !== head.seq || hash !== head.hash)
    return "the Registry's chain does not end in its head";
  return sameHead(predicate.detail as unknown as RegistryHead, documents)
    ? undefined
    : "the Registry and its chain disagree";
}
