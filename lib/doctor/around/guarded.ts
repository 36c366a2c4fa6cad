import type { Expected } from "../plane.ts";
import { keyArn } from "../plane.ts";

/** Something that nobody should reach without a contract. */
export interface Guarded {
  /** What a person calls it: `target …`, `table …`. */
  readonly what: string;
  /** ARNs by which its calls name it; one may end in `*`. */
  readonly resources: readonly string[];
  /** IAM service prefix of what is asked besides `actions`. */
  readonly service: string;
  readonly actions: readonly string[];
  /** Whether any other call of the service that does not merely read counts too. */
  readonly isAllWrites: boolean;
  /** Policies of the resource itself, as texts. */
  readonly policies: readonly string[];
}

/** Calls by which a target is changed, by family; what else a policy names or covers is asked besides. */
const CHANGES: Readonly<Record<string, readonly string[]>> = {
  dynamodb: [
    "UpdateItem",
    "PutItem",
    "DeleteItem",
    "BatchWriteItem",
    "PartiQLUpdate",
    "DeleteTable",
  ],
  ec2: ["StartInstances", "StopInstances", "RebootInstances", "TerminateInstances"],
  ecs: ["UpdateService", "DeleteService"],
  lambda: ["UpdateAlias", "UpdateFunctionCode", "UpdateFunctionConfiguration", "AddPermission"],
  s3: ["PutObject", "DeleteObject", "PutBucketPolicy"],
  ssm: ["PutParameter", "DeleteParameter"],
};

/** A governed target with its family; `arn` may end in `*`. */
export interface Target {
  readonly family: string;
  readonly arn: string;
  /** The target's own policy, where it has one. */
  readonly policy?: string;
}

export const guardedTargets = (targets: readonly Target[]): readonly Guarded[] =>
  targets.map(({ family, arn, policy }) => ({
    what: `target ${arn}`,
    resources: [...new Set([arn, wholeOf(family, arn)])],
    service: family,
    actions: [...(CHANGES[family] ?? []), ...(isInvoked(arn) ? ["InvokeFunction"] : [])].map(
      (name) => `${family}:${name}`,
    ),
    isAllWrites: true,
    policies: policy === undefined ? [] : [policy],
  }));

/** A function is governed with its qualifier where it is invoked. */
const isInvoked = (arn: string): boolean => /:function:[^:]+:[^:]+$/.test(arn);

/**
 * What a target is a part of: a bucket can be emptied, opened or replaced as a whole, and a function without its qualifier
 * holds the same credentials as the version that is invoked.
 */
const wholeOf = (family: string, arn: string): string => {
  if (family === "s3") return arn.split("/")[0] ?? arn;
  return isInvoked(arn) ? arn.replace(/:[^:]+$/, "") : arn;
};

/** Policies of the plane's own parts as they were read, by ARN. */
export type OwnPolicies = ReadonlyMap<string, string>;

/**
 * The plane's functions, tables, keys and stack: whoever writes there makes evidence, trust or code. CloudFormation updates
 * a stack under the role that it has, whether or not who asks may pass that role (CloudFormation user guide, service role).
 */
export function guardedParts(expected: Expected, own: OwnPolicies): readonly Guarded[] {
  const { arn, deployment, watch, revokeEvents, isThrowAway, stackName } = expected;
  const { functions, tables, evidenceKeyId, planeKeyId } = deployment;
  const part = (kind: string, resource: string, service: string, names: readonly string[]) => ({
    ...{ what: `${kind} ${resource}`, resources: [resource], service, isAllWrites: false },
    actions: names.map((name) => `${service}:${name}`),
    policies: [own.get(resource) ?? []].flat(),
  });
  return [
    ...[...Object.values(functions), watch.functionName, revokeEvents].map((name) =>
      part("function", arn("lambda", `function:${name}`), "lambda", [
        ...["UpdateFunctionCode", "UpdateFunctionConfiguration", "DeleteFunction"],
        ...["AddPermission", "UpdateFunctionUrlConfig"],
      ]),
    ),
    ...Object.values(tables).map((name) =>
      part("table", arn("dynamodb", `table/${name}`), "dynamodb", [
        ...["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLUpdate"],
        ...["PartiQLInsert", "PartiQLDelete", "UpdateTimeToLive", "UpdateTable"],
        ...["PutResourcePolicy", "DeleteResourcePolicy", ...(isThrowAway ? [] : ["DeleteTable"])],
      ]),
    ),
    ...[evidenceKeyId, planeKeyId].map((id) =>
      part("key", keyArn(expected, id), "kms", [...["Sign", "CreateGrant", "PutKeyPolicy"]]),
    ),
    part("stack", arn("cloudformation", `stack/${stackName}/*`), "cloudformation", [
      ...["UpdateStack", "CreateChangeSet", "ExecuteChangeSet", "DeleteStack"],
    ]),
  ];
}

/** One of the plane's roles, with its trust policy: becoming it, or changing it. */
export const guardedRole = (roleArn: string, trust: string | undefined): Guarded => ({
  what: `role ${roleArn}`,
  resources: [roleArn],
  service: "iam",
  actions: [
    "sts:AssumeRole",
    ...["PassRole", "UpdateAssumeRolePolicy", "PutRolePolicy", "AttachRolePolicy"].map(
      (name) => `iam:${name}`,
    ),
    ...["PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary", "TagRole"].map(
      (name) => `iam:${name}`,
    ),
  ],
  isAllWrites: false,
  policies: trust === undefined ? [] : [trust],
});

/** Whose rights, and where else than on itself they are written. */
export interface Righted {
  readonly arn: string;
  /** ARNs of a user's groups. */
  readonly groups: readonly string[];
  /** ARNs of its managed policies and its boundary. */
  readonly managed: readonly string[];
}

/** Where a principal's own rights are written: who may write there has every right. */
export function guardedRights({ arn, groups, managed }: Righted): readonly Guarded[] {
  const kind = arn.includes(":user/") ? "User" : "Role";
  const written = (resources: readonly string[], names: readonly string[]): Guarded => ({
    ...{ what: "its own rights", resources, service: "iam", isAllWrites: false, policies: [] },
    actions: names.map((name) => `iam:${name}`),
  });
  return [
    written([arn], [`Put${kind}Policy`, `Attach${kind}Policy`]),
    written(groups, ["PutGroupPolicy", "AttachGroupPolicy"]),
    // Those of AWS itself nobody changes.
    written(
      managed.filter((each) => !each.includes(":iam::aws:")),
      ["CreatePolicyVersion", "SetDefaultPolicyVersion"],
    ),
  ];
}
