import assert from "node:assert/strict";
import { test } from "node:test";
import { distancesFrom, rulesOf } from "./distances.ts";

test("distances of the environment are laid over a region's, and a mistake is refused", () => {
  const own = { VAI_BENCH_DISTANCES: '{"kms:*":4,"ssm:PutParameter":30}' };
  const found = distancesFrom(own);
  assert.deepEqual([found["kms:*"], found["ssm:PutParameter"], found["sts:*"]], [4, 30, 25]);
  for (const bad of ["[]", "8", "{", '{"kms":8}', '{"kms:*":-1}', '{"kms:*":"8"}']) {
    assert.throws(() => distancesFrom({ VAI_BENCH_DISTANCES: bad }), TypeError, bad);
  }
});

test("the rule for an operation stands before the one for its service", () => {
  const [first, second] = rulesOf({ "dynamodb:*": 5, "dynamodb:UpdateItem": 12 });
  assert.deepEqual(first, {
    match: { service: "dynamodb", operation: "UpdateItem" },
    do: { distanceMs: 12 },
  });
  assert.deepEqual(second, { match: { service: "dynamodb" }, do: { distanceMs: 5 } });
});
