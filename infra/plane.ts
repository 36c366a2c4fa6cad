import { ArnFormat, Stack } from "aws-cdk-lib";
import type { Construct } from "constructs";

/**
 * The physical name of one of the plane's own resources. They are fixed, not generated: contracts
 * on resources whose name begins so are refused, and permissions boundaries deny them, without
 * knowing what the stack holds.
 */
export const ownName = (plane: string, part: string): string => `vai-${plane}-${part}`;

/**
 * The plane id, `vai:<account>:<region>:<name>`, of the account and region that the stack is
 * deployed to.
 */
export const planeId = (scope: Construct, plane: string): string => {
  const { account, region } = Stack.of(scope);
  return `vai:${account}:${region}:${plane}`;
};

/** Log group of one of the plane's functions. */
export const logGroupName = (plane: string, functionName: string): string =>
  `/vai/${plane}/${functionName}`;

/**
 * ARN patterns of everything with a fixed name that the plane owns, in every region: tables,
 * indexes, functions, logs.
 */
export function ownResources(scope: Construct, plane: string): string[] {
  const stack = Stack.of(scope);
  return [
    stack.formatArn({
      service: "dynamodb",
      region: "*",
      resource: "table",
      resourceName: ownName(plane, "*"),
    }),
    stack.formatArn({
      service: "lambda",
      region: "*",
      resource: "function",
      resourceName: ownName(plane, "*"),
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    }),
    stack.formatArn({
      service: "logs",
      region: "*",
      resource: "log-group",
      resourceName: logGroupName(plane, "*"),
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    }),
  ];
}
