import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { DeploymentError, parseDeployment, readDeployment } from "../../infra/deployment.ts";
import { EXAMPLE, stubBundles } from "./support/synthesise.ts";

const { samples: _samples, retain: _retain, ...GOOD } = EXAMPLE;
const TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/settings";
const [ANCHOR] = EXAMPLE.anchors;

/** What is wrong → the change that makes it so → what the message says, pointer included. */
const DEFECTS: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
  ["no name", { name: undefined }, /\/name: must be of type string/],
  ["a name in capitals", { name: "Prod" }, /\/name: must begin with a-z and have at most 20/],
  ["a name of 21 characters", { name: "a".repeat(21) }, /\/name: must begin with a-z/],
  ["no anchors", { anchors: [] }, /\/anchors: must hold one public JWK/],
  ["three anchors", { anchors: [ANCHOR, ANCHOR, ANCHOR] }, /\/anchors: must hold at most two/],
  [
    "one anchor twice",
    { anchors: [ANCHOR, ANCHOR] },
    /\/anchors: must not hold the same key twice/,
  ],
  [
    "an anchor that is null",
    { anchors: [null] },
    /\/anchors\/0: is not a JWK object; put the public/,
  ],
  [
    "a private anchor",
    { anchors: [{ ...ANCHOR, d: "c2VjcmV0" }] },
    /\/anchors\/0: has members "crv d kty x y"; a public JWK has exactly "crv kty x y"/,
  ],
  ["an anchor off the curve", { anchors: [{ ...ANCHOR, y: "A".repeat(43) }] }, /\/anchors\/0: /],
  ["no targets", { targets: {} }, /\/targets: must have at least one of dynamodb:UpdateItem/],
  [
    "an action without targets",
    { targets: { "dynamodb:UpdateItem": [] } },
    /\/targets\/dynamodb:UpdateItem: must name at least one ARN/,
  ],
  [
    "an unknown action",
    { targets: { "iam:PutRolePolicy": ["*"] } },
    /\/targets\/iam:PutRolePolicy: unknown; known are dynamodb:UpdateItem, lambda:UpdateAlias/,
  ],
  [
    "a wildcard",
    { targets: { "dynamodb:UpdateItem": [`${TABLE}*`] } },
    /\/targets\/dynamodb:UpdateItem\/0: must be one exact ARN such as arn:aws:dynamodb/,
  ],
  [
    "a policy variable",
    { targets: { "dynamodb:UpdateItem": [`${TABLE}-\${aws:username}`] } },
    /\/targets\/dynamodb:UpdateItem\/0: must be one exact ARN/,
  ],
  [
    "an index of a table",
    { targets: { "dynamodb:UpdateItem": [`${TABLE}/index/byName`] } },
    /\/targets\/dynamodb:UpdateItem\/0: must be one exact ARN/,
  ],
  [
    "a qualified function",
    {
      targets: { "lambda:UpdateAlias": ["arn:aws:lambda:us-east-1:111122223333:function:f:live"] },
    },
    /\/targets\/lambda:UpdateAlias\/0: must be one exact ARN .* no qualifier/,
  ],
  [
    "an ARN twice",
    { targets: { "dynamodb:UpdateItem": [TABLE, TABLE] } },
    /\/targets\/dynamodb:UpdateItem: must name each ARN once/,
  ],
  [
    "more ARNs than a session policy holds",
    { targets: { "dynamodb:UpdateItem": Array.from({ length: 30 }, (_, i) => `${TABLE}-${i}`) } },
    /\/targets: has \d+ characters of dynamodb ARNs; at most 1400/,
  ],
  [
    "the plane's own table",
    { targets: { "dynamodb:UpdateItem": [TABLE.replace("settings", "vai-example-state")] } },
    /\/targets\/dynamodb:UpdateItem\/0: is one of the trust plane's own resources/,
  ],
  [
    "the plane's own function",
    {
      targets: {
        "lambda:UpdateAlias": ["arn:aws:lambda:us-east-1:111122223333:function:vai-example-issue"],
      },
    },
    /\/targets\/lambda:UpdateAlias\/0: is one of the trust plane's own resources/,
  ],
  ["samples that are no boolean", { samples: "yes" }, /\/samples: must be of type boolean/],
  ["an unknown property", { region: "us-east-1" }, /\/region: unknown; known are name, anchors/],
];

suite("deployment file", () => {
  for (const [name, change, message] of DEFECTS) {
    test(`USR-12 refuses ${name}, with pointer and what would be right`, () => {
      assert.throws(
        () => parseDeployment({ ...GOOD, ...change }, "deployment.json"),
        (error: Error) => {
          assert.ok(error instanceof DeploymentError);
          assert.match(error.message, /^deployment\.json is not a deployment description:\n/);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }

  test("USR-12 names every defect at once", () => {
    assert.throws(() => parseDeployment({ name: 1, anchors: 2, targets: 3 }, "f"), {
      message: [
        "f is not a deployment description:",
        "  /name: must be of type string",
        "  /anchors: must be of type array",
        "  /targets: must be of type object",
      ].join("\n"),
    });
  });

  test("USR-12 retains by default, unless the samples say that this is a throw-away", () => {
    assert.equal(parseDeployment(GOOD, "f").retain, true);
    assert.equal(parseDeployment(GOOD, "f").samples, false);
    assert.equal(parseDeployment({ ...GOOD, samples: true }, "f").retain, false);
    assert.equal(parseDeployment({ ...GOOD, samples: true, retain: true }, "f").retain, true);
    assert.equal(parseDeployment({ ...GOOD, retain: false }, "f").retain, false);
  });

  test("USR-12 a missing file, and one that is not JSON, say what to do", () => {
    const missing = join(stubBundles(), "absent.json");
    assert.throws(
      () => readDeployment(missing),
      /cannot read .*absent\.json: name an existing file in/,
    );
    const broken = join(stubBundles(), "broken.json");
    writeFileSync(broken, "{ name: 1 }");
    assert.throws(() => readDeployment(broken), /broken\.json is not JSON: /);
  });
});
