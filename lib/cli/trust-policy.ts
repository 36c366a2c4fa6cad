import { readRecords, readRegistry } from "../aws/people/plane-access.ts";
import type { ClientPlace } from "../aws/ports/clients.ts";
import { parsePlaneId } from "../config.ts";
import type { VerificationKey } from "../encoding/jwk.ts";
import { openRegistry } from "../enforcement/read/trust-snapshot.ts";
import { REGISTRY_CHAIN } from "../evidence/chain.ts";
import { isRefusal } from "../refusal.ts";
import { type Deployment, placeFor } from "./deployment.ts";
import { CommandError, EXIT } from "./io.ts";
import { openRecordedTrust, type PublishedPolicy } from "./recorded-trust.ts";

/**
 * The trust policy in force as the plane's own chain recorded it, verified; `undefined` before the first.
 * @throws {CommandError} for a chain that does not hold: nothing of it is shown, let alone signed.
 */
export async function publishedPolicy(
  deployment: Deployment,
  place: ClientPlace,
  anchors: readonly VerificationKey[],
): Promise<PublishedPolicy | undefined> {
  const rows = await readRecords(place, deployment.tables, REGISTRY_CHAIN);
  const opened = openRecordedTrust(rows, deployment.plane, anchors);
  if (typeof opened === "string") throw unbelieved(`the chain ${REGISTRY_CHAIN} ${opened}`);
  return opened;
}

/**
 * The same for whoever signs what comes next: the Registry and its heads must say so too, as the plane itself demands
 * (PROTOCOL.md §6). A chain that was cut shorter holds in itself; an anchor that continued it would sign a policy in which
 * a revoked key is good again.
 */
export async function continuedPolicy(
  deployment: Deployment,
  anchors: readonly VerificationKey[],
): Promise<Pick<PublishedPolicy, "policy" | "digest"> | undefined> {
  const place = placeFor(deployment, "deployer");
  const [recorded, { heads, documents }] = await Promise.all([
    publishedPolicy(deployment, place, anchors),
    readRegistry(place, deployment.tables),
  ]);
  const isEmpty =
    heads.registry === undefined &&
    heads.registryChain === undefined &&
    documents.restrictions === undefined &&
    !documents.isContinued;
  if (recorded === undefined && isEmpty) return undefined;
  const plane = parsePlaneId(deployment.plane);
  if (plane === undefined) {
    throw new CommandError(EXIT.unreadable, `${deployment.path}: plane is not a plane's id`);
  }
  const inForce = openRegistry(heads, documents, plane, anchors);
  if (isRefusal(inForce)) throw unbelieved(inForce.detail);
  return inForce;
}

const unbelieved = (why: string): CommandError =>
  new CommandError(
    EXIT.no,
    `the trust policy in the tables is not verified, so it is neither shown nor continued: ${why}. Is the deployment's anchor the right one? If it is: vai export, vai verify, and the runbook`,
  );
