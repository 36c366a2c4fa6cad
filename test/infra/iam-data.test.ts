import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { addStacks, newApp } from "../../infra/app.ts";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { knownByNow, YOUNGER_THAN_THE_DATA } from "../support/iam-data.ts";
import { type FoundPolicy, problemsOf } from "../support/iam-problems.ts";
import { policiesOf } from "./support/policies.ts";
import { EXAMPLE, stubBundles } from "./support/synthesise.ts";
import { ACCOUNT, REGION, Resolved } from "./support/template.ts";

const OTHER_ACCOUNT = "444455556666";

/** Every stack of a deployment that opens every action, here and in another account, with samples. */
function deployedPolicies(): FoundPolicy[] {
  const app = newApp();
  const examples = CATALOGUE.map(({ action, ceiling }) => [action, [ceiling.example]]);
  const targets = Object.fromEntries(examples);
  const there = JSON.parse(JSON.stringify(targets).replaceAll(ACCOUNT, OTHER_ACCOUNT));
  const elsewhere = [{ account: OTHER_ACCOUNT, region: REGION, targets: there }];
  const deployment = { ...EXAMPLE, account: ACCOUNT, targets, elsewhere, samples: true };
  addStacks(app, { ...deployment, alarmEmails: ["team@example.org"] }, stubBundles());
  return app.node
    .findAll()
    .filter((construct) => construct instanceof Stack)
    .flatMap((stack) => policiesOf(stack.stackName, new Resolved(Template.fromStack(stack))));
}

suite("what is deployed exists in IAM", () => {
  const policies = deployedPolicies();

  test("VAI-46 every action, resource form and condition key of every deployed policy is one of AWS's", async () => {
    assert.deepEqual(await problemsOf(policies), []);
  });

  test("VAI-46 what is known besides the data is not in the data by now", async () => {
    assert.deepEqual(await knownByNow(), []);
  });

  test("VAI-46 an exception from the data is dated, stands for one exact name and makes no pattern good", async () => {
    const stating = (Effect: "Allow" | "Deny", Action: string): FoundPolicy => ({
      where: Action,
      document: { Version: "2012-10-17", Statement: [{ Effect, Action, Resource: "*" }] },
    });
    for (const [name, { announced }] of YOUNGER_THAN_THE_DATA) {
      assert.match(announced, /^20\d\d-\d\d-\d\d$/, name);
      assert.deepEqual(await problemsOf([stating("Allow", name)]), []);
      for (const action of [`${name.slice(0, -4)}*`, name.replace(/.$/, "?")]) {
        assert.notDeepEqual(await problemsOf([stating("Allow", action)]), [], action);
      }
      for (const action of [`${name}s`, name.slice(0, -1), name.toLowerCase()]) {
        assert.notDeepEqual(await problemsOf([stating("Deny", action)]), [], action);
      }
    }
  });

  test("VAI-46 policies of every kind were looked at", () => {
    const kinds = new Set(policies.map(({ where }) => where.split("/").slice(1).join("/")));
    for (const kind of ["AssumeRolePolicyDocument", "KeyPolicy", "ResourcePolicy/PolicyDocument"])
      assert.ok(kinds.has(kind), kind);
    const stacks = new Set(policies.map(({ where }) => where.split(" ")[0]));
    assert.deepEqual([...stacks].sort(), [
      "vai-example",
      `vai-example-roles-${OTHER_ACCOUNT}-${REGION}`,
      "vai-example-samples",
    ]);
    const roles = policies.filter(({ on }) => on === "role").length;
    assert.ok(roles >= 4 * new Set(CATALOGUE.map(({ family }) => family)).size, "pairs, twice");
  });
});
