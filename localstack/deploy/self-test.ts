import { randomBytes } from "node:crypto";
import { DescribeTableCommand } from "@aws-sdk/client-dynamodb";
import {
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, GetCallerIdentityCommand, type STSClient } from "@aws-sdk/client-sts";
import { LocalAwsError } from "../machine/errors.ts";
import { ACCOUNT, type AwsCredentials, REGION } from "../machine/start-processes.ts";
import { type Access, type Clients, clientsFor } from "./clients.ts";

const IDENTITY = "vai-self-test";
const DENIED = /AccessDenied|not authorized/i;

/** What is tested, and with what. */
export interface SelfTestOptions {
  readonly access: Access;
  /** An execution role of the plane: nobody but the issue function may assume it. */
  readonly executionRoleArn: string;
  /** Two tables of the plane; they are described, never read. */
  readonly tables: readonly [string, string];
  /** Root keys that must be refused. */
  readonly rootKeys: readonly AwsCredentials[];
}

/** One claim about the local AWS, and how it turned out: `fault` is what happened instead. */
export interface Finding {
  readonly claim: string;
  readonly fault?: string;
}

/**
 * Proves on the running endpoint that it enforces what the walkthrough and the tests rely on. A
 * wrong setting or a skipped fix-up shows here, before anything is believed.
 *
 * @returns one finding per claim; the ones without `fault` hold
 */
export async function selfTest(options: SelfTestOptions): Promise<Finding[]> {
  const clients = clientsFor(options.access);
  const signatures = await Promise.all(signatureProbes(options, clients).map(find));
  return withTestRole(options, clients, async (roleArn) => {
    const sessions = await Promise.all(sessionProbes(options, clients, roleArn).map(find));
    return [...signatures, ...sessions];
  });
}

/** @throws LocalAwsError that lists the claims that do not hold; does nothing when all do. */
export function requireAll(findings: readonly Finding[]): void {
  const failed = findings.filter(({ fault }) => fault !== undefined);
  if (failed.length === 0) return;
  const lines = failed.map(({ claim, fault }) => `  - not so: ${claim} (${fault})`);
  throw new LocalAwsError(
    "This endpoint does not enforce what AWS enforces, so nothing is started on it:\n" +
      `${lines.join("\n")}\n` +
      "With AWS_ENDPOINT_URL set, unset it to have an enforcing local AWS started. Otherwise run " +
      '"npm run local:down" and "npm run local:up" again.',
  );
}

interface Probe {
  readonly claim: string;
  /** Resolves when the claim holds, rejects with what happened instead. */
  readonly run: () => Promise<void>;
}

async function find({ claim, run }: Probe): Promise<Finding> {
  try {
    await run();
    return { claim };
  } catch (error) {
    return { claim, fault: (error as Error).message };
  }
}

function signatureProbes(options: SelfTestOptions, { sts, dynamoDb }: Clients): Probe[] {
  const { access, rootKeys, executionRoleArn } = options;
  const as = (credentials: AwsCredentials) => clientsFor({ ...access, credentials }).sts;
  const wrong = { ...access.credentials, secretAccessKey: "wrong" };
  const whoAmI = (client: STSClient) => client.send(new GetCallerIdentityCommand({}));
  return [
    {
      claim: "a wrong secret is refused",
      run: () => refused(whoAmI(as(wrong)), /SignatureDoesNotMatch/),
    },
    {
      claim: "the emulator's root keys are refused",
      run: async () => {
        for (const key of rootKeys) await refused(whoAmI(as(key)), /InvalidClientTokenId/);
      },
    },
    {
      claim: "a body changed after signing is refused",
      run: async () => {
        await dynamoDb.send(new DescribeTableCommand({ TableName: options.tables[0] }));
        await refused(whoAmI(tampering(as(access.credentials))), /SignatureDoesNotMatch/);
      },
    },
    {
      claim: "an execution role cannot be assumed by an administrator",
      run: () =>
        refused(
          sts.send(new AssumeRoleCommand({ RoleArn: executionRoleArn, RoleSessionName: IDENTITY })),
          DENIED,
        ),
    },
  ];
}

/** The client, changing one character of each body after it was signed. */
function tampering(client: STSClient): STSClient {
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body?: unknown };
      request.body = String(request.body).replace("2011-06-15", "2011-06-16");
      return next(args);
    },
    { step: "deserialize", priority: "low" },
  );
  return client;
}

