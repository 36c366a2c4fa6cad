import { GetResourcePolicyCommand, PutResourcePolicyCommand } from "@aws-sdk/client-dynamodb";
import {
  AttachRolePolicyCommand,
  CreatePolicyVersionCommand,
  DeletePolicyVersionCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  PutRolePolicyCommand,
  TagRoleCommand,
  UntagRoleCommand,
} from "@aws-sdk/client-iam";
import {
  CreateGrantCommand,
  GetKeyPolicyCommand,
  PutKeyPolicyCommand,
  RevokeGrantCommand,
} from "@aws-sdk/client-kms";
import {
  AddPermissionCommand,
  DeleteFunctionConcurrencyCommand,
  GetFunctionConcurrencyCommand,
  PutFunctionConcurrencyCommand,
  RemovePermissionCommand,
} from "@aws-sdk/client-lambda";
import { ADMINISTRATOR } from "../../../localstack/deploy/identities.ts";
import { document } from "./iam.ts";
import type { LocalPlane } from "./plane.ts";

/** A change by hand of the deployed stack, and what must be said about it. */
export interface Damage {
  readonly what: string;
  readonly named: RegExp;
  /** Breaks it; @returns how to mend it, whether or not it was mended since. */
  readonly make: (plane: LocalPlane) => Promise<() => Promise<unknown>>;
}

const EVERYTHING = { Effect: "Allow", Action: "*", Resource: "*" };
const personOf = ({ outputs }: LocalPlane): string => `arn:aws:iam::${outputs.account}:user/agent`;
const gone = (): undefined => undefined;

type Statement = Readonly<Record<string, unknown>>;

/** Edits the policy of a key; mended by the text that it had. */
async function editKey(
  { deployer: { kms } }: LocalPlane,
  KeyId: string,
  edit: (statements: Statement[]) => Statement[],
) {
  const { Policy = "" } = await kms.send(new GetKeyPolicyCommand({ KeyId }));
  const policy = JSON.parse(Policy);
  const put = (text: string) => kms.send(new PutKeyPolicyCommand({ KeyId, Policy: text }));
  await put(JSON.stringify({ ...policy, Statement: edit(policy.Statement) }));
  return () => put(Policy);
}

/** Edits the policy of a table; mended by the text that it had. */
async function editTable(
  { deployer: { dynamoDb }, outputs }: LocalPlane,
  name: string,
  edit: (statements: Statement[]) => Statement[],
) {
  const ResourceArn = `arn:aws:dynamodb:${outputs.region}:${outputs.account}:table/${name}`;
  const { Policy = "" } = await dynamoDb.send(new GetResourcePolicyCommand({ ResourceArn }));
  const policy = JSON.parse(Policy);
  const put = (text: string) =>
    dynamoDb.send(new PutResourcePolicyCommand({ ResourceArn, Policy: text }));
  await put(JSON.stringify({ ...policy, Statement: edit(policy.Statement) }));
  return () => put(Policy);
}

const excepting = (who: string) => (statements: Statement[]) =>
  statements.map((each) =>
    each["Sid"] === "RecordsNeverChange" || each["Sid"] === "NobodyDeletes"
      ? { ...each, Condition: { ArnNotEquals: { "aws:PrincipalArn": who } } }
      : each,
  );

