import { parsePlaneId } from "../../config.ts";
import type { Deployment } from "../deployment.ts";
import { CommandError, EXIT } from "../io.ts";

/** The functions that hold roles of their own; agents call the first two. */
export const FUNCTION_NAMES = ["issue", "execute", "govern"] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** What a deployment should be, as every check needs it. */
export interface Expected {
  readonly deployment: Deployment;
  readonly account: string;
  readonly region: string;
  /** Name of the plane. */
  readonly name: string;
  /** ARNs of the functions' roles: as the functions say, else as the stack names them. */
  readonly roles: Readonly<Record<FunctionName, string>>;
  /** Made to be thrown away: with samples, hence without protection against deletion. */
  readonly isThrowAway: boolean;
}

export function expectedOf(
  deployment: Deployment,
  roles: Partial<Readonly<Record<FunctionName, string>>> = {},
): Expected {
  const plane = parsePlaneId(deployment.plane);
  if (plane === undefined)
    throw new CommandError(EXIT.unreadable, `${deployment.path}: /plane is not a plane id`);
  const { account, region, name } = plane;
  const roleOf = (use: FunctionName): string =>
    roles[use] || `arn:aws:iam::${account}:role/vai-${name}-${use}`;
  return {
    ...{ deployment, account, region, name },
    roles: { issue: roleOf("issue"), execute: roleOf("execute"), govern: roleOf("govern") },
    isThrowAway: deployment.samples !== undefined,
  };
}

/** ARN of a session of a role, as a principal that asks for something. */
export const sessionOf = (roleArn: string): string => {
  const name = roleArn.slice(roleArn.lastIndexOf("/") + 1);
  return `${roleArn.replace(":iam:", ":sts:").replace(/:role\/.*$/, "")}:assumed-role/${name}/vai-doctor`;
};

/** People with every right in the account whom no policy of the plane names. */
export const administrators = (account: string): readonly string[] => [
  `arn:aws:iam::${account}:user/administrator`,
  `arn:aws:sts::${account}:assumed-role/Administrator/somebody`,
];