function sessionProbes(options: SelfTestOptions, { sts }: Clients, RoleArn: string): Probe[] {
  const [inside, outside] = options.tables;
  const now = Date.now();
  const open = sessionPolicy(inside, now - 60_000, now + 900_000);
  const past = sessionPolicy(inside, now - 120_000, now - 60_000);
  const tagged = { Tags: [{ Key: "vai-identity", Value: IDENTITY }], SourceIdentity: IDENTITY };
  const assume = (input: object) =>
    sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: IDENTITY, ...input }));
  const describe = async (policy: string, TableName: string) => {
    const { Credentials } = await assume({ ...tagged, Policy: policy, DurationSeconds: 900 });
    const session = clientsFor({ ...options.access, credentials: credentialsOf(Credentials) });
    await session.dynamoDb.send(new DescribeTableCommand({ TableName }));
  };
  return [
    {
      claim: "a session within its policy and window is allowed",
      run: () => describe(open, inside),
    },
    {
      claim: "a session is refused outside its policy",
      run: () => refused(describe(open, outside), DENIED),
    },
    {
      claim: "a session is refused outside its window",
      run: () => refused(describe(past, inside), DENIED),
    },
    {
      claim: "a session without the demanded tag is refused",
      run: () => refused(assume({ SourceIdentity: IDENTITY }), DENIED),
    },
    {
      claim: "a session without the demanded source identity is refused",
      run: () => refused(assume({ Tags: tagged.Tags }), DENIED),
    },
  ];
}

async function refused(attempt: Promise<unknown>, expected: RegExp): Promise<void> {
  const error = await attempt.then(
    () => undefined,
    (reason: Error) => reason,
  );
  if (error === undefined) throw new Error("it was allowed");
  if (!expected.test(`${error.name} ${error.message}`)) throw error;
}

function credentialsOf(
  given:
    | {
        AccessKeyId?: string | undefined;
        SecretAccessKey?: string | undefined;
        SessionToken?: string | undefined;
      }
    | undefined,
): AwsCredentials {
  const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = given ?? {};
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
  };
}

const tableArn = (name: string) => `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${name}`;

function sessionPolicy(table: string, from: number, until: number): string {
  const denyWhen = (operator: string, at: number) => ({
    ...{ Effect: "Deny", Action: "*", Resource: "*" },
    Condition: { [operator]: { "aws:CurrentTime": new Date(at).toISOString() } },
  });
  return document([
    { Effect: "Allow", Action: "dynamodb:DescribeTable", Resource: tableArn(table) },
    denyWhen("DateLessThan", from),
    denyWhen("DateGreaterThanEquals", until),
  ]);
}

function document(statements: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/** A role that trusts the caller as execution roles trust the issue function; gone afterwards. */
async function withTestRole<T>(
  { tables }: SelfTestOptions,
  { iam, sts }: Clients,
  work: (roleArn: string) => Promise<T>,
): Promise<T> {
  const RoleName = `${IDENTITY}-${randomBytes(4).toString("hex")}`;
  const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
  const trust = testTrust(Arn ?? "");
  const { Role } = await iam.send(
    new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }),
  );
  try {
    const PolicyDocument = document([
      {
        ...{ Effect: "Allow", Action: "dynamodb:DescribeTable", Resource: tables.map(tableArn) },
        Condition: { Null: { "aws:PrincipalTag/vai-identity": "false" } },
      },
    ]);
    const policy = { RoleName, PolicyName: "reads" };
    await iam.send(new PutRolePolicyCommand({ ...policy, PolicyDocument }));
    try {
      return await work(Role?.Arn ?? "");
    } finally {
      await iam.send(new DeleteRolePolicyCommand(policy));
    }
  } finally {
    await iam.send(new DeleteRoleCommand({ RoleName }));
  }
}

function testTrust(principal: string): string {
  const like = (...keys: string[]) => ({
    StringLike: Object.fromEntries(keys.map((key) => [key, "vai-*"])),
  });
  const statement = (action: string, condition: object) => ({
    ...{ Effect: "Allow", Principal: { AWS: principal }, Action: action },
    Condition: condition,
  });
  const tag = "aws:RequestTag/vai-identity";
  return document([
    statement("sts:AssumeRole", like("sts:RoleSessionName", "sts:SourceIdentity", tag)),
    statement("sts:SetSourceIdentity", like("sts:SourceIdentity")),
    statement("sts:TagSession", {
      ...like(tag),
      "ForAllValues:StringEquals": { "aws:TagKeys": ["vai-identity"] },
      Null: { "aws:TagKeys": "false" },
    }),
  ]);
}
