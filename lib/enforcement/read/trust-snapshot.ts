import { toInstant } from "../../clock.ts";
import type { PlaneId } from "../../config.ts";
import { type Digest, sha256Digest } from "../../encoding/digest.ts";
import type { VerificationKey } from "../../encoding/jwk.ts";
import { REGISTRY_CHAIN } from "../../evidence/chain.ts";
import { type EvidenceKeys, evidenceKeys, type OpenRecord, openLast } from "../../evidence/open.ts";
import type { StoredRow } from "../../evidence/ports.ts";
import type { RecordOf } from "../../evidence/record.ts";
import { isMarked } from "../../lifecycle/mark.ts";
import { type Refusal, refuse } from "../../refusal.ts";
import type { TrustPolicy } from "../../trust/policy.ts";
import { type ReadTrustPolicy, readTrustPolicy } from "../../trust/read.ts";
import { type Limits, type Restrictions, readRestrictions } from "../../trust/restrictions.ts";
import { withoutKeys } from "../../trust/revoked-keys.ts";
import type { Heads, RegistryDocuments, RegistryHead } from "./registry-port.ts";

/** The trust policy and restrictions that were verified against their own sealed chain. It may have expired since. */
export interface TrustSnapshot {
  /** As the anchor signed it. */
  readonly published: TrustPolicy;
  /** The same without what is revoked: by this every signature is judged. */
  readonly policy: TrustPolicy;
  readonly digest: Digest;
  readonly jws: string;
  readonly restrictions: Restrictions;
  readonly limits: Limits;
  readonly head: RegistryHead;
  readonly keys: EvidenceKeys;
}

const stale = (
  why: string,
  next = "restore the Registry's rows from its chain's records",
): Refusal => refuse("REGISTRY_STALE", `${why}; ${next}`);
const PUBLISH = "publish a trust policy";

/** A policy that has ended gives nothing, at whichever use (PROTOCOL.md §6). `now` in milliseconds. */
export const judgeExpiry = ({ policy }: TrustSnapshot, now: number): Refusal | undefined =>
  now < policy.exp * 1000
    ? undefined
    : stale(`the trust policy ended at ${toInstant(policy.exp * 1000)}`, PUBLISH);

/**
 * Whether the heads name exactly the snapshot that this process has verified, and its chain has no record behind it:
 * then it is in force still. That small read is what authority hangs on: whoever writes State and Registry, but not
 * Evidence, turns nothing back (PROTOCOL.md §6).
 */
export const areOf = (heads: Heads, { head }: TrustSnapshot): boolean => {
  const { registry, registryChain, isContinued } = heads;
  return (
    !isOwed(heads) &&
    !isContinued &&
    registry !== undefined &&
    sameHead(registry, head) &&
    registryChain.head?.seq === head.seq &&
    registryChain.head.hash === head.recordHash
  );
};

/**
 * The anchor's signature, the plane, and that both heads, the documents and the last sealed record of `plane/registry`
 * all say the same (PROTOCOL.md §6). Whoever can only write the tables changes nothing: neither what is believed nor what
 * the next publication continues. `known` is an earlier snapshot: nothing older than that is believed here, and the
 * same policy is not verified twice. `mayOwe`: opened by somebody who writes the records that are owed: then the
 * restrictions are those of the last record.
 */
export function openRegistry(
  heads: Heads,
  documents: RegistryDocuments,
  plane: PlaneId,
  anchors: readonly VerificationKey[],
  known?: TrustSnapshot,
  mayOwe = false,
): TrustSnapshot | Refusal {
  const { registry: head } = heads;
  const { trustPolicy } = documents;
  const restrictions = mayOwe ? recordedText(documents, head) : documents.restrictions;
  if (head === undefined || trustPolicy === undefined || restrictions === undefined) {
    return stale("this plane has no trust policy", PUBLISH);
  }
  if (isOwed(heads) && !mayOwe) return stale("the Registry holds a denial without its record");
  const torn = headsProblem(heads, head, documents, known);
  if (torn !== undefined) return stale(torn);
  const signed = known?.jws === trustPolicy ? known : verifiedPolicy(trustPolicy, anchors);
  if (typeof signed === "string") return stale(signed);
  if (signed.published.plane !== plane.id)
    return stale("the stored trust policy is another plane's");
  const read = readRestrictions(restrictions);
  if (read === undefined) return stale("the stored restrictions cannot be judged by this version");
  const policy = withoutKeys(signed.published, read.limits.keys);
  const keys = evidenceKeys(policy);
  const named = {
    version: policy.version,
    trustPolicyDigest: signed.digest,
    restrictionsDigest: read.digest,
  };
  if (!sameDocuments(head, named)) return stale("the Registry's head and documents disagree");
  const unsealed = sealedProblem(head, documents.last, plane, keys, evidenceKeys(signed.published));
  return unsealed === undefined
    ? { ...signed, policy, restrictions: read.restrictions, limits: read.limits, head, keys }
    : stale(unsealed);
}

