import {
  GetAccountAuthorizationDetailsCommand,
  type GetAccountAuthorizationDetailsCommandOutput,
  type IAMClient,
  type ManagedPolicyDetail,
} from "@aws-sdk/client-iam";
import { present } from "../../encoding/present.ts";
import { look, type Seen, whenRead } from "./look.ts";
import { readManagedPolicy } from "./roles.ts";

/** A user or a role of the account, with all that IAM says of what it may do; documents are JSON texts. */
export interface AccountPrincipal {
  readonly arn: string;
  /** Inline policies, those of a user's groups included. */
  readonly inline: readonly string[];
  /** ARNs of managed policies, those of a user's groups included. */
  readonly attached: readonly string[];
  /** ARNs of a user's groups. */
  readonly groups?: readonly string[];
  /** ARN of the permissions boundary. */
  readonly boundary?: string;
  /** Of a role: who may become it. */
  readonly trust?: string;
}

export interface AccountFacts {
  readonly principals: readonly AccountPrincipal[];
  /** The version in force of each managed policy that the account uses, by ARN. */
  readonly policies: ReadonlyMap<string, Seen<string>>;
}

type Page = GetAccountAuthorizationDetailsCommandOutput;

/**
 * Everybody in the account and what they may do: one call, page by page (IAM API, GetAccountAuthorizationDetails). What
 * it leaves out, as policies of AWS itself, is read one by one.
 */
export async function readAccount(client: IAMClient): Promise<Seen<AccountFacts>> {
  const everybody = await readEverybody(client);
  return whenRead(everybody, async ({ principals, policies }) => {
    const named = principals.flatMap(({ attached, boundary }) =>
      [...attached, boundary ?? []].flat(),
    );
    const missing = [...new Set(named)].filter((arn) => arn !== "" && !policies.has(arn));
    const read = await Promise.all(
      missing.map(async (arn) => [arn, await policyText(client, arn)] as const),
    );
    return {
      status: "seen",
      value: { principals, policies: new Map([...policies, ...read]) },
    };
  });
}

async function policyText(client: IAMClient, arn: string): Promise<Seen<string>> {
  const policy = await readManagedPolicy(client, arn);
  return whenRead(policy, async ({ text }) => ({ status: "seen", value: text }));
}

const readEverybody = (client: IAMClient): Promise<Seen<AccountFacts>> =>
  look("iam:GetAccountAuthorizationDetails", async () => {
    const pages: Page[] = [];
    let Marker: string | undefined;
    do {
      const page: Page = await client.send(
        new GetAccountAuthorizationDetailsCommand(present({ Marker })),
      );
      pages.push(page);
      Marker = page.IsTruncated === true ? page.Marker : undefined;
    } while (Marker !== undefined);
    return factsOf(pages);
  });

function factsOf(pages: readonly Page[]): AccountFacts {
  const groups = new Map(
    pages
      .flatMap(({ GroupDetailList = [] }) => GroupDetailList)
      .map((group) => [
        group.GroupName ?? "",
        {
          arn: group.Arn ?? "",
          inline: (group.GroupPolicyList ?? []).map(textOf),
          attached: (group.AttachedManagedPolicies ?? []).map(({ PolicyArn = "" }) => PolicyArn),
        },
      ]),
  );
  const users = pages
    .flatMap(({ UserDetailList = [] }) => UserDetailList)
    .map((user): AccountPrincipal => {
      const own = (user.GroupList ?? []).flatMap((name) => groups.get(name) ?? []);
      return {
        arn: user.Arn ?? "",
        inline: [...(user.UserPolicyList ?? []).map(textOf), ...own.flatMap((each) => each.inline)],
        attached: [
          ...(user.AttachedManagedPolicies ?? []).map(({ PolicyArn = "" }) => PolicyArn),
          ...own.flatMap((each) => each.attached),
        ],
        groups: own.map((each) => each.arn),
        ...present({ boundary: user.PermissionsBoundary?.PermissionsBoundaryArn }),
      };
    });
  const roles = pages
    .flatMap(({ RoleDetailList = [] }) => RoleDetailList)
    .map(
      (role): AccountPrincipal => ({
        arn: role.Arn ?? "",
        inline: (role.RolePolicyList ?? []).map(textOf),
        attached: (role.AttachedManagedPolicies ?? []).map(({ PolicyArn = "" }) => PolicyArn),
        ...present({ boundary: role.PermissionsBoundary?.PermissionsBoundaryArn }),
        trust: decodeURIComponent(role.AssumeRolePolicyDocument ?? ""),
      }),
    );
  const policies = pages
    .flatMap(({ Policies = [] }) => Policies)
    .map((policy) => [policy.Arn ?? "", inForce(policy)] as const);
  return { principals: [...users, ...roles], policies: new Map(policies) };
}

const textOf = ({ PolicyDocument }: Pick<PolicyEntry, "PolicyDocument">): string =>
  decodeURIComponent(PolicyDocument ?? "");

interface PolicyEntry {
  readonly PolicyDocument?: string | undefined;
}

const inForce = ({ PolicyVersionList = [] }: ManagedPolicyDetail): Seen<string> => {
  const found = PolicyVersionList.find(({ IsDefaultVersion }) => IsDefaultVersion === true);
  return found === undefined
    ? { status: "absent" }
    : { status: "seen", value: decodeURIComponent(found.Document ?? "") };
};
