import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { AccountFacts, AccountPrincipal } from "../../lib/aws/inspect/account.ts";
import type { Seen } from "../../lib/aws/inspect/look.ts";
import { ENV } from "../../lib/config.ts";
import { lookAround } from "../../lib/doctor/around/look.ts";
import type { Finding } from "../../lib/doctor/finding.ts";
import { functionOf, put, shown } from "../cli/support/break.ts";
import {
  DEPLOYMENT,
  healthyWorld,
  inspectorOf,
  roleArn,
  type World,
} from "../cli/support/healthy.ts";
import { newPlane } from "../support/plane.ts";

const TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/settings";
const OBJECTS = "arn:aws:s3:::settings-bucket/checkout/*";
const FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:refunds";
const AGENT_POLICY = "arn:aws:iam::000000000000:policy/vai-test-agent";
const AGENTS = "arn:aws:iam::000000000000:group/agents";
const userArn = (name: string): string => `arn:aws:iam::000000000000:user/${name}`;
const EVERYTHING = { Effect: "Allow", Action: "*", Resource: "*" };

type Statement = Readonly<Record<string, unknown>>;
const text = (...statements: Statement[]): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });
const allow = (Action: string | string[], Resource: string | string[], more: object = {}) => ({
  ...{ Effect: "Allow", Action, Resource },
  ...more,
});

/** An agent's user with nothing but the agents' policy, and a statement more. */
const agent = (...statements: Statement[]): AccountPrincipal => ({
  arn: userArn("agent"),
  inline: statements.length === 0 ? [] : [text(...statements)],
  attached: [AGENT_POLICY],
  groups: [AGENTS],
});
const role = (name: string, trust: Statement, ...statements: Statement[]): AccountPrincipal => ({
  ...{ arn: roleArn(name), inline: [text(...statements)], attached: [] },
  trust: text({ Effect: "Allow", Action: "sts:AssumeRole", ...trust }),
});

let made: Promise<World> | undefined;

/** What is found in an account with these users and roles. */
async function around(
  principals: readonly AccountPrincipal[],
  change: (world: World) => void = () => undefined,
  deployment = DEPLOYMENT,
): Promise<readonly Finding[]> {
  made ??= newPlane().then(healthyWorld);
  const world = structuredClone(await made);
  const seen = <T>(value: T): Seen<T> => ({ status: "seen", value });
  const agents = JSON.stringify(world.managed[AGENT_POLICY]);
  const policies: AccountFacts["policies"] = new Map([[AGENT_POLICY, seen(agents)]]);
  world.account = seen({ principals, policies });
  put(shown<{ environment: object }>(functionOf(world, "issue").setting).environment, {
    [ENV.targets]: JSON.stringify({
      dynamodb: [TABLE],
      lambda: [`${FUNCTION}:live`],
      s3: [OBJECTS],
    }),
  });
  change(world);
  return (await lookAround(deployment, inspectorOf(world))).findings;
}

const said = (findings: readonly Finding[]): string =>
  findings.map(({ status, subject, text: what }) => `${status} ${subject}: ${what}`).join("\n");

