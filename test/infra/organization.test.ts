import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DeploymentError } from "../../infra/deployment.ts";
import { KINDS, organizationPolicy, valuesOf } from "../../infra/organization.ts";
import { evaluatePolicies } from "../../lib/index.ts";
import { problemsOf } from "../support/iam-problems.ts";
import { EXAMPLE } from "./support/synthesise.ts";
import {
  ACCOUNT,
  functionArn,
  REGION,
  roleArn,
  type Statement,
  tableArn,
} from "./support/template.ts";

const DEPLOYMENT = { ...EXAMPLE, account: ACCOUNT };
const policyOf = (kind: (typeof KINDS)[number], deployment = DEPLOYMENT) =>
  organizationPolicy(kind, valuesOf(deployment, undefined)) as {
    readonly Version: string;
    readonly Statement: readonly Statement[];
  };

const EVERYTHING = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
};
const cdk = (use: string) => `cdk-hnb659fds-${use}-role-${ACCOUNT}-${REGION}`;
const iam = (resource: string, account = ACCOUNT) => `arn:aws:iam::${account}:${resource}`;
const key = `arn:aws:kms:${REGION}:${ACCOUNT}:key/11111111-2222-3333-4444-555555555555`;

/** People and roles with every right that IAM can give. */
const WHO = {
  cloudFormation: iam(`role/${cdk("cfn-exec")}`),
  administrator: iam("role/platform-administrator"),
  cdk: iam(`role/${cdk("deploy")}`),
  another: iam("role/developer"),
  imitator: iam("role/platform-administrator2"),
  issue: roleArn("issue"),
} as const;
type Who = keyof typeof WHO;

/** A session of a role, as AWS sees it asking for something. */
function isStopped(
  kind: (typeof KINDS)[number],
  who: string,
  action: string,
  resource: string,
  tag?: string,
): boolean {
  const name = who.slice(who.lastIndexOf("/") + 1);
  const policies =
    kind === "scp"
      ? { identity: [EVERYTHING], scp: [EVERYTHING, policyOf("scp")] }
      : { identity: [EVERYTHING], resource: [policyOf("rcp")] };
  const { decision } = evaluatePolicies(policies, {
    ...{
      action,
      resource,
      principalArn: `arn:aws:sts::${who.split(":")[4]}:assumed-role/${name}/session`,
    },
    context: {
      "aws:PrincipalArn": who,
      ...(tag !== undefined && { "aws:ResourceTag/vai-plane": tag }),
    },
  });
  return decision === "ExplicitDeny";
}

const ALL = Object.keys(WHO) as Who[];
const DEPLOYERS: readonly Who[] = ["cloudFormation", "administrator"];

/** What is done → to what → who alone may still do it. */
const SCP: readonly (readonly [string, string, readonly Who[], string?])[] = [
  ["iam:PassRole", roleArn("issue"), DEPLOYERS],
  ["iam:PassRole", roleArn("watch"), DEPLOYERS],
  ["lambda:UpdateFunctionCode", functionArn("issue"), DEPLOYERS],
  ["lambda:UpdateFunctionConfiguration", functionArn("govern"), DEPLOYERS],
  ["lambda:AddPermission", functionArn("execute"), DEPLOYERS],
  ["iam:PutRolePolicy", roleArn("issue"), DEPLOYERS],
  ["iam:UpdateAssumeRolePolicy", roleArn("exec-ssm"), DEPLOYERS],
  ["iam:DeleteRolePermissionsBoundary", roleArn("exec-ssm"), DEPLOYERS],
  ["iam:CreatePolicyVersion", iam("policy/vai-example-boundary-ssm"), DEPLOYERS],
  ["kms:PutKeyPolicy", key, DEPLOYERS, "example"],
  ["kms:CreateGrant", key, DEPLOYERS, "example"],
  ["kms:UntagResource", key, DEPLOYERS, "example"],
  ["dynamodb:PutResourcePolicy", tableArn("evidence"), DEPLOYERS],
  ["dynamodb:DeleteResourcePolicy", tableArn("registry"), DEPLOYERS],
  ["dynamodb:DeleteTable", tableArn("state"), DEPLOYERS],
  ["iam:PassRole", WHO.cloudFormation, [...DEPLOYERS, "cdk"]],
  ["iam:UpdateAssumeRolePolicy", WHO.cloudFormation, DEPLOYERS],
  ["iam:UpdateAssumeRolePolicy", WHO.cdk, DEPLOYERS],
  ["iam:UpdateAssumeRolePolicy", WHO.administrator, DEPLOYERS],
];

