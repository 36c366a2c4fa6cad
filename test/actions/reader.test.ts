import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { readerActions, readerHolders } from "../../lib/actions/reader.ts";
import { READS } from "../../lib/actions/reads.ts";

suite("PROTOCOL.md §9 what a reader role may do", () => {
  const TABLE: [string, string[], string[], string[]?][] = [
    ["dynamodb", ["dynamodb:DescribeTable", "dynamodb:GetItem"], []],
    ["ec2", [], ["ec2:DescribeInstances", "ec2:DescribeVolumes"]],
    ["ecs", ["ecs:DescribeServices"], []],
    ["lambda", ["lambda:GetAlias"], []],
    ["s3", ["s3:GetObject"], [], ["s3:GetEncryptionConfiguration"]],
    ["ssm", ["ssm:GetParameter"], []],
    ["iam", [], []],
  ];
  for (const [family, onTargets, anywhere, onHolders = []] of TABLE) {
    test(`PROTOCOL.md §9 ${family}: exactly its reads`, () => {
      assert.deepEqual(readerActions(family), { onTargets, onHolders, anywhere });
    });
  }

  test("PROTOCOL.md §9 what holds its targets: the buckets of objects, each once, and nothing else", () => {
    const opened = ["a-bucket/x", "a-bucket/y/*", "b-bucket/*"].map(
      (name) => `arn:aws:s3:::${name}`,
    );
    assert.deepEqual(readerHolders("s3", opened), [
      "arn:aws:s3:::a-bucket",
      "arn:aws:s3:::b-bucket",
    ]);
    for (const [family] of TABLE.filter(([, , , onHolders]) => onHolders === undefined))
      assert.deepEqual(readerHolders(family, opened), [], family);
  });

  const NEEDS = [
    ...CATALOGUE.map(({ family, reads, readsHolder, readsAnywhere }) => ({
      ...{ family, reads, readsHolder, readsAnywhere },
    })),
    ...READS.map(({ family, iamActions, iamActionsAnywhere }) => ({
      ...{ family, reads: iamActions, readsAnywhere: iamActionsAnywhere, readsHolder: undefined },
    })),
  ];
  test("PROTOCOL.md §9 nothing that an action or an assumption needs is left out", () => {
    for (const { family, reads, readsHolder, readsAnywhere = [] } of NEEDS) {
      const { onTargets, onHolders, anywhere } = readerActions(family);
      assert.deepEqual(readsHolder?.actions.filter((each) => !onHolders.includes(each)) ?? [], []);
      assert.deepEqual(
        reads.filter((each) => !onTargets.includes(each)),
        [],
      );
      assert.deepEqual(
        readsAnywhere.filter((each) => !anywhere.includes(each)),
        [],
      );
    }
  });
});
