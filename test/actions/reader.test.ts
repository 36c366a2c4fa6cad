import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { readerActions } from "../../lib/actions/reader.ts";
import { READS } from "../../lib/actions/reads.ts";

suite("PROTOCOL.md §9 what a reader role may do", () => {
  const TABLE: [string, string[], string[]][] = [
    ["dynamodb", ["dynamodb:GetItem"], []],
    ["ec2", [], ["ec2:DescribeInstances"]],
    ["ecs", ["ecs:DescribeServices"], []],
    ["lambda", ["lambda:GetAlias"], []],
    ["s3", ["s3:GetObject"], []],
    ["ssm", ["ssm:GetParameter"], []],
    ["iam", [], []],
  ];
  for (const [family, onTargets, anywhere] of TABLE) {
    test(`PROTOCOL.md §9 ${family}: exactly its reads`, () => {
      assert.deepEqual(readerActions(family), { onTargets, anywhere });
    });
  }

  const NEEDS = [
    ...CATALOGUE.map(({ family, reads, readsAnywhere }) => ({ family, reads, readsAnywhere })),
    ...READS.map(({ family, iamActions, iamActionsAnywhere }) => ({
      ...{ family, reads: iamActions, readsAnywhere: iamActionsAnywhere },
    })),
  ];
  test("PROTOCOL.md §9 nothing that an action or an assumption needs is left out", () => {
    for (const { family, reads, readsAnywhere = [] } of NEEDS) {
      const { onTargets, anywhere } = readerActions(family);
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
