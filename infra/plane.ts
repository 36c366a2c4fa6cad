import { ArnFormat, Stack } from "aws-cdk-lib";
import type { Construct } from "constructs";

/**
 * The physical name of one of the plane's own resources. They are fixed, not generated: contracts
 * on resources whose name begins so are refused, and permissions boundaries deny them, without
 * knowing what the stack holds.
 */
export const ownName = (plane: string, part: string): string => `vai-${plane}-${part}`;

/** Context of a stack: whether what an account has once for all its regions is named after the region too. */
export const REGIONAL_NAMES = "vai:regionalNames";

/**
 * The physical name of something that an account has once for all its regions: a role, a managed policy, a dashboard. With
 * the region in it, two planes of one name can be in two regions of an account.
 */
export function accountWideName(scope: Construct, plane: string, part: string): string {
  const region = regionInNames(scope);
  return region === undefined ? ownName(plane, part) : `${ownName(plane, part)}-${region}`;
}

/** The region, if it stands in such names. */
export const regionInNames = (scope: Construct): string | undefined =>
  scope.node.tryGetContext(REGIONAL_NAMES) === true ? Stack.of(scope).region : undefined;

/**
 * The plane id, `vai:<account>:<region>:<name>`, of the account and region that the stack is
 * deployed to.
 */
export const planeId = (scope: Construct, plane: string): string => {
  const { account, region } = Stack.of(scope);
  return `vai:${account}:${region}:${plane}`;
};

/** A table as its policies and readers name it: by its fixed name, so that none of them needs the table to be there. */
export interface OwnTable {
  readonly tableName: string;
  readonly tableArn: string;
}

/** One of the plane's tables, whether or not it is made yet. */
export function ownTable(scope: Construct, plane: string, part: TablePart): OwnTable {
  const tableName = ownName(plane, part);
  const form = { service: "dynamodb", resource: "table", resourceName: tableName };
  return { tableName, tableArn: Stack.of(scope).formatArn(form) };
}

/** ARN of one of the plane's functions, by its fixed name: its role's policy is made before it. */
export const ownFunctionArn = (scope: Construct, plane: string, name: string): string =>
  Stack.of(scope).formatArn({
    service: "lambda",
    resource: "function",
    resourceName: ownName(plane, name),
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });

/** Log group of one of the plane's functions. */
export const logGroupName = (plane: string, functionName: string): string =>
  `/vai/${plane}/${functionName}`;

/** Which of the plane's tables. */
export type TablePart = "evidence" | "state" | "registry";

/** Services, in every region, with the form of the plane's own resources there. */
const OWN_RESOURCES = [
  { service: "dynamodb", resource: "table" },
  { service: "lambda", resource: "function", arnFormat: ArnFormat.COLON_RESOURCE_NAME },
  { service: "cloudwatch", resource: "alarm", arnFormat: ArnFormat.COLON_RESOURCE_NAME },
  { service: "ssm", resource: "parameter" },
  { service: "cloudformation", resource: "stack" },
] as const;

/**
 * ARN patterns of everything with a fixed name that the plane owns, in every region: tables with
 * their indexes, functions, alarms, topics, buckets, parameters, stacks, logs. Roles and keys are
 * out of reach whatever their name: boundaries deny `iam`, `sts` and `kms` altogether.
 */
export function ownResources(scope: Construct, plane: string): string[] {
  const stack = Stack.of(scope);
  const every = ownName(plane, "*");
  return [
    ...OWN_RESOURCES.map((form) => stack.formatArn({ ...form, region: "*", resourceName: every })),
    // Dashboards and buckets have no region, topics no type, log groups another form of name.
    stack.formatArn({
      service: "cloudwatch",
      region: "",
      resource: "dashboard",
      resourceName: every,
    }),
    stack.formatArn({ service: "s3", region: "", account: "", resource: every }),
    stack.formatArn({ service: "sns", region: "*", resource: every }),
    stack.formatArn({
      service: "logs",
      region: "*",
      resource: "log-group",
      resourceName: logGroupName(plane, "*"),
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    }),
  ];
}
