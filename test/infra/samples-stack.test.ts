import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Template } from "aws-cdk-lib/assertions";
import { newApp } from "../../infra/app.ts";
import { SamplesStack } from "../../infra/samples-stack.ts";
import { Resolved } from "./support/template.ts";

suite("samples stack", () => {
  const template = Template.fromStack(new SamplesStack(newApp(), "vai-local-samples"));
  const resolved = new Resolved(template);

  test("VAI-45 sample targets are not the plane's own, hold no permission and go with the stack", () => {
    template.resourceCountIs("AWS::IAM::Policy", 0);
    template.resourceCountIs("AWS::IAM::ManagedPolicy", 0);
    const [role] = resolved.ofType("AWS::IAM::Role");
    assert.equal(role?.Properties["ManagedPolicyArns"], undefined);
    assert.equal(role?.Properties["Policies"], undefined);
    const table = resolved.one("AWS::DynamoDB::Table", "TableName", "sample-settings");
    assert.deepEqual(table.Properties["KeySchema"], [{ AttributeName: "pk", KeyType: "HASH" }]);
    assert.deepEqual(table.Properties["AttributeDefinitions"], [
      { AttributeName: "pk", AttributeType: "S" },
    ]);
    for (const { DeletionPolicy } of [table, ...resolved.ofType("AWS::Logs::LogGroup")]) {
      assert.equal(DeletionPolicy, "Delete");
    }
  });

  test("VAI-45 the alias is at version 1; version 2 is published by the second deployment, of a changed function", () => {
    template.hasParameter("Revision", { Default: "1", AllowedValues: ["1", "2"] });
    template.hasResourceProperties("AWS::Lambda::Function", {
      FunctionName: "sample-checkout",
      Environment: { Variables: { REVISION: { Ref: "Revision" } } },
    });
    template.hasResource("AWS::Lambda::Version", { Condition: "Released" });
    template.hasCondition("Released", { "Fn::Equals": [{ Ref: "Revision" }, "2"] });
    template.hasResourceProperties("AWS::Lambda::Alias", {
      Name: "live",
      FunctionVersion: { "Fn::GetAtt": ["Version1", "Version"] },
    });
    template.hasOutput("SampleNewVersion", { Condition: "Released" });
    assert.equal(resolved.outputs["SampleTable"], "sample-settings");
    assert.equal(resolved.outputs["SampleFunction"], "sample-checkout");
  });
});
