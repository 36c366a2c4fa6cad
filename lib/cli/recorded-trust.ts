import { publishedPolicy } from "../audit/export.ts";
import { parseJson } from "../audit/parse-json.ts";
import { inside } from "../audit/plain-text.ts";
import { followTrust } from "../audit/trust-chain.ts";
import { type Digest, sha256Digest } from "../encoding/digest.ts";
import type { VerificationKey } from "../encoding/jwk.ts";
import { genesisHead, REGISTRY_CHAIN } from "../evidence/chain.ts";
import { evidenceKeys, openLast } from "../evidence/open.ts";
import type { StoredRow } from "../evidence/ports.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import { readTrustPolicy } from "../trust/read.ts";

export interface PublishedPolicy {
  readonly jws: string;
  readonly digest: string;
  readonly signedBy: string;
  readonly policy: TrustPolicy;
}

/**
 * The trust policy that `plane/registry` records last, if all of that chain holds: every record is named by the hash
 * in the one after it, from the plane's genesis; the last one is sealed by a key of the policy that it publishes; every
 * policy continues the one before it, and an anchor signed the last. Whoever edits a row, and holds no key, must not
 * make a person see another policy, nor an anchor sign one that grew from it. A seal in the middle is not judged by
 * itself: its key may be revoked by now, and the hashes bind its records to the last seal all the same.
 * @returns what is wrong as text, a predicate whose subject is the chain; `undefined` for a chain without records.
 */
export function openRecordedTrust(
  rows: readonly StoredRow[],
  plane: string,
  anchors: readonly VerificationKey[],
): PublishedPolicy | string | undefined {
  const last = rows.at(-1);
  if (last === undefined) return undefined;
  const broken = linkProblem(rows, plane);
  if (broken !== undefined) return broken;
  const policies = rows.flatMap(({ record }) => publishedPolicy(record));
  const trust = followTrust(policies, anchors);
  const [defect] = trust.defects;
  if (defect !== undefined) return defect.what;
  const read = readTrustPolicy(policies.at(-1), anchors);
  if ("kind" in read) return `holds a trust policy that ${read.detail}`;
  const { jws, policy, digest } = read;
  const chain = { plane, chainId: REGISTRY_CHAIN, keys: evidenceKeys(policy) };
  const opened = openLast(last, chain);
  if (typeof opened === "string") return `ends in a record that ${opened}`;
  if (inside(opened.record, "detail", "trustPolicyDigest") !== digest) {
    return "ends in a record that names another trust policy";
  }
  return { jws: jws.compact, digest, signedBy: jws.header.kid, policy };
}

/** Numbers without gaps, and each record under the hash that the next one names. */
function linkProblem(rows: readonly StoredRow[], plane: string): string | undefined {
  let prev: Digest = genesisHead(plane, REGISTRY_CHAIN).hash;
  for (const [index, row] of rows.entries()) {
    const seq = index + 1;
    const record = parseJson(row.record);
    if (row.seq !== seq || inside(record, "chain", "seq") !== seq) return `has no record ${seq}`;
    if (inside(record, "chain", "prev") !== prev) {
      return `has a record ${seq} that does not continue the one before it`;
    }
    prev = sha256Digest(row.record);
  }
  return undefined;
}
