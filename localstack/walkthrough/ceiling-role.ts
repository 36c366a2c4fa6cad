import { randomBytes } from "node:crypto";
import {
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import type { Clients } from "../deploy/clients.ts";
import type { AwsCredentials } from "../machine/start-processes.ts";

const TAG = "vai-identity";
const document = (Statement: readonly object[]) =>
  JSON.stringify({ Version: "2012-10-17", Statement });

/**
 * Makes a role that may do more than any contract: reading and updating every alias, in every
 * region. Whoever makes it may assume it with the plane's tag. It is gone when `work` ends.
 */
export async function withCeilingRole<T>(
  { iam, sts }: Clients,
  work: (roleArn: string) => Promise<T>,
): Promise<T> {
  const RoleName = `walkthrough-ceiling-${randomBytes(4).toString("hex")}`;
  const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
  const AssumeRolePolicyDocument = document([
    {
      ...{ Effect: "Allow", Principal: { AWS: Arn }, Action: ["sts:AssumeRole", "sts:TagSession"] },
      Condition: { StringLike: { [`aws:RequestTag/${TAG}`]: "vai-*" } },
    },
  ]);
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  const policy = { RoleName, PolicyName: "ceiling" };
  const PolicyDocument = document([
    { Effect: "Allow", Action: ["lambda:GetAlias", "lambda:UpdateAlias"], Resource: "*" },
  ]);
  try {
    await iam.send(new PutRolePolicyCommand({ ...policy, PolicyDocument }));
    return await work(Role?.Arn ?? "");
  } finally {
    await iam.send(new DeleteRolePolicyCommand(policy)).catch(() => {});
    await iam.send(new DeleteRoleCommand({ RoleName })).catch(() => {});
  }
}

/** How a session is asked for: the names and the tag as the plane gives them. */
export interface Assuming {
  readonly roleArn: string;
  /** JSON of the session policy. */
  readonly policy?: string;
}

/** Credentials of a tagged session. @throws the SDK's error when STS or IAM refuses. */
export async function assumeTagged(
  { sts }: Clients,
  { roleArn, policy }: Assuming,
  sourceIdentity = false,
): Promise<AwsCredentials> {
  const name = "vai-walkthrough";
  const { Credentials } = await sts.send(
    new AssumeRoleCommand({
      ...{ RoleArn: roleArn, RoleSessionName: name, DurationSeconds: 900 },
      Tags: [{ Key: TAG, Value: name }],
      ...(sourceIdentity && { SourceIdentity: name }),
      ...(policy !== undefined && { Policy: policy }),
    }),
  );
  const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = Credentials ?? {};
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
  };
}
