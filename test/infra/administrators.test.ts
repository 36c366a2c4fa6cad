import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DeploymentError, parseDeployment } from "../../infra/deployment.ts";
import { EXAMPLE } from "./support/synthesise.ts";

const { samples: _, retain: __, administrators: ___, ...GOOD } = EXAMPLE;
const ACCOUNT = "111122223333";
const iam = (resource: string, account = ACCOUNT, partition = "aws") =>
  `arn:${partition}:iam::${account}:${resource}`;
const TEAM = iam("role/platform-administrator");
const CLOUDFORMATION = iam(`role/cdk-hnb659fds-cfn-exec-role-${ACCOUNT}-us-east-1`);
const BUCKET = { "s3:PutObject": ["arn:aws:s3:::settings-bucket/*"] };

/** Lines that a deployment file with these administrators is refused with. */
function refused(administrators: readonly string[], change: object = {}): string[] {
  try {
    parseDeployment({ ...GOOD, administrators, ...change }, "f");
  } catch (error) {
    assert.ok(error instanceof DeploymentError);
    return error.message.split("\n").slice(1);
  }
  return [];
}

suite("administrators", () => {
  const good = {
    "a role": [TEAM],
    "a role below a path": [iam("role/teams/platform")],
    "a role that a tool names": [iam("role/aws-reserved/sso.amazonaws.com/eu-central-1/*")],
    "a user": [iam("user/alice")],
    "a role beside root": [iam("root"), TEAM],
    "a role beside CloudFormation's": [CLOUDFORMATION, TEAM],
    "a role whose name begins like the plane's, of another plane": [iam("role/vai-other-issue")],
  };
  for (const [name, administrators] of Object.entries(good)) {
    test(`VAI-91 ${name} can change what protects the tables`, () => {
      assert.deepEqual(refused(administrators), []);
    });
  }

  const nobody = {
    "are left out": undefined,
    "are none": [],
    "are the root user, whose credentials may be gone": [iam("root")],
    "are CloudFormation's role, which no person can assume": [CLOUDFORMATION],
    "are a role of a service": [iam("role/aws-service-role/support.amazonaws.com/AWSSupport")],
  };
  for (const [name, administrators] of Object.entries(nobody)) {
    test(`VAI-91 refused: administrators that ${name}`, () => {
      const [line = "", ...more] = refused(administrators ?? [], { administrators });
      assert.match(line, /^ {2}\/administrators: must name a role or user that people can use: /);
      assert.deepEqual(more, []);
    });
  }

  test("VAI-91 a plane to throw away needs no administrator: its tables have no protection to lift", () => {
    assert.deepEqual(refused([], { retain: false }), []);
    assert.deepEqual(refused([], { samples: true }), []);
    assert.equal(refused([], { samples: true, retain: true }).length, 1);
  });

  const bad: readonly (readonly [string, string, object, RegExp])[] = [
    ["of another account", iam("role/a", "444455556666"), {}, /in account 111122223333: .*another/],
    [
      "of another account than the file's",
      TEAM,
      { account: "444455556666", targets: BUCKET },
      /must be in account 444455556666/,
    ],
    ["of another partition", iam("role/a", ACCOUNT, "aws-cn"), {}, /must be in partition aws$/],
    ["that is a function's role", iam("role/vai-example-issue"), {}, /covers roles of the plane/],
    ["that covers the functions' roles", iam("role/vai-*"), {}, /covers roles of the plane itself/],
    ["that covers one of them", iam("role/vai-example-gov*"), {}, /covers roles of the plane/],
  ];
  for (const [name, arn, change, message] of bad) {
    test(`VAI-91 refused: an administrator ${name}`, () => {
      const others = change === bad[1]?.[2] ? [] : [TEAM];
      const lines = refused([...others, arn], change);
      assert.equal(lines.length, 1, lines.join("\n"));
      assert.match(lines[0] ?? "", new RegExp(`^ {2}/administrators/${others.length}: `));
      assert.match(lines[0] ?? "", message);
    });
  }

  test("VAI-91 where nothing says the account, all administrators must be of one", () => {
    const two = [TEAM, iam("role/b", "444455556666")];
    assert.equal(refused([TEAM], { targets: BUCKET }).length, 0);
    assert.match(
      refused(two, { targets: BUCKET }).join(),
      /administrators\/1: must be in account 1/,
    );
  });
});
