import {
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  type IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
} from "@aws-sdk/client-iam";
import { present } from "../../encoding/present.ts";
import { look, type Seen, whenRead } from "./look.ts";

/** A policy document as JSON text, with the name under which a person finds it. */
export interface PolicyText {
  readonly name: string;
  readonly text: string;
}

export interface RoleFacts {
  readonly arn: string;
  readonly trust: Seen<string>;
  /** The permissions boundary; absent when the role has none. */
  readonly boundary: Seen<PolicyText>;
  /** Inline policies by their name, attached ones by their ARN. */
  readonly policies: Seen<readonly PolicyText[]>;
  /** Keys of its tags. */
  readonly tags: Seen<readonly string[]>;
}

/** IAM returns documents percent-encoded. */
const decoded = (text = ""): string => decodeURIComponent(text);

export async function readRole(client: IAMClient, arn: string): Promise<RoleFacts> {
  const RoleName = arn.slice(arn.lastIndexOf("/") + 1);
  const role = await look("iam:GetRole", async () => {
    const { Role } = await client.send(new GetRoleCommand({ RoleName }));
    return Role?.Arn === arn ? Role : undefined;
  });
  const [trust, boundary, policies, tags] = await Promise.all([
    whenRead(role, async ({ AssumeRolePolicyDocument }) => ({
      status: "seen" as const,
      value: decoded(AssumeRolePolicyDocument),
    })),
    whenRead(role, async ({ PermissionsBoundary }): Promise<Seen<PolicyText>> => {
      const policyArn = PermissionsBoundary?.PermissionsBoundaryArn;
      return policyArn === undefined ? { status: "absent" } : readManagedPolicy(client, policyArn);
    }),
    whenRead(role, () => readPolicies(client, RoleName)),
    whenRead(role, async ({ Tags = [] }) => ({
      status: "seen" as const,
      value: Tags.map(({ Key }) => Key ?? ""),
    })),
  ]);
  return { arn, trust, boundary, policies, tags };
}

/** The version in force of a managed policy. */
export const readManagedPolicy = (client: IAMClient, arn: string): Promise<Seen<PolicyText>> =>
  look("iam:GetPolicy and iam:GetPolicyVersion", () => managedPolicy(client, arn));

async function managedPolicy(client: IAMClient, PolicyArn: string): Promise<PolicyText> {
  const { Policy } = await client.send(new GetPolicyCommand({ PolicyArn }));
  const VersionId = Policy?.DefaultVersionId ?? "v1";
  const { PolicyVersion } = await client.send(
    new GetPolicyVersionCommand({ PolicyArn, VersionId }),
  );
  return { name: PolicyArn, text: decoded(PolicyVersion?.Document) };
}

const readPolicies = (client: IAMClient, RoleName: string): Promise<Seen<readonly PolicyText[]>> =>
  look("iam:ListRolePolicies, iam:GetRolePolicy and iam:ListAttachedRolePolicies", async () => {
    const [names, arns] = await Promise.all([
      inlineNames(client, RoleName),
      attachedArns(client, RoleName),
    ]);
    const inline = names.map(async (PolicyName) => {
      const command = new GetRolePolicyCommand({ RoleName, PolicyName });
      const { PolicyDocument } = await client.send(command);
      return { name: PolicyName, text: decoded(PolicyDocument) };
    });
    return Promise.all([...inline, ...arns.map((arn) => managedPolicy(client, arn))]);
  });

async function inlineNames(client: IAMClient, RoleName: string): Promise<string[]> {
  const names: string[] = [];
  let Marker: string | undefined;
  do {
    const page = await client.send(
      new ListRolePoliciesCommand({ RoleName, ...present({ Marker }) }),
    );
    names.push(...(page.PolicyNames ?? []));
    Marker = page.IsTruncated === true ? page.Marker : undefined;
  } while (Marker !== undefined);
  return names;
}

async function attachedArns(client: IAMClient, RoleName: string): Promise<string[]> {
  const arns: string[] = [];
  let Marker: string | undefined;
  do {
    const page = await client.send(
      new ListAttachedRolePoliciesCommand({ RoleName, ...present({ Marker }) }),
    );
    arns.push(...(page.AttachedPolicies ?? []).flatMap(({ PolicyArn }) => PolicyArn ?? []));
    Marker = page.IsTruncated === true ? page.Marker : undefined;
  } while (Marker !== undefined);
  return arns;
}
