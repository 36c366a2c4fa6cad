import assert from "node:assert/strict";
import { narrowToOperation } from "../../../lib/authority/derive/narrow-operation.ts";
import type { SessionPolicy } from "../../../lib/authority/evaluate/iam-document.ts";
import { contractDraft, type Signing } from "../../../lib/client/contract.ts";
import { deriveAuthority, parseContract } from "../../../lib/index.ts";
import { isRefusal } from "../../../lib/refusal.ts";
import { enforcedRole } from "../../../lib/trust/policy.ts";
import type { AwsCredentials } from "../../../localstack/machine/start-processes.ts";
import { signDraft } from "./contracts.ts";
import {
  assume,
  asThePlaneAsks,
  deployedRole,
  document,
  type Ending,
  publishedPolicy,
  temporaryRole,
  temporaryUser,
} from "./iam.ts";
import type { LocalPlane } from "./plane.ts";
import { functionRole } from "./roles.ts";

/** What one session is for. Without `parameters` it may do the action on the target in any way. */
export interface Scope {
  readonly action: string;
  /** ARN. */
  readonly target: string;
  /** The one operation that the session is narrowed to. */
  readonly parameters?: Readonly<Record<string, string | number | boolean>>;
}

/** A signed contract of ten minutes over one scope; `credentials` only when it is unbounded. */
export function signScope(plane: LocalPlane, scope: Scope, change: Partial<Signing> = {}) {
  const { action, target, parameters } = scope;
  const exactly = Object.entries(parameters ?? {}).map(([name, exact]) => [name, { exact }]);
  const draft = contractDraft.parse({
    purpose: `${action} by a raw client`,
    actor: { id: "spiffe://example.org/agent/coordinator", kind: "agent" },
    risk: "LOW",
    deliveries: [parameters === undefined ? "credentials" : "execute"],
    steps: [
      {
        ...{ type: "aws", id: "step", actions: [action], resources: [target] },
        parameters: parameters === undefined ? "unbounded" : Object.fromEntries(exactly),
      },
    ],
    window: { seconds: 600 },
  });
  return signDraft(plane, draft, change);
}

/** The session policy of a scope, as the library derives it. @param change of the signing time */
export async function policyOf(
  plane: LocalPlane,
  scope: Scope,
  change: Partial<Signing> = {},
): Promise<SessionPolicy> {
  const contract = parseContract(signScope(plane, scope, change).contract);
  assert.ok(!isRefusal(contract), JSON.stringify(contract));
  const [whole] = contract.authorization_details;
  assert.ok(whole);
  const { action, target: resource, parameters } = scope;
  const step =
    parameters === undefined ? whole : narrowToOperation(whole, { action, resource, parameters });
  const derived = deriveAuthority(contract, step, await publishedPolicy(plane));
  assert.ok(!isRefusal(derived), JSON.stringify(derived));
  return derived.sessionPolicy;
}

/** What the policy allows, without what it denies: what a resource policy could widen. */
export const allowsOf = ({ Version, Statement }: SessionPolicy): SessionPolicy => ({
  Version,
  Statement: Statement.filter(({ Effect }) => Effect === "Allow"),
});

/** Sessions of one role, with any session policy or none. */
export interface Sessions {
  readonly roleArn: string;
  /** Always named and tagged as the plane's; `name` only distinguishes them. */
  session(policy?: object, name?: string): Promise<AwsCredentials>;
}

const named = (name: string): string => `vai-${name}${"0".repeat(26 - name.length)}`;

/** The name that {@link Sessions.session} gives. */
export const sessionArn = (roleArn: string, name: string): string => {
  const [account, role] = [roleArn.split(":")[4], roleArn.split("/").at(-1)];
  return `arn:aws:sts::${account}:assumed-role/${role}/${named(name)}`;
};

const sessionsBy = (plane: LocalPlane, caller: AwsCredentials, roleArn: string): Sessions => ({
  roleArn,
  session: (policy, name = "") => {
    const Value = named(name);
    const command = asThePlaneAsks(roleArn, {
      ...{ RoleSessionName: Value, SourceIdentity: Value },
      Tags: [{ Key: "vai-identity", Value }],
      ...(policy !== undefined && { Policy: JSON.stringify(policy) }),
    });
    return assume(plane, caller, command);
  },
});

/**
 * Sessions of a role that may do everything, under the deployed trust policy with another caller in
 * it: what they are denied, the session policy alone denies.
 */
export async function sessionsOfEverything(t: Ending, plane: LocalPlane): Promise<Sessions> {
  const user = await temporaryUser(t, plane);
  const [governed] = (await publishedPolicy(plane)).actions;
  const { trust } = await deployedRole(plane, governed?.executionRoleArn ?? "");
  const { Version, Statement } = JSON.parse(trust) as { Version: string; Statement: object[] };
  const ours = Statement.map((each) => ({ ...each, Principal: { AWS: user.arn } }));
  const everything = document({
    ...{ Effect: "Allow", Action: "*", Resource: "*" },
    Condition: { Null: { "aws:PrincipalTag/vai-identity": "false" } },
  });
  const trusting = JSON.stringify({ Version, Statement: ours });
  const roleArn = await temporaryRole(t, plane, trusting, everything);
  return sessionsBy(plane, user.credentials, roleArn);
}

/** Sessions of the deployed execution role of an action, got as the function `issue` gets them. */
export async function sessionsOfDeployed(
  t: Ending,
  plane: LocalPlane,
  action: string,
): Promise<Sessions> {
  const { actions } = await publishedPolicy(plane);
  const governed = actions.find((each) => each.action === action);
  assert.ok(governed, `${action} is opened`);
  const issue = await functionRole(t, plane, "vai-local-issue");
  return sessionsBy(plane, issue, enforcedRole(governed));
}
