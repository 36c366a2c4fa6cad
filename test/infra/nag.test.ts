import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type App, Stack } from "aws-cdk-lib";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { AwsSolutionsChecks } from "cdk-nag";
import { checkWithNag } from "../../infra/nag.ts";
import { ACKNOWLEDGEMENTS } from "../../infra/nag-acknowledgements.ts";
import { everyStack } from "./support/synthesise.ts";

/** `<path below the stack> <finding>` of everything that cdk-nag finds and nobody acknowledged. */
const findings = (app: App): string[] =>
  new AwsSolutionsChecks(app)
    .validateScope(app)
    .violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath = "" }) => {
        const [, ...path] = constructPath.split("/");
        return `${path.join("/")} ${ruleName}`;
      }),
    )
    .sort();

suite("cdk-nag", () => {
  test("USR-12 no stack has a finding of AwsSolutions that is not acknowledged", () => {
    const app = everyStack();
    checkWithNag(app);
    assert.deepEqual(findings(app), []);
  });

  test("USR-12 every acknowledgement matches a finding on the resource that it names", () => {
    const app = everyStack();
    const names = app.node.children.filter((child) => Stack.isStack(child));
    const found = new Set(findings(app));
    for (const { path, finding } of ACKNOWLEDGEMENTS) {
      const ids = names.map(({ stackName }) => `${path} ${finding(stackName)}`);
      assert.ok(
        ids.some((id) => found.has(id)),
        `nothing is found there any more: ${ids[0]}`,
      );
    }
  });

  test("USR-12 each acknowledgement stands once and says in a sentence why", () => {
    const ids = ACKNOWLEDGEMENTS.map(({ path, finding }) => `${path} ${finding("x")}`);
    assert.equal(new Set(ids).size, ids.length);
    for (const { path, finding, reason } of ACKNOWLEDGEMENTS) {
      assert.match(reason, /^[A-Z][^]{40,}\.$/, `${path} ${finding("x")}`);
    }
  });

  test("USR-12 a finding ends the synthesis", () => {
    const app = everyStack();
    new Bucket(new Stack(app, "careless"), "Bucket");
    checkWithNag(app);
    assert.throws(() => app.synth(), /Validation failed/);
  });
});
