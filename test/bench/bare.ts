import { randomUUID } from "node:crypto";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CreateRoleCommand, GetUserCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import type { LocalPlane } from "../support/local/plane.ts";
import type { Session, Subject } from "./subjects.ts";

/** What anybody does who has a role and no governance. */
export interface Bare {
  /** AssumeRole alone. */
  assume(): Promise<Session>;
  /** AssumeRole, and the calls of the subject. */
  act(): Promise<void>;
}

/** A role that the deployer may assume, with a session policy of the same kind at each AssumeRole. */
export async function bareOf(plane: LocalPlane, subject: Subject): Promise<Bare> {
  const { iam, sts } = plane.deployer;
  const RoleName = `bench-${randomUUID().slice(0, 8)}`;
  const { User } = await iam.send(new GetUserCommand({}));
  const trust = allow({ Principal: { AWS: User?.Arn }, Action: "sts:AssumeRole" });
  const policy = allow({ Action: subject.action, Resource: subject.operation.resource });
  const role = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
  const inline = { RoleName, PolicyName: "bench", PolicyDocument: policy };
  await iam.send(new PutRolePolicyCommand(inline));
  const assume = async (): Promise<Session> => {
    const input = { RoleArn: role.Role?.Arn, RoleSessionName: "bench", DurationSeconds: 900 };
    const { Credentials } = await sts.send(new AssumeRoleCommand({ ...input, Policy: policy }));
    return sessionOf(plane, {
      accessKeyId: Credentials?.AccessKeyId ?? "",
      secretAccessKey: Credentials?.SecretAccessKey ?? "",
      sessionToken: Credentials?.SessionToken ?? "",
    });
  };
  return { assume, act: async () => subject.bare(await assume(), plane.deployer) };
}

const allow = (parts: object): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...parts }] });

/** Nobody makes a client that is not used: making one costs as much as a call. */
function sessionOf(
  { outputs: { endpoint, region } }: LocalPlane,
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string },
): Session {
  const config = { endpoint, region, credentials };
  return {
    get dynamoDb() {
      return new DynamoDBClient(config);
    },
    get lambda() {
      return new LambdaClient(config);
    },
  };
}
