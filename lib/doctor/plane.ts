import type { Deployment } from "../cli/deployment.ts";
import { CommandError, EXIT } from "../cli/io.ts";
import { parsePlaneId } from "../config.ts";
import type { Written } from "./written/written.ts";

/** The functions that hold roles of their own; agents call the first three. */
export const FUNCTION_NAMES = [
  "issue",
  "execute",
  "delegate",
  "govern",
  "revoke",
  "sweep",
] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];
/** The others: the watch, and the one of commands that come as events, of `revoke`'s code under its role. */
export type FunctionUse = FunctionName | "watch" | "revoke-events";

/** What a deployment should be, as every check needs it. */
export interface Expected {
  readonly deployment: Deployment;
  readonly partition: string;
  readonly account: string;
  /** Name of the plane. */
  readonly name: string;
  /** The CloudFormation stack that made it (infra/app.ts). */
  readonly stackName: string;
  /** ARNs of the functions' roles: their names are fixed, so that tables, keys and roles can name them. */
  readonly roles: Readonly<Record<FunctionName, string>>;
  /** The function that is told of changed records; nobody calls it, so the outputs do not name it. */
  readonly watch: { readonly functionName: string; readonly roleArn: string };
  /** The function of commands that come as events; nobody calls it either. */
  readonly revokeEvents: string;
  /** What the stack wrote; undefined while, or where, its template cannot be read. */
  readonly written: Written | undefined;
  /** Whether the functions look, by sessions with a tag of their own, if IAM denies what was revoked. */
  readonly hasProbes: boolean;
  /** Made to be thrown away: with samples or without `retain`, hence without protection against deletion. */
  readonly isThrowAway: boolean;
  /** Name of one of its roles or managed policies, which an account has once for all its regions. */
  accountWideName(part: string): string;
  /** An ARN in the deployment's account and region; IAM has no region. */
  arn(
    service: "cloudformation" | "dynamodb" | "events" | "iam" | "kms" | "lambda",
    resource: string,
  ): string;
}

export function expectedOf(deployment: Deployment): Expected {
  const plane = parsePlaneId(deployment.plane);
  if (plane === undefined)
    throw new CommandError(EXIT.unreadable, `${deployment.path}: /plane is not a plane id`);
  const { account, region, name } = plane;
  const { partition = "aws" } = deployment;
  const arn: Expected["arn"] = (service, resource) =>
    `arn:${partition}:${service}:${service === "iam" ? "" : region}:${account}:${resource}`;
  const end = deployment.regionalNames === true ? `-${region}` : "";
  const accountWideName = (part: string): string => `vai-${name}-${part}${end}`;
  const role = (use: FunctionUse): string => arn("iam", `role/${accountWideName(use)}`);
  return {
    ...{ deployment, partition, account, name, arn, accountWideName, stackName: `vai-${name}` },
    roles: {
      ...{ issue: role("issue"), execute: role("execute"), delegate: role("delegate") },
      ...{ govern: role("govern"), revoke: role("revoke"), sweep: role("sweep") },
    },
    watch: {
      functionName: `vai-${name}-watch`,
      roleArn: role("watch"),
    },
    revokeEvents: `vai-${name}-revoke-events`,
    written: undefined,
    hasProbes: true,
    isThrowAway: deployment.samples !== undefined || deployment.retain === false,
  };
}

/** ARN of a KMS key by what a deployment calls it: its id, or for one that was brought its ARN. */
export const keyArn = ({ arn }: Expected, id: string): string =>
  id.startsWith("arn:") ? id : arn("kms", `key/${id}`);

/** ARN of a session of a role, as a principal that asks for something. */
export const sessionOf = (roleArn: string): string => {
  const name = roleArn.slice(roleArn.lastIndexOf("/") + 1);
  return `${roleArn.replace(":iam:", ":sts:").replace(/:role\/.*$/, "")}:assumed-role/${name}/vai-doctor`;
};

/** What AWS adds to every call that one of the functions makes (Lambda developer guide, source function ARN). */
export const madeBy = (
  { arn, deployment }: Expected,
  name: FunctionName,
): Readonly<Record<string, string>> => ({
  "lambda:SourceFunctionArn": arn("lambda", `function:${deployment.functions[name]}`),
});

/** People with every right in the account whom no policy of the plane names. */
export const administrators = ({ arn }: Expected): readonly string[] => [
  arn("iam", "user/administrator"),
  sessionOf(arn("iam", "role/Administrator")),
];
