import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Match, Template } from "aws-cdk-lib/assertions";
import { newApp } from "../../infra/app.ts";
import { SamplesStack } from "../../infra/samples-stack.ts";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { sampleTargets } from "../../localstack/deploy/samples.ts";
import { ACCOUNT, REGION, Resolved, statements } from "./support/template.ts";

const CREDENTIAL = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:PaymentsCredentialC3F0452B`;

suite("samples stack", () => {
  const template = Template.fromStack(new SamplesStack(newApp(), "vai-local-samples"));
  const resolved = new Resolved(template);

  test("VAI-45 sample targets are not the plane's own, hold no permission beyond their own and go with the stack", () => {
    template.resourceCountIs("AWS::IAM::Policy", 0);
    template.resourceCountIs("AWS::IAM::ManagedPolicy", 0);
    const roles = resolved.ofType("AWS::IAM::Role").map(({ Properties }) => Properties);
    for (const { ManagedPolicyArns } of roles) assert.equal(ManagedPolicyArns, undefined);
    const policies = roles.flatMap(({ Policies }) => Policies ?? []) as {
      PolicyDocument: unknown;
    }[];
    assert.deepEqual(
      policies.flatMap(({ PolicyDocument }) => statements(PolicyDocument)),
      [
        {
          ...{ Sid: "Items", Effect: "Allow" },
          Action: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
          Resource: [`arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/sample-payments`],
        },
        {
          ...{ Sid: "Credential", Effect: "Allow", Action: ["secretsmanager:GetSecretValue"] },
          Resource: [CREDENTIAL],
        },
      ],
    );
    const table = resolved.one("AWS::DynamoDB::Table", "TableName", "sample-settings");
    assert.deepEqual(table.Properties["KeySchema"], [{ AttributeName: "pk", KeyType: "HASH" }]);
    assert.deepEqual(table.Properties["AttributeDefinitions"], [
      { AttributeName: "pk", AttributeType: "S" },
    ]);
    for (const { DeletionPolicy } of [table, ...resolved.ofType("AWS::Logs::LogGroup")]) {
      assert.equal(DeletionPolicy, "Delete");
    }
  });

  test("VAI-45 the bucket is private, encrypted, versioned and takes no plain HTTP", () => {
    const name = `sample-objects-${ACCOUNT}-${REGION}`;
    const { Properties } = resolved.one("AWS::S3::Bucket", "BucketName", name);
    assert.deepEqual(Properties["PublicAccessBlockConfiguration"], {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    });
    assert.deepEqual(Properties["VersioningConfiguration"], { Status: "Enabled" });
    assert.match(JSON.stringify(Properties["BucketEncryption"]), /AES256/);
    const [policy] = resolved.ofType("AWS::S3::BucketPolicy");
    const denies = statements(policy?.Properties["PolicyDocument"]);
    assert.ok(denies.every(({ Effect }) => Effect === "Deny"));
    assert.deepEqual(denies[0]?.Condition, { Bool: { "aws:SecureTransport": "false" } });
  });

  test("VAI-45 instances and service are as small as can be, run nothing, and nothing reaches them", () => {
    const instances = resolved.ofType("AWS::EC2::Instance").map(({ Properties }) => Properties);
    assert.equal(instances.length, 2);
    for (const { InstanceType, NetworkInterfaces, MetadataOptions } of instances) {
      assert.equal(InstanceType, "t4g.nano");
      assert.equal(NetworkInterfaces, undefined);
      assert.deepEqual(MetadataOptions, { HttpEndpoint: "disabled", HttpTokens: "required" });
    }
    for (const type of ["InternetGateway", "NatGateway", "EIP", "Route"]) {
      template.resourceCountIs(`AWS::EC2::${type}`, 0);
    }
    const [service] = resolved.ofType("AWS::ECS::Service");
    assert.equal(service?.Properties["DesiredCount"], 0);
    const network = JSON.stringify(service?.Properties["NetworkConfiguration"]);
    assert.match(network, /"AssignPublicIp":"DISABLED"/);
    const [task] = resolved.ofType("AWS::ECS::TaskDefinition");
    for (const role of ["TaskRoleArn", "ExecutionRoleArn"]) {
      assert.equal(task?.Properties[role], undefined);
    }
  });

  test("VAI-45 a local AWS without instances in its CloudFormation makes them by other means", () => {
    template.hasParameter("Instances", { Default: "here", AllowedValues: ["here", "elsewhere"] });
    const made = resolved.all().filter(([, { Type }]) => Type === "AWS::EC2::Instance");
    const [first] = made.map(([, resource]) => (resource as { Condition?: string }).Condition);
    assert.ok(first);
    template.hasCondition(first, { "Fn::Equals": [{ Ref: "Instances" }, "here"] });
    template.hasOutput("SampleInstances", { Condition: first });
  });

  test("POC-24 what pays has a credential that is made up at AWS, and its code and settings hold none", () => {
    template.hasResourceProperties("AWS::SecretsManager::Secret", {
      GenerateSecretString: { ExcludePunctuation: true, PasswordLength: 48 },
    });
    const { Properties } = resolved.one("AWS::Lambda::Function", "FunctionName", "sample-payments");
    assert.deepEqual(Properties["Environment"], {
      Variables: {
        ...{ TABLE: "sample-payments", SECRET: CREDENTIAL },
        URL_SUFFIX: "amazonaws.com",
      },
    });
    const { ZipFile = "" } = Properties["Code"] as { ZipFile?: string };
    assert.ok(ZipFile.length > 0 && ZipFile.length <= 4096, `${ZipFile.length} characters`);
    assert.doesNotMatch(ZipFile, /console\./);
    template.hasResourceProperties("AWS::Lambda::Alias", {
      ...{ FunctionName: "sample-payments", Name: "live" },
      FunctionVersion: { "Fn::GetAtt": [Match.stringLikeRegexp("^PaymentsVersion1"), "Version"] },
    });
  });

  test("VAI-45 every sample has its output, and the ceilings of the local plane name each", () => {
    assert.deepEqual(Object.keys(resolved.outputs).sort(), [
      ...["SampleBucket", "SampleCluster", "SampleFunction", "SampleInstances"],
      ...["SampleNewVersion", "SampleParameter", "SamplePayments", "SamplePaymentsAlias"],
      ...["SamplePaymentsTable", "SampleService", "SampleTable"],
    ]);
    const targets = sampleTargets(["i-1", "i-2"]);
    assert.deepEqual(
      Object.keys(targets),
      CATALOGUE.map(({ action }) => action),
    );
    const named = JSON.stringify(targets)
      .replaceAll("000000000000", ACCOUNT)
      .replace("/i-1", "/SampleInstances");
    for (const output of ["Bucket", "Cluster", "Function", "Parameter", "Service", "Table"]) {
      assert.ok(named.includes(resolved.outputs[`Sample${output}`] ?? "none"), output);
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