/** What an agent holds besides its policy, and what must be said of it. */
const WAYS: Readonly<Record<string, { statements: Statement[]; told: RegExp }>> = {
  "a write of a target": {
    statements: [allow("dynamodb:PutItem", TABLE)],
    told: /can reach target .*table\/settings \(dynamodb:PutItem\)/,
  },
  "a write by a wildcard in action and resource": {
    statements: [allow("dynamodb:Del*", "arn:aws:dynamodb:*:*:table/set*")],
    told: /can reach target .*table\/settings \(dynamodb:DeleteItem/,
  },
  "a call that no list names": {
    statements: [allow("dynamodb:RestoreTableToPointInTime", TABLE)],
    told: /can reach target .*\(dynamodb:RestoreTableToPointInTime\)/,
  },
  "all calls but one": {
    statements: [{ Effect: "Allow", NotAction: "iam:*", Resource: TABLE }],
    told: /can reach target .*table\/settings/,
  },
  "one object behind a prefix": {
    statements: [allow("s3:PutObject", "arn:aws:s3:::settings-bucket/checkout/one")],
    told: /can reach target .*checkout\/\* \(s3:PutObject\)/,
  },
  "the bucket's policy": {
    statements: [allow("s3:PutBucketPolicy", "arn:aws:s3:::settings-bucket")],
    told: /can reach target .*\(s3:PutBucketPolicy\)/,
  },
  "an invocation of the alias that is governed": {
    statements: [allow("lambda:InvokeFunction", `${FUNCTION}:live`)],
    told: /can reach target .*refunds:live \(lambda:InvokeFunction\)/,
  },
  "an invocation without the qualifier": {
    statements: [allow("lambda:Invoke*", FUNCTION)],
    told: /can reach target .*refunds:live \(lambda:InvokeFunction/,
  },
  "the code behind an alias that is governed": {
    statements: [allow("lambda:UpdateFunctionCode", FUNCTION)],
    told: /can reach target .*refunds:live \(lambda:UpdateFunctionCode\)/,
  },
  "a write from one network only": {
    statements: [
      allow("dynamodb:UpdateItem", TABLE, {
        Condition: { IpAddress: { "aws:SourceIp": "192.0.2.0/24" } },
      }),
    ],
    told: /may reach target .*\(dynamodb:UpdateItem\)/,
  },
  "a write where a Deny hangs on the request": {
    statements: [
      allow("dynamodb:UpdateItem", TABLE),
      {
        ...{ Effect: "Deny", Action: "*", Resource: "*" },
        Condition: { StringNotEquals: { "aws:SourceVpc": "vpc-0123456789abcdef0" } },
      },
    ],
    told: /may reach target .*\(dynamodb:UpdateItem\)/,
  },
  "a resource by a policy variable": {
    statements: [
      allow("s3:PutObject", `arn:aws:s3:::settings-bucket/$${"{aws:PrincipalTag/team}"}/x`),
    ],
    told: /may reach target .*\(s3:PutObject\)/,
  },
  "another version of a function's code": {
    statements: [allow("lambda:UpdateFunctionCode", "*")],
    told: /can reach .*function .*vai-test-issue \(lambda:UpdateFunctionCode\)/,
  },
  "a role of the plane to change": {
    statements: [allow("iam:UpdateAssumeRolePolicy", roleArn("exec-*"))],
    told: /can reach role .*exec-lambda \(iam:UpdateAssumeRolePolicy\)/,
  },
  "its own rights": {
    statements: [allow("iam:PutUserPolicy", userArn("agent"))],
    told: /can reach its own rights \(iam:PutUserPolicy\)/,
  },
  "a new version of its own policy": {
    statements: [allow("iam:CreatePolicyVersion", AGENT_POLICY)],
    told: /can reach its own rights \(iam:CreatePolicyVersion\)/,
  },
  "the rights of its group": {
    statements: [allow("iam:PutGroupPolicy", AGENTS)],
    told: /can reach its own rights \(iam:PutGroupPolicy\)/,
  },
  "the plane's stack, which CloudFormation updates under a role of its own": {
    statements: [allow("cloudformation:UpdateStack", "*")],
    told: /can reach stack .*stack\/vai-test\/\* \(cloudformation:UpdateStack\)/,
  },
};

suite("a look for ways around", () => {
  test("VAI-15 an agent that holds nothing but its policy reaches nothing, and that is said", async () => {
    assert.equal(
      said(await around([agent()])),
      "ok user/agent: an agent's: reaches nothing without a contract",
    );
  });

  for (const [what, { statements, told }] of Object.entries(WAYS)) {
    test(`VAI-15 an agent with ${what} has a way around`, async () => {
      const roles = [role("exec-lambda", { Principal: { Service: "none.amazonaws.com" } })];
      const [first] = await around([...roles, agent(...statements)]);
      assert.deepEqual([first?.status, first?.subject], ["problem", "user/agent"]);
      assert.match(first?.text ?? "", told);
      assert.match(first?.next ?? "", /take from it all but/);
    });
  }

  const HARMLESS: Readonly<Record<string, Statement[]>> = {
    "reads of a target": [allow(["dynamodb:GetItem", "dynamodb:Query*", "s3:GetObject"], "*")],
    "a write elsewhere": [allow("dynamodb:*", `${TABLE}-of-others`)],
    "a write that is surely denied": [
      allow("dynamodb:*", TABLE),
      { Effect: "Deny", Action: "dynamodb:*", Resource: TABLE },
    ],
    "a write of a table of the plane, whose own policy denies it": [
      allow("dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:000000000000:table/vai-test-state"),
    ],
    "a signature, which the key's own policy does not allow": [allow("kms:Sign", "*")],
  };
  for (const [what, statements] of Object.entries(HARMLESS)) {
    test(`VAI-15 ${what} is no way around`, async () => {
      assert.match(said(await around([agent(...statements)])), /^ok user\/agent/);
    });
  }

  test("VAI-15 a boundary holds, and one that nobody could read holds nothing", async () => {
    const boundary = "arn:aws:iam::000000000000:policy/only-reads";
    const bounded = { ...agent(allow("*", "*")), boundary };
    const policy = (value: Seen<string>) => (world: World) =>
      void (shown<AccountFacts>(world.account).policies as Map<string, Seen<string>>).set(
        boundary,
        value,
      );
    const reads = text(allow("dynamodb:GetItem", "*"));
    assert.match(said(await around([bounded], policy({ status: "seen", value: reads }))), /^ok/);
    const unread = await around([bounded], policy({ status: "unseen", why: "not allowed" }));
    assert.match(said(unread), /^unseen user\/agent: .*only-reads: not allowed/m);
    assert.match(said(unread), /^problem user\/agent: .*it may reach target/m);
  });

  test("VAI-15 what cannot be judged counts as a way, as may", async () => {
    const odd = { ...agent(), inline: ['{"Version":"2012-10-17","Statement":[],"Rule":1}'] };
    const found = said(await around([odd]));
    assert.match(found, /^unseen user\/agent: a policy of it cannot be judged/m);
    assert.match(found, /^problem user\/agent: .*it may reach target/m);
    assert.doesNotMatch(found, /can reach/);
  });

  test("VAI-15 a target's own policy lets somebody in without any right of theirs", async () => {
    const found = await around([agent()], (world) => {
      world.targetPolicies[TABLE] = JSON.parse(
        text({ ...allow("dynamodb:UpdateItem", "*"), Principal: { AWS: userArn("agent") } }),
      );
    });
    assert.match(said(found), /^problem user\/agent: .*can reach target .*UpdateItem/);
  });

  test("VAI-15 a role that an agent can become, or pass to a service, is its way, over as many steps as it takes", async () => {
    const writer = role(
      "teams/writer",
      { Principal: { AWS: roleArn("step") } },
      allow("dynamodb:UpdateItem", TABLE),
    );
    const step = role("step", { Principal: { AWS: userArn("agent") } }, allow("sts:*", "*"));
    const found = said(await around([writer, step, agent()]));
    assert.match(
      found,
      /^problem user\/agent: .*may reach target .*UpdateItem, through .*role\/teams\/writer/,
    );
    const passed = role(
      "job",
      { Principal: { Service: "lambda.amazonaws.com" } },
      allow("dynamodb:UpdateItem", TABLE),
    );
    const passing = said(await around([passed, agent(allow("iam:PassRole", "*"))]));
    assert.match(passing, /^problem user\/agent: .*UpdateItem, through .*role\/job/);
  });

  for (const [what, statement] of Object.entries({
    "a user whose access key it can make": allow("iam:CreateAccessKey", userArn("person")),
    "a user whose password it can set": allow("iam:UpdateLoginProfile", userArn("person")),
    "a role whose trust policy it can write": allow("iam:UpdateAssumeRolePolicy", "*"),
  })) {
    test(`VAI-15 ${what} is an agent's way`, async () => {
      const can = allow("dynamodb:PutItem", TABLE);
      const person = { arn: userArn("person"), inline: [text(can)], attached: [] };
      const batch = role("batch", { Principal: { Service: "none.amazonaws.com" } }, can);
      const [first] = await around([person, batch, agent(statement)]);
      assert.equal(first?.status, "problem");
      assert.match(first?.text ?? "", /may reach target .*through .*(user\/person|role\/batch)/);
    });
  }

  test("VAI-15 agents are known by their policy also where names end in the region", async () => {
    const attached = [AGENT_POLICY.replace("vai-test-agent", "vai-test-agent-us-east-1")];
    const regional = { ...DEPLOYMENT, regionalNames: true };
    assert.match(said(await around([{ ...agent(), attached }], undefined, regional)), /an agent's/);
  });

  test("VAI-15 a role with a path is asked about with it, so that a Deny by its path holds", async () => {
    const blue = role(
      "teams/blue/writer",
      { Principal: { Service: "x.amazonaws.com" } },
      allow("dynamodb:*", TABLE),
    );
    const denied = (path: string) => (world: World) => {
      world.targetPolicies[TABLE] = JSON.parse(
        text({
          ...{ Effect: "Deny", Principal: "*", Action: "*", Resource: "*" },
          Condition: { ArnLike: { "aws:PrincipalArn": roleArn(path) } },
        }),
      );
    };
    assert.equal(said(await around([blue], denied("teams/blue/*"))), "");
    assert.match(said(await around([blue], denied("teams/red/*"))), /problem role\/teams\/blue/);
  });

  test("VAI-15 agents come first, the deployment's administrators last and are told apart", async () => {
    const all = [
      role("deploys", { Principal: { Service: "x.amazonaws.com" } }, EVERYTHING),
      { arn: userArn("somebody"), inline: [text(EVERYTHING)], attached: [] },
      agent(EVERYTHING),
    ];
    const found = await around(all);
    assert.deepEqual(
      found.map(({ status, subject }) => [status, subject]),
      [
        ["problem", "user/agent"],
        ["problem", "user/somebody"],
        ["ok", "role/deploys"],
      ],
    );
    assert.match(found[2]?.text ?? "", /one of the deployment's administrators: can reach/);
  });

  test("USR-12 what could not be looked at is told, and nothing is called safe for it", async () => {
    const why = "you lack the permission iam:GetAccountAuthorizationDetails";
    const blind = await around([agent()], (world) => {
      world.account = { status: "unseen", why };
    });
    assert.equal(said(blind), `unseen account: ${why}`);
    const untold = await around([agent()], (world) => {
      put(functionOf(world, "issue"), { setting: { status: "unseen", why: "not allowed" } });
    });
    assert.match(said(untold), /^unseen governed targets: not allowed/m);
    const elsewhere = await around([agent()], (world) => {
      world.caller = { ...world.caller, account: "111122223333" };
    });
    assert.match(said(elsewhere), /^problem account: your credentials are of account 111122223333/);
  });
});
