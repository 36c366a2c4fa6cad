import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { AttributeType, BillingMode, Table } from "aws-cdk-lib/aws-dynamodb";
import { PolicyDocument, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  CfnAlias,
  CfnVersion,
  Code,
  Function as LambdaFunction,
  Runtime,
} from "aws-cdk-lib/aws-lambda";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { CfnSecret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import { transformSync } from "esbuild";
import { allow } from "./statements.ts";

const HANDLER = join(import.meta.dirname, "sample-payments-handler.ts");

/** As CommonJS and without comments: inline code is `index.js`, of at most 4,096 characters. */
const code = (): string =>
  transformSync(readFileSync(HANDLER, "utf8"), {
    ...{ loader: "ts", format: "cjs", platform: "node", target: "node24", minify: true },
  }).code;

/**
 * A function that pays, for `lambda:InvokeFunction`: with a credential that nobody else can read, and a table with one
 * item a client token and the counts of what it did. It writes no log: it has no permission to.
 */
export class SamplePayments extends Construct {
  readonly functionName = "sample-payments";
  readonly alias = "live";
  readonly tableName = "sample-payments";

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const { functionName, tableName } = this;
    const table = new Table(this, "Table", {
      tableName,
      partitionKey: { name: "pk", type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const secret = new CfnSecret(this, "Credential", {
      description: "By what the sample function pays; made up, and known to it alone",
      generateSecretString: { passwordLength: 48, excludePunctuation: true },
    }).getAtt("Id");
    const items = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"];
    const policy = new PolicyDocument({
      statements: [
        allow("Items", items, [table.tableArn]),
        allow("Credential", ["secretsmanager:GetSecretValue"], [secret.toString()]),
      ],
    });
    new LambdaFunction(this, "Function", {
      functionName,
      description: "Pays once for each client token; a target to invoke",
      runtime: Runtime.NODEJS_24_X,
      handler: "index.handler",
      code: Code.fromInline(code()),
      environment: {
        TABLE: tableName,
        SECRET: secret.toString(),
        URL_SUFFIX: Stack.of(this).urlSuffix,
      },
      timeout: Duration.seconds(4),
      role: new Role(this, "Role", {
        assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
        inlinePolicies: { own: policy },
      }),
      logGroup: new LogGroup(this, "Log", {
        retention: RetentionDays.ONE_DAY,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
    });
    const version = new CfnVersion(this, "Version1", { functionName });
    const { attrVersion: functionVersion } = version;
    new CfnAlias(this, "Live", { functionName, functionVersion, name: this.alias });
  }
}
