import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { made, waitsFor } from "./support/order.ts";
import { EXAMPLE, templateOf } from "./support/synthesise.ts";

/** What is made when the tables are there already, each because it cannot be without them. */
const AFTER_THE_TABLES: Readonly<Record<string, string>> = {
  EvidenceWatchStream77A607ED: "reads the Evidence table's stream, which has no ARN before",
  MonitoringAlarmsEvidenceWatchDropped7D759F78: "is about what that stream drops, by its id",
};

const KEY = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555";
const ROLE = "arn:aws:iam::111122223333:role/platform";

/** Deployments whose stacks differ in what they are made of. */
const DEPLOYMENTS = {
  "the example": EXAMPLE,
  "one to throw away": { ...EXAMPLE, retain: false },
  "one with roles, keys and alarms of others": {
    ...EXAMPLE,
    existingKeys: { evidence: KEY },
    existingRoles: {
      lambda: { executionRoleArn: `${ROLE}/acts`, readerRoleArn: `${ROLE}/looks` },
    },
    alarmTopicArn: "arn:aws:sns:us-east-1:111122223333:alarms",
  },
};

const tablesOf = (resources: ReturnType<typeof made>): string[] =>
  [...resources].flatMap(([id, { Type }]) => (Type === "AWS::DynamoDB::Table" ? [id] : []));

suite("a first deployment that fails", () => {
  for (const [name, deployment] of Object.entries(DEPLOYMENTS)) {
    test(`VAI-91 leaves no table of ${name} behind: all that can fail comes before the first`, () => {
      const resources = made(templateOf(deployment));
      const tables = tablesOf(resources);
      assert.equal(tables.length, 3);
      for (const id of resources.keys()) {
        if (tables.includes(id) || Object.hasOwn(AFTER_THE_TABLES, id)) continue;
        for (const table of tables) {
          assert.ok(waitsFor(resources, table).has(id), `${table} may be made before ${id}`);
        }
      }
    });
  }

  test("VAI-91 what comes after the tables is there and needs one", () => {
    const resources = made(templateOf());
    for (const id of Object.keys(AFTER_THE_TABLES)) {
      assert.ok(resources.has(id), `${id} is gone`);
      const needed = [...waitsFor(resources, id)].map((each) => resources.get(each)?.Type);
      assert.ok(needed.includes("AWS::DynamoDB::Table"), id);
    }
  });

  test("VAI-91 makes one table after the other, so that what fails at the first leaves none", () => {
    const resources = made(templateOf());
    const tables = tablesOf(resources);
    const earlier = tables.map(
      (id) => tables.filter((other) => waitsFor(resources, id).has(other)).length,
    );
    assert.deepEqual(earlier.sort(), [0, 1, 2]);
  });

  test("VAI-91 takes back its keys and logs, whose names the next one needs; later ones keep them", () => {
    const kept = [...made(templateOf()).values()].filter(
      ({ DeletionPolicy }) => DeletionPolicy !== undefined && DeletionPolicy !== "Delete",
    );
    assert.deepEqual([...new Set(kept.map(({ Type }) => Type))].sort(), [
      "AWS::DynamoDB::Table",
      "AWS::KMS::Key",
      "AWS::Logs::LogGroup",
      "AWS::S3::Bucket",
    ]);
    for (const { Type, DeletionPolicy, UpdateReplacePolicy } of kept) {
      assert.equal(DeletionPolicy, "RetainExceptOnCreate", Type);
      assert.equal(UpdateReplacePolicy, "Retain", Type);
    }
  });
});
