import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { proveContainment } from "../../lib/authority/contain/contain.ts";
import { sessionPolicy } from "../../lib/authority/derive/session-policy.ts";
import { contractOf, EXP, NBF, updateItem } from "./fixtures.ts";

/** The same step wherever a plane is deployed. */
function livingIn(partition: string, region: string, account: string) {
  const resource = `arn:${partition}:dynamodb:${region}:${account}:table/Flags`;
  const step = updateItem({ resources: [resource] });
  const contract = contractOf([step], { partition, region, account });
  const policy = sessionPolicy({ step, account, region, nbf: NBF, exp: EXP });
  return { policy, contract, step };
}

suite("VAI-47 containment is proved wherever the contract lives", () => {
  const PLACES: [partition: string, region: string, account: string][] = [
    ["aws", "us-east-1", "000000000000"],
    ["aws", "eu-central-1", "111122223333"],
    ["aws-cn", "cn-north-1", "444455556666"],
    ["aws-us-gov", "us-gov-west-1", "999999999999"],
  ];
  for (const place of PLACES) {
    test(`VAI-47 in ${place.join(" ")}`, () => {
      const { policy, contract, step } = livingIn(...place);
      assert.deepEqual(proveContainment(policy, contract, step), { contained: true });
      const denies = policy.Statement.filter(({ Effect }) => Effect === "Deny");
      for (const deny of denies) {
        const Statement = policy.Statement.filter((each) => each !== deny);
        const { contained } = proveContainment({ ...policy, Statement }, contract, step);
        assert.equal(contained, false, JSON.stringify(deny));
      }
    });
  }
});
