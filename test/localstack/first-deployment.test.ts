import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  CreateStackCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
} from "@aws-sdk/client-cloudformation";
import { ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { EXAMPLE, templateOf } from "../infra/support/synthesise.ts";
import { type RunningEmulator, startEmulator } from "./support/emulator.ts";

const BUCKET = "templates";
let emulator: RunningEmulator;

before(async () => {
  emulator = await startEmulator();
  await emulator.deployer.s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
});
after(() => emulator?.stop());

interface Template {
  readonly Resources: Record<
    string,
    {
      Type: string;
      Properties: Record<string, unknown>;
      DependsOn?: unknown;
      DeletionPolicy?: string;
    }
  >;
  Parameters?: unknown;
  Rules?: unknown;
}

/** The stack of a retained plane whose function `govern` Lambda refuses, as it does too much reserved concurrency. */
function templateThatFails(name: string): Template {
  const template: Template = structuredClone(templateOf({ ...EXAMPLE, name }).toJSON() as Template);
  // Of the CDK's bootstrap, which this account has not; code without a bucket.
  delete template.Parameters;
  delete template.Rules;
  for (const { Type, Properties } of Object.values(template.Resources)) {
    if (Type !== "AWS::Lambda::Function") continue;
    Properties["Code"] = { ZipFile: "exports.handler = async () => {};" };
    if (Properties["FunctionName"] === `vai-${name}-govern`) {
      Properties["Layers"] = ["arn:aws:lambda:us-east-1:000000000000:layer:none:1"];
    }
  }
  return template;
}

/** Types of what is left when CloudFormation is done with what it could not deploy. */
async function leftBy(name: string, template: Template): Promise<string[]> {
  const { cloudFormation, dynamoDb, s3 } = emulator.deployer;
  const StackName = `vai-${name}`;
  const Body = JSON.stringify(template);
  await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: name, Body }));
  await cloudFormation.send(
    new CreateStackCommand({
      StackName,
      TemplateURL: `${emulator.access.endpoint}/${BUCKET}/${name}`,
      Capabilities: ["CAPABILITY_NAMED_IAM"],
    }),
  );
  let status = "";
  do {
    const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
    status = Stacks[0]?.StackStatus ?? "";
  } while (status.endsWith("_IN_PROGRESS"));
  assert.equal(status, "ROLLBACK_COMPLETE");
  const { StackResources = [] } = await cloudFormation.send(
    new DescribeStackResourcesCommand({ StackName }),
  );
  const left = StackResources.filter(({ ResourceStatus }) => ResourceStatus !== "DELETE_COMPLETE");
  const { TableNames = [] } = await dynamoDb.send(new ListTablesCommand({}));
  const tables = TableNames.filter((table) => table.startsWith(`${StackName}-`));
  return [...left.map(({ ResourceType = "" }) => ResourceType), ...tables].sort();
}

test("VAI-91 a first deployment that fails leaves nothing on the local AWS", async () => {
  assert.deepEqual(await leftBy("first", templateThatFails("first")), []);
});

test("VAI-91 with its tables made first, and retained without exception, it would leave them", async () => {
  const template = templateThatFails("eager");
  for (const each of Object.values(template.Resources)) {
    if (each.Type === "AWS::DynamoDB::Table") {
      delete each.DependsOn;
      each.DeletionPolicy = "Retain";
    } else if (each.Properties["FunctionName"] === "vai-eager-govern") {
      each.DependsOn = ["EvidenceTable4E70CC2C", "TablesRegistry55D7706D", "TablesState705891C2"];
    }
  }
  const left = await leftBy("eager", template);
  assert.deepEqual(
    left.filter((name) => name.startsWith("vai-")),
    ["vai-eager-evidence", "vai-eager-registry", "vai-eager-state"],
  );
});
