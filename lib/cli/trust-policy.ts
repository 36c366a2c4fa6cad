import { readRecords } from "../aws/people/plane-access.ts";
import { readJws } from "../encoding/jws.ts";
import { readBy } from "../encoding/schema.ts";
import { REGISTRY_CHAIN } from "../evidence/chain.ts";
import { type TrustPolicy, trustPolicySchema } from "../trust/policy.ts";
import { type Deployment, placeFor } from "./deployment.ts";
import { CommandError, EXIT } from "./io.ts";

export interface PublishedPolicy {
  readonly jws: string;
  readonly digest: string;
  readonly signedBy: string;
  readonly policy: TrustPolicy;
}

/** The trust policy in force as the plane's own chain recorded it, or `undefined` before the first. */
export async function publishedPolicy(
  deployment: Deployment,
  user: "deployer" | "auditor",
): Promise<PublishedPolicy | undefined> {
  const rows = await readRecords(placeFor(deployment, user), deployment.tables, REGISTRY_CHAIN);
  const compact = rows
    .map(({ record }) => policyIn(record))
    .findLast((found) => found !== undefined);
  return compact === undefined ? undefined : readPublished(compact);
}

const policyIn = (record: string): string | undefined => JSON.parse(record).detail.trustPolicy;

function readPublished(compact: string): PublishedPolicy {
  const jws = readJws(compact, "vai-trust-policy+jwt");
  const read = jws.ok ? readBy(trustPolicySchema, jws.value.payload) : jws;
  if (!jws.ok || !read.ok) {
    throw new CommandError(
      EXIT.no,
      "the recorded trust policy cannot be read: run vai export and vai verify",
    );
  }
  return {
    jws: compact,
    digest: jws.value.digest,
    signedBy: jws.value.header.kid,
    policy: read.value as TrustPolicy,
  };
}
