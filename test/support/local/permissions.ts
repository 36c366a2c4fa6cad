import { DescribeStackResourcesCommand } from "@aws-sdk/client-cloudformation";
import {
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  type IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
} from "@aws-sdk/client-iam";
import { REVOCATIONS } from "../../../lib/lifecycle/revocation-policy.ts";
import { PLANE_STACK } from "../../../localstack/deploy/deploy.ts";
import type { Document, Holder } from "../permission-mutants.ts";
import type { LocalPlane } from "./plane.ts";

/** A deployed role with the name of the one inline policy that the stack gave it, so that it can be changed. */
export interface RoleHolder extends Holder {
  readonly policyName: string;
  readonly boundaryArn?: string | undefined;
}

const read = (text: string | undefined): Document =>
  JSON.parse(decodeURIComponent(text ?? "")) as Document;

async function namesIn({ deployer }: LocalPlane, type: string): Promise<string[]> {
  const { StackResources = [] } = await deployer.cloudFormation.send(
    new DescribeStackResourcesCommand({ StackName: PLANE_STACK }),
  );
  const found = StackResources.filter(({ ResourceType }) => ResourceType === type);
  return found.map(({ PhysicalResourceId = "" }) => PhysicalResourceId);
}

/** Every role of the deployed stack, with its permissions as IAM has them. */
export async function stackRoles(plane: LocalPlane): Promise<RoleHolder[]> {
  const names = await namesIn(plane, "AWS::IAM::Role");
  return Promise.all(names.map((name) => roleHolder(plane.deployer.iam, name)));
}

async function roleHolder(iam: IAMClient, RoleName: string): Promise<RoleHolder> {
  const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
  const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
  const attached = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
  // The functions' own denials are none of the stack's; they only take away.
  const [policyName, ...more] = PolicyNames.filter((name) => name !== REVOCATIONS);
  if (policyName === undefined || more.length > 0 || attached.AttachedPolicies?.length) {
    throw new TypeError(`${RoleName} does not have exactly one inline policy`);
  }
  const inline = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: policyName }));
  const boundaryArn = Role?.PermissionsBoundary?.PermissionsBoundaryArn;
  const boundary = boundaryArn && (await managedPolicy(iam, boundaryArn));
  return {
    ...{ name: RoleName, policyName, document: read(inline.PolicyDocument) },
    ...{ boundary: boundary || undefined, boundaryArn },
  };
}

async function managedPolicy(iam: IAMClient, PolicyArn: string): Promise<Document> {
  const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
  const VersionId = Policy?.DefaultVersionId;
  const version = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId }));
  return read(version.PolicyVersion?.Document);
}

/** A managed policy of the stack for callers, by its name. */
export async function callerPolicy(plane: LocalPlane, name: string): Promise<Holder> {
  const arn = `arn:aws:iam::${plane.outputs.account}:policy/${name}`;
  return { name, document: await managedPolicy(plane.deployer.iam, arn) };
}
