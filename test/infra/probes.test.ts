import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { MOST_CHARACTERS } from "../../infra/policy-sizes.ts";
import { lets } from "../../lib/doctor/ask.ts";
import { evaluatePolicies } from "../../lib/index.ts";
import { MAX_POLICY } from "../../lib/lifecycle/revocation-policy.ts";
import { EXAMPLE, templateOf } from "./support/synthesise.ts";
import { ACCOUNT, REGION, Resolved, roleArn } from "./support/template.ts";

/** Probes (PROTOCOL.md §9 and §10, point `session`), by what the deployed documents say. */

const ID = `vai-${"0".repeat(26)}`;
const ROLE = roleArn("exec-dynamodb");
const TABLE = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/settings`;
const NARROW = "sts:GetScopedCredentials";

interface Asked {
  readonly name: string;
  readonly source?: string;
  readonly tags: Readonly<Record<string, string>>;
}

const IDENTITY: Asked = { name: ID, source: ID, tags: { "vai-identity": ID } };
const PROBE: Asked = {
  ...{ name: "vai-probe", source: "vai-probe" },
  tags: { "vai-identity": ID, "vai-probe": "true" },
};
const { source: _, ...UNTRACED } = PROBE;

/** The three calls as which AWS authorises it, each with the keys that it has (Service Authorization Reference, STS). */
function callsFor({ name, source, tags }: Asked) {
  const from = source === undefined ? {} : { "sts:SourceIdentity": source };
  const tagged = {
    "aws:TagKeys": Object.keys(tags),
    ...Object.fromEntries(
      Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value]),
    ),
  };
  return [
    ["sts:AssumeRole", { "sts:RoleSessionName": name, ...from, ...tagged }],
    ["sts:TagSession", tagged],
    ...(source === undefined ? [] : [["sts:SetSourceIdentity", from] as const]),
  ] as const;
}

const sessionOf = (name: string): string =>
  `arn:aws:sts::${ACCOUNT}:assumed-role/vai-example-${name}/x`;

suite("sessions of an execution role", () => {
  const resolved = new Resolved(templateOf());
  const { AssumeRolePolicyDocument: trust } = resolved.one(
    "AWS::IAM::Role",
    "RoleName",
    "vai-example-exec-dynamodb",
  ).Properties as { AssumeRolePolicyDocument: never };
  const gets = (name: string, asked: Asked): boolean =>
    callsFor(asked).every(([action, context]) =>
      lets(trust, { action, resource: ROLE, principalArn: sessionOf(name), context }),
    );

  const BOTH = ["revoke", "sweep"];
  const ACTING = ["issue", "execute"];
  const FORMS: readonly (readonly [what: string, asked: Asked, by: readonly string[]])[] = [
    ["as an identity", IDENTITY, ACTING],
    ["as a probe", PROBE, BOTH],
    ["as an identity with the tag of a probe", { ...IDENTITY, tags: PROBE.tags }, []],
    ["as a probe without its tag", { ...PROBE, tags: IDENTITY.tags }, ACTING],
    [
      "as a probe whose tag says something else",
      { ...PROBE, tags: { ...PROBE.tags, "vai-probe": "false" } },
      [],
    ],
    ["as a probe under an identity's name", { ...PROBE, name: ID }, []],
    ["as a probe of an identity's source", { ...PROBE, source: ID }, []],
    ["as a probe without source", UNTRACED, []],
    ["as a probe of no identity", { ...PROBE, tags: { "vai-probe": "true" } }, []],
    ["as a probe with one more tag", { ...PROBE, tags: { ...PROBE.tags, more: "x" } }, []],
  ];
  for (const [what, asked, by] of FORMS) {
    test(`VAI-45 ${what}: for ${by.join(" and ") || "nobody"}`, () => {
      const all = ["issue", "execute", "delegate", "govern", "revoke", "sweep", "watch"];
      assert.deepEqual(
        all.filter((name) => gets(name, asked)),
        by,
      );
    });
  }
});

suite("what a session can do", () => {
  const resolved = new Resolved(templateOf());
  const document = (statements: readonly object[]) => ({
    Version: "2012-10-17",
    Statement: statements,
  });
  const identity = document(resolved.roleStatements("vai-example-exec-dynamodb").map(plain));
  const boundary = document(resolved.managedStatements("vai-example-boundary-dynamodb").map(plain));
  const decide = (action: string, tags: Asked["tags"], widened: readonly object[] = []) =>
    evaluatePolicies(
      { identity: [identity, ...widened], boundary },
      {
        ...{ action, resource: action.startsWith("sts:") ? "*" : TABLE },
        principalArn: `arn:aws:sts::${ACCOUNT}:assumed-role/vai-example-exec-dynamodb/${ID}`,
        context: Object.fromEntries(
          Object.entries(tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value]),
        ),
      },
    ).decision;

  /** Statement lists of the tests' reader always have `Action`; a document has one of the two. */
  function plain({ Action, ...rest }: { readonly Action: readonly string[] }): object {
    return Action.length === 0 ? rest : { ...rest, Action };
  }

  test("VAI-46 an identity does its action and may be cut; a probe may ask for that alone, and without a tag nobody may", () => {
    assert.equal(decide("dynamodb:UpdateItem", IDENTITY.tags), "Allow");
    assert.equal(decide(NARROW, IDENTITY.tags), "Allow");
    assert.equal(decide(NARROW, PROBE.tags), "Allow");
    assert.equal(decide("dynamodb:UpdateItem", PROBE.tags), "ExplicitDeny");
    assert.equal(decide("sts:AssumeRole", PROBE.tags), "ExplicitDeny");
    assert.equal(decide(NARROW, {}), "ImplicitDeny");
    assert.equal(decide(NARROW, { "vai-identity": "somebody" }), "ImplicitDeny");
    for (const tags of [IDENTITY.tags, PROBE.tags, {}]) {
      for (const action of ["sts:AssumeRole", "sts:GetSessionToken", "sts:GetFederationToken"]) {
        assert.equal(decide(action, tags), "ExplicitDeny", action);
      }
    }
  });

  test("VAI-46 a policy that is attached to the role later makes neither more", () => {
    const everything = document([{ Effect: "Allow", Action: "*", Resource: "*" }]);
    for (const [action, tags] of [
      ["dynamodb:PutItem", IDENTITY.tags],
      ["sts:AssumeRole", IDENTITY.tags],
      ["sts:AssumeRole", PROBE.tags],
      ["dynamodb:UpdateItem", PROBE.tags],
      ["dynamodb:UpdateItem", { ...PROBE.tags, "vai-probe": "anything" }],
    ] as const) {
      assert.equal(decide(action, tags, [everything]), "ExplicitDeny", action);
    }
    for (const tags of [{}, { "vai-identity": "somebody" }]) {
      assert.notEqual(decide(NARROW, tags, [everything]), "Allow", "the cut is of tagged sessions");
    }
  });

  test("VAI-46 without the boundary the role's own policy keeps them apart just so", () => {
    const alone = (action: string, tags: Asked["tags"]) =>
      evaluatePolicies(
        { identity: [identity] },
        {
          ...{ action, resource: action === NARROW ? "*" : TABLE },
          principalArn: sessionOf("exec-dynamodb"),
          context: Object.fromEntries(
            Object.entries(tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value]),
          ),
        },
      ).decision;
    assert.deepEqual(
      [
        alone("dynamodb:UpdateItem", PROBE.tags),
        alone(NARROW, IDENTITY.tags),
        alone("dynamodb:UpdateItem", IDENTITY.tags),
        alone(NARROW, PROBE.tags),
        alone(NARROW, {}),
      ],
      ["ImplicitDeny", "Allow", "Allow", "Allow", "ImplicitDeny"],
    );
  });
});

suite("where STS cannot narrow a session", () => {
  const without = new Resolved(templateOf({ ...EXAMPLE, scopedCredentials: false }));

  test("USR-12 nobody probes: no role trusts revoke, none allows or excepts anything of STS, and the functions know", () => {
    const text = JSON.stringify(
      without.ofType("AWS::IAM::Role").concat(without.ofType("AWS::IAM::ManagedPolicy")),
    );
    assert.equal(text.includes(NARROW), false);
    for (const { Properties } of without.ofType("AWS::IAM::Role")) {
      const trust = JSON.stringify(Properties["AssumeRolePolicyDocument"]);
      assert.equal(trust.includes(roleArn("revoke")), false);
    }
    for (const name of ["revoke", "sweep"]) {
      const sids = without.roleStatements(`vai-example-${name}`).map(({ Sid }) => Sid);
      assert.ok(sids.includes("WriteRevocations") && !sids.includes("ObtainProbe"), name);
    }
    const { Properties } = without.one(
      "AWS::Lambda::Function",
      "FunctionName",
      "vai-example-sweep",
    );
    const { Variables } = Properties["Environment"] as { Variables: Record<string, string> };
    assert.equal(Variables["VAI_SCOPED_CREDENTIALS"], "false");
  });

  test("USR-12 a role's sessions with the tag of a probe can do nothing there either", () => {
    const [allow] = without.roleStatements("vai-example-exec-dynamodb");
    assert.equal(allow?.Condition?.["Null"]?.["aws:PrincipalTag/vai-probe"], "true");
  });
});

/** A region of each partition, those with the longest names (AWS general reference; botocore's endpoints). */
const LONGEST_REGIONS = {
  aws: "ap-northeast-1",
  "aws-cn": "cn-northwest-1",
  "aws-us-gov": "us-gov-east-1",
  "aws-eusc": "eusc-de-east-1",
  "aws-iso": "us-iso-west-1",
  "aws-iso-b": "us-isob-east-1",
  "aws-iso-e": "eu-isoe-west-1",
  "aws-iso-f": "us-isof-south-1",
} as const;
const LONGEST_NAME = "a".repeat(20);

suite("sizes of role policies", () => {
  const charactersOf = (document: unknown): number => JSON.stringify(document).length;
  const wide = (region: string, partition: string) =>
    JSON.parse(
      JSON.stringify({ ...EXAMPLE, name: LONGEST_NAME, regionalNames: true })
        .replaceAll("us-east-1", region)
        .replaceAll("arn:aws:", `arn:${partition}:`),
    ) as typeof EXAMPLE;

  for (const [partition, region] of Object.entries(LONGEST_REGIONS)) {
    test(`USR-12 in ${region} of ${partition} the longest plane's trust policies fit, and its revocations beside the ceiling`, () => {
      const text = JSON.stringify(templateOf(wide(region, partition)).toJSON());
      const placed = JSON.parse(
        text
          .replaceAll('{"Ref":"AWS::Partition"}', `"${partition}"`)
          .replaceAll('{"Ref":"AWS::Region"}', `"${region}"`),
      );
      const roles = new Resolved({ toJSON: () => placed } as never)
        .ofType("AWS::IAM::Role")
        .filter(({ Properties }) => /-(exec|read)-/.test(String(Properties["RoleName"])));
      assert.ok(roles.length > 10);
      for (const { Properties } of roles) {
        const trust = JSON.stringify(Properties["AssumeRolePolicyDocument"])
          // The tests' reader makes role ARNs of `aws`.
          .replaceAll("arn:aws:iam", `arn:${partition}:iam`);
        assert.ok(trust.includes(`-${region}"`) && trust.length < 2_048, `${trust.length}`);
        const [{ PolicyDocument = {} } = {}] = Properties["Policies"] as {
          PolicyDocument: object;
        }[];
        assert.ok(charactersOf(PolicyDocument) + MAX_POLICY < 10_240);
      }
    });
  }

  test("USR-12 what IAM takes of a role beside its revocations is what is asserted", () => {
    assert.deepEqual(MOST_CHARACTERS, { trust: 2_048, ceiling: 2_700, boundary: 6_144 });
    assert.ok(MOST_CHARACTERS.ceiling + MAX_POLICY <= 10_240);
  });

  test("USR-12 a trust policy that would be too long stops synthesis, with what to do", () => {
    const named = (characters: number) =>
      templateOf({ ...EXAMPLE, name: "a".repeat(characters), regionalNames: true });
    assert.doesNotThrow(() => named(20));
    assert.throws(
      () => named(22),
      /the trust policy of .*Roles-dynamodb\/Execution has 20\d\d characters, and less than 2048 fit: give the plane a shorter name, or deploy it without regionalNames/,
    );
  });

  test("USR-12 a ceiling that leaves revocations no room stops synthesis, with what to do", () => {
    const tables = (count: number) =>
      Array.from({ length: count }, (_each, index) => `${TABLE}-${index}`.padEnd(150, "x"));
    const deployed = (count: number) =>
      templateOf({ ...EXAMPLE, targets: { "dynamodb:UpdateItem": tables(count) } });
    assert.doesNotThrow(() => deployed(12));
    assert.throws(
      () => deployed(16),
      /the ceiling policy of .*Roles-dynamodb\/Execution has \d+ characters, and less than 2700 fit: name fewer targets/,
    );
  });

  test("USR-12 a boundary that IAM would not take stops synthesis, with what to do", () => {
    const more = Array.from({ length: 50 }, (_each, index) => `${TABLE}-${index}`.padEnd(150, "x"));
    assert.throws(
      () => templateOf({ ...EXAMPLE, targets: { "dynamodb:UpdateItem": more } }),
      /the boundary policy of .*Roles-dynamodb\/ReaderBoundary has \d+ characters, and less than 6144 fit/,
    );
  });
});
