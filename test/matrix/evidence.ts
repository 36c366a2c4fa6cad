import { publishedPolicy } from "../../lib/audit/export.ts";
import type { ReadRecord } from "../../lib/audit/read-record.ts";
import { transactionsOf } from "../../lib/audit/transaction.ts";
import { verifyEvidence } from "../../lib/audit/verify-evidence.ts";
import { REGISTRY_CHAIN } from "../../lib/evidence/chain.ts";
import { keyOf } from "../support/local/contracts.ts";
import { readChain } from "../support/local/evidence.ts";
import type { LocalPlane } from "../support/local/plane.ts";
import type { Observation } from "./observation.ts";

/** Chains as an auditor verifies them, with the registry's, from the anchor that he knows. */
export async function verifiedChains(
  plane: LocalPlane,
  chainIds: readonly string[],
): Promise<Pick<Observation, "verdict" | "defects" | "chains">> {
  const ids = [...new Set([...chainIds, REGISTRY_CHAIN])].sort();
  const rows = await Promise.all(ids.map((id) => readChain(plane, id)));
  const registry = rows[ids.indexOf(REGISTRY_CHAIN)] ?? [];
  const { jwk, thumbprint } = keyOf(plane, "anchor");
  const chains = new Map<string, ReadRecord[]>(ids.map((id) => [id, []]));
  const report = await verifyEvidence(
    {
      trustPolicies: registry.flatMap(({ record }) => publishedPolicy(record)),
      anchors: [jwk],
      transactions: rows.flatMap((each) => [...transactionsOf(each)]),
      plane: plane.outputs.plane,
    },
    [thumbprint],
    (read) => chains.get(read.record.chain.id)?.push(read),
  );
  const defects = report.defects.map(({ chainId, seq, what }) => `${chainId}#${seq} ${what}`);
  return { verdict: report.verdict, defects, chains };
}
