import { REGISTRY_CHAIN } from "../../evidence/chain.ts";
import { evidenceKeys, openChain } from "../../evidence/open.ts";
import type { EvidenceRecord } from "../../evidence/record.ts";
import { type Refusal, refuse } from "../../refusal.ts";
import type { PlaneDeps } from "../deps.ts";
import type { TrustSnapshot } from "./trust-snapshot.ts";

/** Every record of `plane/registry`, its seals and links verified; what people changed, and whether they did already. */
export async function registryRecords(
  { evidence, plane }: PlaneDeps,
  { published }: TrustSnapshot,
): Promise<readonly EvidenceRecord[] | Refusal> {
  const stored = await evidence.readChain(REGISTRY_CHAIN);
  const chain = { plane: plane.id, chainId: REGISTRY_CHAIN, keys: evidenceKeys(published) };
  const opened = openChain(stored, chain);
  return "defect" in opened
    ? refuse("REGISTRY_STALE", `record ${opened.seq} of ${REGISTRY_CHAIN} ${opened.defect}`)
    : opened.records.map(({ record }) => record);
}
