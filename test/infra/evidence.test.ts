import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { EXAMPLE, templateOf } from "./support/synthesise.ts";
import { ACCOUNT, Resolved, roleArn, statements, tableArn } from "./support/template.ts";

const WRITERS = [roleArn("issue"), roleArn("govern")];
const RECORD = [
  ...["actorId", "at", "chainId", "code", "contractId", "eventId", "eventType", "identityId"],
  ...["intentId", "negativeDay", "outcome", "prev", "recordHash", "seq"],
];

/** Everything that CloudFormation and people need to keep the key; not one of these makes a signature. */
const ADMINISTRATION = [
  ...["CancelKeyDeletion", "CreateAlias", "DeleteAlias", "DescribeKey", "DisableKey", "EnableKey"],
  ...["GetKeyPolicy", "GetKeyRotationStatus", "ListKeyPolicies", "ListResourceTags"],
  ...["PutKeyPolicy", "ScheduleKeyDeletion", "TagResource", "UntagResource", "UpdateAlias"],
  "UpdateKeyDescription",
].map((action) => `kms:${action}`);

interface Index {
  readonly IndexName: string;
  readonly KeySchema: readonly { readonly AttributeName: string; readonly KeyType: string }[];
  readonly Projection: { readonly ProjectionType: string; readonly NonKeyAttributes: string[] };
}

suite("evidence", () => {
  const resolved = new Resolved(templateOf());
  const local = new Resolved(templateOf({ ...EXAMPLE, samples: true, retain: false }));
  const table = resolved.one("AWS::DynamoDB::Table", "TableName", "vai-example-evidence");
  const tablePolicy = (from: Resolved) => {
    const { Properties } = from.one("AWS::DynamoDB::Table", "TableName", "vai-example-evidence");
    const { PolicyDocument } = Properties["ResourcePolicy"] as { PolicyDocument: unknown };
    return statements(PolicyDocument);
  };
  const everyone = { Effect: "Deny", Principal: { AWS: "*" }, Resource: [tableArn("evidence")] };

  test("VAI-91 nobody changes, deletes or batch-writes a record, and only the functions put one", () => {
    assert.deepEqual(tablePolicy(resolved), [
      {
        ...everyone,
        Sid: "RecordsNeverChange",
        Action: [
          "dynamodb:BatchWriteItem",
          "dynamodb:DeleteItem",
          "dynamodb:PartiQLDelete",
          "dynamodb:PartiQLInsert",
          "dynamodb:PartiQLUpdate",
          "dynamodb:UpdateItem",
        ],
      },
      {
        ...everyone,
        Sid: "OnlyThePlaneAppends",
        Action: ["dynamodb:PutItem"],
        Condition: { ArnNotEquals: { "aws:PrincipalArn": WRITERS } },
      },
      { ...everyone, Sid: "RecordsNeverExpire", Action: ["dynamodb:UpdateTimeToLive"] },
      { ...everyone, Sid: "TableStays", Action: ["dynamodb:DeleteTable"] },
    ]);
  });

  test("VAI-91 the Evidence table is keyed, protected, retained and streams both images", () => {
    const {
      AttributeDefinitions: _a,
      GlobalSecondaryIndexes: _g,
      ResourcePolicy: _r,
      ...rest
    } = table.Properties;
    assert.deepEqual(rest, {
      TableName: "vai-example-evidence",
      KeySchema: [
        { AttributeName: "chainId", KeyType: "HASH" },
        { AttributeName: "seq", KeyType: "RANGE" },
      ],
      BillingMode: "PAY_PER_REQUEST",
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      StreamSpecification: { StreamViewType: "NEW_AND_OLD_IMAGES" },
    });
    assert.equal(table.DeletionPolicy, "Retain");
    assert.equal(table.UpdateReplacePolicy, "Retain");
  });

  test("VAI-91 five audit indexes by time carry everything but the envelope", () => {
    const indexes = table.Properties["GlobalSecondaryIndexes"] as Index[];
    const keys = Object.fromEntries(
      indexes.map(({ IndexName, KeySchema }) => [
        IndexName,
        KeySchema.map(({ AttributeName, KeyType }) => `${AttributeName} ${KeyType}`),
      ]),
    );
    assert.deepEqual(keys, {
      byContract: ["contractId HASH", "at RANGE"],
      byIdentity: ["identityId HASH", "at RANGE"],
      byActor: ["actorId HASH", "at RANGE"],
      byNegativeDay: ["negativeDay HASH", "at RANGE"],
      byEventType: ["eventType HASH", "at RANGE"],
    });
    let total = 0;
    for (const { KeySchema, Projection } of indexes) {
      assert.equal(Projection.ProjectionType, "INCLUDE");
      const carried = [
        "chainId", // a table's own keys are always projected
        "seq",
        ...KeySchema.map(({ AttributeName }) => AttributeName),
        ...Projection.NonKeyAttributes,
      ];
      assert.deepEqual(carried.sort(), RECORD);
      assert.ok(Projection.NonKeyAttributes.length <= 20);
      total += Projection.NonKeyAttributes.length;
    }
    assert.ok(total <= 100, "DynamoDB allows 100 projected attributes over all indexes");
  });

  test("VAI-91 a table that need not be retained can go, but its records still never change", () => {
    const sids = tablePolicy(local).map(({ Sid }) => Sid);
    assert.deepEqual(sids, ["RecordsNeverChange", "OnlyThePlaneAppends", "RecordsNeverExpire"]);
    for (const { Properties, DeletionPolicy } of local.ofType("AWS::DynamoDB::Table")) {
      assert.equal(DeletionPolicy, "Delete");
      assert.notEqual(Properties["DeletionProtectionEnabled"], true);
    }
  });

  test("VAI-91 State and Registry are protected and retained too; only State expires items", () => {
    const expiry = { state: { AttributeName: "ttl", Enabled: true }, registry: undefined };
    for (const [part, ttl] of Object.entries(expiry)) {
      const { Properties, DeletionPolicy } = resolved.one(
        "AWS::DynamoDB::Table",
        "TableName",
        `vai-example-${part}`,
      );
      assert.equal(Properties["DeletionProtectionEnabled"], true);
      assert.equal(DeletionPolicy, "Retain");
      assert.deepEqual(Properties["PointInTimeRecoverySpecification"], {
        PointInTimeRecoveryEnabled: true,
      });
      assert.deepEqual(Properties["TimeToLiveSpecification"], ttl);
      assert.deepEqual(Properties["KeySchema"], [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ]);
    }
  });
});

