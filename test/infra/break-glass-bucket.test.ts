import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FUNCTIONS } from "../../infra/functions.ts";
import { EXAMPLE, templateOf } from "./support/synthesise.ts";
import { ACCOUNT, REGION, Resolved, roleArn, statements } from "./support/template.ts";

const NAME = `vai-example-glass-${ACCOUNT}-${REGION}`;
const OBJECTS = `arn:aws:s3:::${NAME}/*`;
const BUCKET = `arn:aws:s3:::${NAME}`;

/** An emergency gives no handle: `execute` has nothing to write of one. */
const WRITERS = FUNCTIONS.filter((name) => name !== "execute");

const of = (retain: boolean) => {
  const resolved = new Resolved(templateOf({ ...EXAMPLE, retain }));
  const [bucket] = resolved.ofType("AWS::S3::Bucket");
  const [policy] = resolved.ofType("AWS::S3::BucketPolicy");
  assert.ok(bucket && policy);
  return { bucket, denials: statements(policy.Properties["PolicyDocument"]) };
};

suite("VAI-125 VAI-126 the bucket of emergencies", () => {
  test("VAI-126 is versioned and locked, private, and kept with its plane", () => {
    const { bucket } = of(true);
    const { Properties } = bucket;
    assert.equal(Properties["BucketName"], NAME);
    assert.deepEqual(Properties["VersioningConfiguration"], { Status: "Enabled" });
    assert.deepEqual(Properties["ObjectLockEnabled"], true);
    assert.deepEqual(Properties["ObjectLockConfiguration"], {
      ObjectLockEnabled: "Enabled",
      Rule: { DefaultRetention: { Mode: "COMPLIANCE", Days: 400 } },
    });
    assert.deepEqual(Properties["PublicAccessBlockConfiguration"], {
      ...{ BlockPublicAcls: true, BlockPublicPolicy: true },
      ...{ IgnorePublicAcls: true, RestrictPublicBuckets: true },
    });
    assert.deepEqual(of(false).bucket.Properties["ObjectLockConfiguration"], {
      ObjectLockEnabled: "Enabled",
      Rule: { DefaultRetention: { Mode: "GOVERNANCE", Days: 1 } },
    });
  });

  test("VAI-125 VAI-126 lets the plane put an object only where there is none, and nobody delete, hide, replicate or shred one", () => {
    const { denials } = of(true);
    assert.ok(denials.every(({ Effect }) => Effect === "Deny"));
    const said = new Map(denials.map((each) => [each.Sid, each]));
    const administrators = said.get("OnlyAdministratorsConfigure")?.Condition;
    assert.match(JSON.stringify(administrators), /^\{"ArnNotEquals":\{"aws:PrincipalArn":.+\}\}$/);
    assert.deepEqual(
      [...said].flatMap(([sid, { Action, Resource, Condition }]) =>
        sid === undefined ? [] : [[sid, Action, Resource, Condition]],
      ),
      [
        ["OnlyIfAbsent", ["s3:PutObject"], [OBJECTS], { Null: { "s3:if-none-match": "true" } }],
        [
          "OnlyThePlanePuts",
          ["s3:PutObject"],
          [OBJECTS],
          { ArnNotEquals: { "aws:PrincipalArn": WRITERS.map(roleArn) } },
        ],
        [
          "OnlyIssueTakesUses",
          ["s3:PutObject"],
          [`${BUCKET}/break-glass/*/use`],
          { ArnNotEquals: { "aws:PrincipalArn": [roleArn("issue")] } },
        ],
        [
          "NobodyDeletes",
          [
            "s3:BypassGovernanceRetention",
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:PutObjectRetention",
            "s3:ReplicateDelete",
            "s3:ReplicateObject",
          ],
          [OBJECTS],
          undefined,
        ],
        [
          "OnlyAdministratorsConfigure",
          [
            "s3:DeleteBucketPolicy",
            "s3:PutBucketObjectLockConfiguration",
            "s3:PutBucketPolicy",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
            "s3:PutLifecycleConfiguration",
          ],
          [BUCKET],
          administrators,
        ],
        ["BucketStays", ["s3:DeleteBucket"], [BUCKET], undefined],
      ],
    );
    const others = new Map(of(false).denials.map((each) => [each.Sid, each]));
    assert.deepEqual(others.get("NobodyDeletes")?.Condition, administrators);
    assert.equal(others.has("BucketStays"), false);
  });
});
