import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type App, Stack } from "aws-cdk-lib";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { AwsSolutionsChecks } from "cdk-nag";
import { addStacks, newApp } from "../../infra/app.ts";
import { checkWithNag } from "../../infra/nag.ts";
import { ACKNOWLEDGEMENTS } from "../../infra/nag-acknowledgements.ts";
import { EXAMPLE, everyStack, stubBundles } from "./support/synthesise.ts";

const STACK = new Stack();

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

  test("USR-12 nor has the plane of an account that nobody named", () => {
    const app = newApp();
    addStacks(app, EXAMPLE, stubBundles());
    checkWithNag(app);
    assert.deepEqual(findings(app), []);
  });

  test("USR-12 every acknowledgement matches a finding on the resource that it names", () => {
    const app = everyStack();
    const stacks = app.node.children.filter((child) => Stack.isStack(child));
    const found = new Set(findings(app));
    for (const { path, finding } of ACKNOWLEDGEMENTS) {
      const ids = stacks.map((stack) => `${path} ${finding(stack)}`);
      assert.ok(
        ids.some((id) => found.has(id)),
        `nothing is found there any more: ${ids[0]}`,
      );
    }
  });

  test("USR-12 each acknowledgement stands once and says in a sentence why", () => {
    const ids = ACKNOWLEDGEMENTS.map(({ path, finding }) => `${path} ${finding(STACK)}`);
    assert.equal(new Set(ids).size, ids.length);
    for (const { path, finding, reason } of ACKNOWLEDGEMENTS) {
      assert.match(reason, /^[A-Z][\s\S]{40,}\.$/, `${path} ${finding(STACK)}`);
    }
  });

  test("USR-12 a finding ends the synthesis", (t) => {
    t.mock.method(process.stderr, "write", () => true); // the report
    const app = newApp();
    const stack = new Stack(app, "careless");
    new Bucket(stack, "Bucket", { enforceSSL: true });
    checkWithNag(app);
    assert.throws(() => app.synth(), /Validation failed/);
    assert.deepEqual(findings(app), ["Bucket/Resource AwsSolutions-S1"]);
  });
});