suite("evidence key", () => {
  const resolved = new Resolved(templateOf());
  const [key] = resolved.ofType("AWS::KMS::Key");
  const policy = statements(key?.Properties["KeyPolicy"]);
  const root = { AWS: `arn:aws:iam::${ACCOUNT}:root` };

  test("VAI-91 only the two functions sign, only digests, only ECDSA over SHA-256", () => {
    const signing = policy.filter(({ Action }) => Action.includes("kms:Sign"));
    assert.deepEqual(signing, [
      {
        Sid: "FunctionsSignDigests",
        Effect: "Allow",
        Principal: { AWS: [...WRITERS].sort() },
        Action: ["kms:Sign"],
        Resource: ["*"],
        Condition: {
          StringEquals: { "kms:SigningAlgorithm": "ECDSA_SHA_256", "kms:MessageType": "DIGEST" },
        },
      },
      {
        Sid: "NobodyElseSigns",
        Effect: "Deny",
        Principal: { AWS: "*" },
        Action: ["kms:Sign"],
        Resource: ["*"],
        Condition: { ArnNotEquals: { "aws:PrincipalArn": WRITERS } },
      },
    ]);
  });

  test("VAI-91 the account reads the public key and administers, but cannot sign or delegate signing", () => {
    const allowed = policy.filter(({ Effect }) => Effect === "Allow");
    assert.deepEqual(
      allowed.map(({ Sid }) => Sid),
      ["FunctionsSignDigests", "PublicKeyIsReadable", "AdministrationWithoutSigning"],
    );
    for (const { Sid, Principal } of allowed.slice(1)) assert.deepEqual(Principal, root, Sid);
    assert.deepEqual(allowed[1]?.Action, ["kms:DescribeKey", "kms:GetPublicKey"]);
    assert.deepEqual(allowed[2]?.Action, ADMINISTRATION);
  });

  test("VAI-91 the key is P-256, named, retained, and deleted only after 30 days", () => {
    const { KeyPolicy: _, Description: __, ...rest } = key?.Properties ?? {};
    assert.deepEqual(rest, {
      KeySpec: "ECC_NIST_P256",
      KeyUsage: "SIGN_VERIFY",
      PendingWindowInDays: 30,
    });
    assert.equal(key?.DeletionPolicy, "Retain");
    const [alias] = resolved.ofType("AWS::KMS::Alias");
    assert.equal(alias?.Properties["AliasName"], "alias/vai-example-evidence");
    assert.deepEqual(
      policy.find(
        ({ Action }) => Action.includes("kms:ScheduleKeyDeletion") && Action.length === 1,
      ),
      {
        Sid: "DeletionWaitsLongest",
        Effect: "Deny",
        Principal: { AWS: "*" },
        Action: ["kms:ScheduleKeyDeletion"],
        Resource: ["*"],
        Condition: { NumericLessThan: { "kms:ScheduleKeyDeletionPendingWindowInDays": "30" } },
      },
    );
  });
});
