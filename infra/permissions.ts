import type { Table } from "aws-cdk-lib/aws-dynamodb";
import type { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { allow, IN_TRANSACTION } from "./statements.ts";

/** What the functions' permissions refer to. */
export interface PlaneResources {
  readonly evidence: Table;
  readonly state: Table;
  readonly registry: Table;
  readonly evidenceKey: IKey;
}

/**
 * Reading chains and appending signed records, which every function does.
 *
 * Resources are base tables: enforcement reads strongly consistently, which an index cannot do.
 */
const recordKeeping = ({ evidence, state, evidenceKey }: PlaneResources): PolicyStatement[] => [
  // Query folds a chain, GetItem reads its last record.
  allow("ReadEvidence", ["dynamodb:GetItem", "dynamodb:Query"], [evidence.tableArn]),
  // A barrier's records, with their chain's head, in one transaction. A put outside one could leave
  // a record without its head. No update, delete, batch or PartiQL.
  allow(
    "AppendEvidence",
    ["dynamodb:PutItem", "dynamodb:ConditionCheckItem"],
    [evidence.tableArn],
    IN_TRANSACTION,
  ),
  // Chain heads and retry keys move inside the barrier, counters of refusals outside of it. Nothing
  // is deleted: TTL does.
  allow(
    "KeepState",
    ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem"],
    [state.tableArn],
  ),
  // The key's own policy decides how (digests only); this permission says that this function does.
  // GetPublicKey: the function names the key in a record by its thumbprint.
  allow("SignEvidence", ["kms:Sign", "kms:GetPublicKey"], [evidenceKey.keyArn]),
];

/**
 * Everything that `issue` may do, besides writing its log. It touches no target itself: the
 * sessions it obtains do.
 */
export const issuePermissions = (
  resources: PlaneResources,
  roles: { readonly execution: readonly string[]; readonly reader: readonly string[] },
): PolicyStatement[] => [
  ...recordKeeping(resources),
  // Whom the plane believes, and what is halted; only govern writes it.
  allow("ReadRegistry", ["dynamodb:GetItem", "dynamodb:Query"], [resources.registry.tableArn]),
  // The one way to authority. Tag and source identity travel with AssumeRole and need their own
  // permissions.
  allow(
    "ObtainBoundedSession",
    ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
    roles.execution,
  ),
  // Looking at targets before and after a call; such a session carries neither tag nor source
  // identity.
  allow("ObtainReaderSession", ["sts:AssumeRole"], roles.reader),
];

/**
 * Everything that `govern` may do, besides writing its log. No STS: it changes who is trusted,
 * never a target.
 */
export const governPermissions = (resources: PlaneResources): PolicyStatement[] => [
  ...recordKeeping(resources),
  allow("ReadRegistry", ["dynamodb:GetItem", "dynamodb:Query"], [resources.registry.tableArn]),
  // A change of trust is one transaction with its signed record, or it does not happen.
  allow(
    "ChangeRegistry",
    ["dynamodb:PutItem", "dynamodb:UpdateItem"],
    [resources.registry.tableArn],
    IN_TRANSACTION,
  ),
];