/** The restrictions of the head's record: a denial that lacks its own keeps them beside what it made of them. */
const recordedText = (
  { recorded, restrictions }: RegistryDocuments,
  head: RegistryHead | undefined,
): string | undefined =>
  [recorded, restrictions].find(
    (text) => text !== undefined && sha256Digest(text) === head?.restrictionsDigest,
  );

/** A denial of the whole plane is committed in two places, so that no writer of one table alone takes it back. */
export const isOwed = ({ pending, registryChain }: Heads): boolean =>
  pending !== undefined || isMarked(registryChain.marks);

/** Both heads name one record, it is the newest, no denial lacks its own, and nothing is older than what was seen. */
function headsProblem(
  { registryChain }: Heads,
  head: RegistryHead,
  { isContinued }: RegistryDocuments,
  known: TrustSnapshot | undefined,
): string | undefined {
  if (isContinued) return "the Registry's head is older than its documents or its chain";
  if (registryChain.head?.seq !== head.seq || registryChain.head.hash !== head.recordHash) {
    return "the Registry's chain does not end in its head";
  }
  const isBack =
    known !== undefined && (head.version < known.head.version || head.seq < known.head.seq);
  return isBack ? `the Registry went back from version ${known.head.version}` : undefined;
}

/** That record is sealed, and says of the documents what the head says. */
function sealedProblem(
  head: RegistryHead,
  last: StoredRow | undefined,
  plane: PlaneId,
  keys: EvidenceKeys,
  named: EvidenceKeys,
): string | undefined {
  if (last === undefined) return "the Registry's chain has no record";
  const opened = openRegistryEnd(last, plane, keys, named);
  if (typeof opened === "string") return `the last record of the Registry's chain ${opened}`;
  const { record, hash } = opened;
  if (record.chain.seq !== head.seq || hash !== head.recordHash) {
    return "the Registry's chain does not end in its head";
  }
  return sameDocuments((record as RecordOf<"TrustPolicyPublished">).detail, head)
    ? undefined
    : "the Registry and its chain disagree";
}

/** The record of a plane key's revocation may bear that very key's signature; no other record may (PROTOCOL.md §6). */
function openRegistryEnd(
  last: StoredRow,
  plane: PlaneId,
  keys: EvidenceKeys,
  named: EvidenceKeys,
): OpenRecord | string {
  const chain = { plane: plane.id, chainId: REGISTRY_CHAIN };
  const opened = openLast(last, { ...chain, keys });
  if (typeof opened !== "string") return opened;
  const under = openLast(last, { ...chain, keys: named });
  const isRevocation = typeof under !== "string" && under.record.event.type === "RootKeyRevoked";
  return isRevocation ? under : opened;
}

function verifiedPolicy(
  compact: string,
  anchors: readonly VerificationKey[],
): Pick<TrustSnapshot, "published" | "digest" | "jws"> | string {
  const read: ReadTrustPolicy | { kind: string; detail: string } = readTrustPolicy(
    compact,
    anchors,
  );
  return "kind" in read
    ? `the stored trust policy ${read.detail}`
    : { published: read.policy, digest: read.digest, jws: compact };
}

type Documents = Pick<RegistryHead, "version" | "trustPolicyDigest" | "restrictionsDigest">;

const sameDocuments = (left: Documents, right: Documents): boolean =>
  left.version === right.version &&
  left.trustPolicyDigest === right.trustPolicyDigest &&
  left.restrictionsDigest === right.restrictionsDigest;

export const sameHead = (left: RegistryHead, right: RegistryHead): boolean =>
  sameDocuments(left, right) && left.seq === right.seq && left.recordHash === right.recordHash;