/** What is not the plane's, or changes nothing of it, is nobody's business here. */
const LEFT: readonly (readonly [string, string, string?])[] = [
  ["iam:PassRole", iam("role/other")],
  ["lambda:UpdateFunctionCode", `arn:aws:lambda:${REGION}:${ACCOUNT}:function:shop`],
  ["lambda:InvokeFunction", functionArn("issue")],
  ["kms:PutKeyPolicy", key],
  ["kms:PutKeyPolicy", key, "another"],
  ["dynamodb:DeleteTable", `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/settings`],
  ["dynamodb:TransactWriteItems", tableArn("evidence")],
  ["dynamodb:PutItem", tableArn("evidence")],
  ["sts:AssumeRole", WHO.cdk],
];

suite("policies for an organisation", () => {
  for (const [action, resource, may, tag] of SCP) {
    test(`VAI-45 the SCP leaves ${action} on ${resource} to ${may.join(", ")}`, () => {
      const free = ALL.filter((who) => !isStopped("scp", WHO[who], action, resource, tag));
      assert.deepEqual(
        free,
        ALL.filter((who) => may.includes(who)),
      );
    });
  }

  test("VAI-45 the SCP stops nothing that is not the plane's, and no use of it", () => {
    for (const [action, resource, tag] of LEFT) {
      for (const who of ALL) assert.ok(!isStopped("scp", WHO[who], action, resource, tag), action);
    }
  });

  test("VAI-45 by the RCP the plane's functions alone obtain sessions, whoever a trust policy names", () => {
    const stranger = iam("role/anybody", "444455556666");
    for (const role of [roleArn("exec-ssm"), roleArn("read-ssm")]) {
      const stopped = (who: string) => isStopped("rcp", who, "sts:AssumeRole", role);
      assert.deepEqual([stopped(roleArn("issue")), stopped(roleArn("execute"))], [false, false]);
      for (const who of [roleArn("govern"), WHO.administrator, WHO.another, stranger]) {
        assert.ok(stopped(who), who);
      }
    }
    assert.ok(!isStopped("rcp", stranger, "sts:AssumeRole", iam("role/other")));
  });

  test("VAI-45 by the RCP deployers alone change the plane's keys, whatever a key policy says", () => {
    const stranger = iam("role/anybody", "444455556666");
    for (const action of ["kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:CreateGrant"]) {
      const stopped = (who: string, tag?: string) => isStopped("rcp", who, action, key, tag);
      assert.deepEqual(
        [stopped(WHO.cloudFormation, "example"), stopped(WHO.administrator, "example")],
        [false, false],
      );
      assert.deepEqual(
        [stopped(WHO.another, "example"), stopped(stranger, "example")],
        [true, true],
      );
      assert.ok(!stopped(WHO.another), "another key");
    }
    assert.ok(!isStopped("rcp", WHO.issue, "kms:Sign", key, "example"));
  });

  for (const kind of KINDS) {
    // Organizations user guide, "SCP syntax", "RCP syntax", "Quotas": RCPs deny, to everybody, actions of few services.
    test(`VAI-45 the ${kind.toUpperCase()} has a form that AWS Organizations takes`, () => {
      const long = { name: "a".repeat(20), administrators: [iam(`role/${"b".repeat(64)}`)] };
      const text = JSON.stringify(policyOf(kind, { ...DEPLOYMENT, ...long }));
      assert.ok(text.length <= 5_120, `${text.length} characters`);
      assert.doesNotMatch(text, /[<>]/);
      const { Version, Statement } = policyOf(kind);
      assert.equal(Version, "2012-10-17");
      const everybody = kind === "rcp" ? "*" : undefined;
      for (const { Sid = "", Effect, Principal, ...rest } of Statement) {
        assert.match(Sid, /^[A-Za-z0-9]+$/);
        assert.deepEqual([Effect, Principal], ["Deny", everybody]);
        assert.deepEqual(Object.keys(rest).sort(), ["Action", "Condition", "Resource"]);
      }
      if (kind === "scp") return;
      const actions = Statement.flatMap(({ Action }) => Action);
      assert.deepEqual(
        actions.filter((action) => !/^(kms|sts):\w+$/.test(action)),
        [],
      );
    });
  }

  test("VAI-45 every action, resource form and condition key in them is one of AWS's", async () => {
    const administrators = [...DEPLOYMENT.administrators, iam("user/alice"), iam("root")];
    const found = KINDS.map((kind) => ({
      ...{ where: kind, document: policyOf(kind, { ...DEPLOYMENT, administrators }) },
    }));
    assert.deepEqual(await problemsOf(found), []);
  });

  test("USR-12 a deployment that does not say its account, or where it is, gets none", () => {
    assert.throws(() => valuesOf(EXAMPLE, REGION), DeploymentError);
    const targets = { "s3:PutObject": ["arn:aws:s3:::settings-bucket/*"] };
    assert.throws(() => valuesOf({ ...DEPLOYMENT, targets }, undefined), /AWS_REGION/);
    const { CLOUDFORMATION } = valuesOf({ ...DEPLOYMENT, targets }, "eu-central-1");
    assert.match(`${CLOUDFORMATION}`, /-eu-central-1$/);
  });
});
