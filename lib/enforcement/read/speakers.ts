import { isRefusal, type Refusal, refusalOf } from "../../refusal.ts";
import type { TrustPolicy } from "../../trust/policy.ts";
import { readTrustPolicy } from "../../trust/read.ts";
import { readRestrictions } from "../../trust/restrictions.ts";
import { withoutKeys } from "../../trust/revoked-keys.ts";
import type { PlaneDeps } from "../deps.ts";
import { readTrust } from "./registry.ts";
import type { TrustSnapshot } from "./trust-snapshot.ts";

/** Who may stop something, and the trust that holds as a whole, if any does: only under that records are sealed. */
export interface Speakers {
  /** By this signatures are judged: what is revoked counts for nothing. */
  readonly policy: TrustPolicy;
  /** As the anchor signed it: whose each key is, revoked or not. */
  readonly published: TrustPolicy;
  readonly trust: TrustSnapshot | Refusal;
  /** The counter of marks on the head of `plane/registry`, where the trust holds. */
  readonly marked?: unknown;
}

/**
 * By whom a denial of one identity or contract is believed: the newest trust policy that an anchor signed, also when it
 * has expired or the Registry is stale (PROTOCOL.md §10). Whoever edits tables may so bring an operator back that was
 * removed, who can stop things and gain nothing; whoever breaks them keeps nobody from stopping anything.
 */
export async function readSpeakers(deps: PlaneDeps): Promise<Speakers | Refusal> {
  const read = await readTrust(deps).catch(refusalOf);
  if (isRefusal(read)) return knownBefore(deps, read);
  const { trust, heads } = read;
  if (isRefusal(trust)) return knownBefore(deps, trust);
  const { marked } = heads.registryChain.marks;
  return { policy: trust.policy, published: trust.published, trust, marked };
}

async function knownBefore(deps: PlaneDeps, trust: Refusal): Promise<Speakers | Refusal> {
  // Whatever keeps the policy from being read is told as what kept the Registry from being read.
  const known = deps.memory.trust ?? (await newestPolicy(deps).catch(() => undefined));
  if (known === undefined) return trust;
  const { policy, published } = known;
  return { policy, published, trust };
}

/** The stored policy that the Registry's head names, if an anchor signed it for this plane. */
async function newestPolicy({
  registry,
  anchors,
  plane,
}: PlaneDeps): Promise<Omit<Speakers, "trust"> | undefined> {
  const heads = await registry.readHeads({ known: 0 });
  const documents = await registry.readDocuments(heads.registry);
  const read = readTrustPolicy(documents.trustPolicy, anchors);
  if ("kind" in read || read.policy.plane !== plane.id) return undefined;
  const restrictions = readRestrictions(documents.restrictions ?? "");
  const policy = withoutKeys(read.policy, restrictions?.limits.keys ?? new Set());
  return { policy, published: read.policy };
}
