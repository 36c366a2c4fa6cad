import { publishedPolicy } from "../../lib/audit/export.ts";
import { readJws } from "../../lib/encoding/jws.ts";
import { REGISTRY_CHAIN } from "../../lib/evidence/chain.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import type { TrustPolicy } from "../../lib/trust/policy.ts";
import { readChain } from "../support/local/evidence.ts";
import type { LocalPlane } from "../support/local/plane.ts";
import { claimsOf } from "./history.ts";

/** The trust policy that was published last, by the plane's own records. */
export async function publishedNow(
  plane: LocalPlane,
): Promise<{ readonly compact: string; readonly policy: TrustPolicy }> {
  const rows = await readChain(plane, REGISTRY_CHAIN);
  const compact = rows.flatMap(({ record }) => publishedPolicy(record)).at(-1) ?? "";
  const read = readJws(compact, "vai-trust-policy+jwt");
  if (!read.ok) throw new TypeError(`no trust policy: ${read.detail}`);
  return { compact, policy: read.value.payload as TrustPolicy };
}

/** Execution roles that are quarantined, by the plane's own records. */
export async function quarantinedPaths(plane: LocalPlane): Promise<ReadonlySet<unknown>> {
  const paths = new Set<unknown>();
  for (const row of await readChain(plane, REGISTRY_CHAIN)) {
    const { event, detail } = JSON.parse(row.record) as EvidenceRecord;
    if (event.type === "Quarantined") paths.add(detail["path"]);
    if (event.type === "QuarantineLifted") paths.delete(claimsOf(detail["command"])["path"]);
  }
  return paths;
}