/** Doors that somebody opens for one person, and what is attached besides. */
export const OPENED: readonly Damage[] = [
  {
    what: "a key policy that lets one person sign",
    named: /key evidence .*: its policy lets others sign: .*user\/agent/,
    make: (plane) =>
      editKey(plane, plane.outputs.evidenceKeyId, (statements) => [
        ...statements.filter(({ Sid }) => Sid !== "NobodyElseSigns"),
        {
          ...{ Effect: "Allow", Principal: { AWS: personOf(plane) } },
          ...{ Action: "kms:Sign", Resource: "*" },
        },
      ]),
  },
  {
    what: "a grant on a key",
    named: /key plane .*: a grant lets .*user\/agent Sign/,
    make: async (plane) => {
      const { kms } = plane.deployer;
      const KeyId = plane.outputs.planeKeyId;
      const back = await editKey(plane, KeyId, (statements) => [
        ...statements,
        {
          ...{ Effect: "Allow", Principal: { AWS: `arn:aws:iam::${plane.outputs.account}:root` } },
          ...{ Action: "kms:CreateGrant", Resource: "*" },
        },
      ]);
      const grant = { KeyId, GranteePrincipal: personOf(plane) };
      const { GrantId } = await kms.send(
        new CreateGrantCommand({ ...grant, Operations: ["Sign"] }),
      );
      await back();
      return () => kms.send(new RevokeGrantCommand({ KeyId, GrantId })).catch(gone);
    },
  },
  ...(["evidence", "state", "registry"] as const).map(
    (use): Damage => ({
      what: `an exception for one person in a Deny of ${use}`,
      named: new RegExp(`table vai-local-${use}: its policy excepts .*user/agent`),
      make: (plane) => editTable(plane, plane.outputs.tables[use], excepting(personOf(plane))),
    }),
  ),
  {
    what: "a permission for another account to call a function",
    named: /function vai-local-govern: its resource policy lets .*111122223333/,
    make: async ({ deployer: { lambda }, outputs }) => {
      const added = { FunctionName: outputs.functions.govern, StatementId: "partner" };
      const Principal = "111122223333";
      await lambda.send(
        new AddPermissionCommand({ ...added, Action: "lambda:InvokeFunction", Principal }),
      );
      return () => lambda.send(new RemovePermissionCommand(added)).catch(gone);
    },
  },
  {
    what: "another reservation of a function",
    named: /function vai-local-govern: its reserved concurrency is none, not 2/,
    make: async ({ deployer: { lambda }, outputs }) => {
      const FunctionName = outputs.functions.govern;
      const before = await lambda.send(new GetFunctionConcurrencyCommand({ FunctionName }));
      await lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
      const { ReservedConcurrentExecutions } = before;
      return () =>
        lambda.send(
          new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions }),
        );
    },
  },
  ...["issue", "execute", "govern", "watch"].map(
    (use): Damage => ({
      what: `an inline Allow * * on the role of ${use}`,
      named: new RegExp(`role vai-local-${use}: has an inline policy .*did not write: more`),
      make: async ({ deployer: { iam } }) => {
        const policy = { RoleName: `vai-local-${use}`, PolicyName: "more" };
        const PolicyDocument = document(EVERYTHING);
        await iam.send(new PutRolePolicyCommand({ ...policy, PolicyDocument }));
        return () => iam.send(new DeleteRolePolicyCommand(policy)).catch(gone);
      },
    }),
  ),
  {
    what: "a managed policy attached to a reader role",
    named: /reader role vai-local-read-s3: has a policy attached .*AdministratorAccess/,
    make: async ({ deployer: { iam } }) => {
      const attached = { RoleName: "vai-local-read-s3", PolicyArn: ADMINISTRATOR };
      await iam.send(new AttachRolePolicyCommand(attached));
      return () => iam.send(new DetachRolePolicyCommand(attached)).catch(gone);
    },
  },
  {
    what: "an execution role with the identity tag of its own",
    named: /execution role vai-local-exec-s3: the role itself has the tag vai-identity/,
    make: async ({ deployer: { iam } }) => {
      const RoleName = "vai-local-exec-s3";
      await iam.send(
        new TagRoleCommand({ RoleName, Tags: [{ Key: "vai-identity", Value: "vai-x" }] }),
      );
      return () => iam.send(new UntagRoleCommand({ RoleName, TagKeys: ["vai-identity"] }));
    },
  },
  ...[
    { name: "boundary-s3", subject: "execution role vai-local-exec-s3: its permissions boundary" },
    { name: "agent", subject: "policy vai-local-agent: its text" },
  ].map(
    ({ name, subject }): Damage => ({
      what: `another version of the managed policy ${name}`,
      named: new RegExp(`${subject}.* is not what the stack wrote: it has Allow \\*`),
      make: async ({ deployer: { iam }, outputs: { account } }) => {
        const PolicyArn = `arn:aws:iam::${account}:policy/vai-local-${name}`;
        const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
        const before = Policy?.DefaultVersionId;
        const version = { PolicyArn, VersionId: before };
        const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand(version));
        const put = (PolicyDocument: string) =>
          iam.send(
            new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument, SetAsDefault: true }),
          );
        const opened = (await put(document(EVERYTHING))).PolicyVersion?.VersionId;
        return async () => {
          const now = await iam.send(new GetPolicyCommand({ PolicyArn }));
          if (now.Policy?.DefaultVersionId === opened)
            await put(decodeURIComponent(PolicyVersion?.Document ?? ""));
          await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: opened }));
        };
      },
    }),
  ),
];
