import {
  CfnCondition,
  CfnOutput,
  CfnParameter,
  Fn,
  RemovalPolicy,
  Stack,
  type StackProps,
} from "aws-cdk-lib";
import { AttributeType, BillingMode, Table } from "aws-cdk-lib/aws-dynamodb";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  CfnAlias,
  CfnVersion,
  Code,
  Function as LambdaFunction,
  Runtime,
} from "aws-cdk-lib/aws-lambda";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { BlockPublicAccess, Bucket, BucketEncryption } from "aws-cdk-lib/aws-s3";
import { StringParameter } from "aws-cdk-lib/aws-ssm";
import type { Construct } from "constructs";
import { SampleMachines } from "./sample-machines.ts";
import { SamplePayments } from "./sample-payments.ts";

/**
 * Targets to try governed actions on, one for each action. For local use and throw-away accounts;
 * removing the stack removes everything but a bucket that is not empty.
 *
 * Lambda publishes a version only if the function changed since the last one, and CloudFormation
 * changes a function once per deployment. So version 2 takes a second deployment, with parameter
 * `Revision` 2, as a release would.
 */
export class SamplesStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, {
      ...props,
      description: "Sample targets of a trust plane; not for production",
    });
    const machines = new SampleMachines(this, "Machines");
    const payments = new SamplePayments(this, "Payments");
    const outputs = {
      SampleTable: this.addTable(),
      SampleBucket: this.addBucket(),
      SampleParameter: this.addParameter(),
      SampleFunction: this.addFunction(),
      SamplePayments: payments.functionName,
      SamplePaymentsAlias: payments.alias,
      SamplePaymentsTable: payments.tableName,
      SampleCluster: machines.cluster,
      SampleService: machines.service,
    };
    for (const [output, value] of Object.entries(outputs)) new CfnOutput(this, output, { value });
    const { instances: value, withInstances: condition } = machines;
    new CfnOutput(this, "SampleInstances", { value, condition });
  }

  private addTable(): string {
    const { tableName } = new Table(this, "Settings", {
      tableName: "sample-settings",
      partitionKey: { name: "pk", type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    return tableName;
  }

  private addBucket(): string {
    const { bucketName } = new Bucket(this, "Objects", {
      bucketName: `sample-objects-${this.account}-${this.region}`,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    return bucketName;
  }

  private addParameter(): string {
    const { parameterName } = new StringParameter(this, "Limit", {
      parameterName: "sample-limit",
      description: "A setting that a governed action may change",
      stringValue: "100",
    });
    return parameterName;
  }

  private addFunction(): string {
    const revision = new CfnParameter(this, "Revision", {
      default: "1",
      allowedValues: ["1", "2"],
      description: "1 at the first deployment; 2 at the second, which publishes version 2",
    });
    const released = new CfnCondition(this, "Released", {
      expression: Fn.conditionEquals(revision.valueAsString, "2"),
    });
    const { functionName } = new LambdaFunction(this, "Checkout", {
      functionName: "sample-checkout",
      description: "A service whose traffic can be shifted; answers with its revision",
      runtime: Runtime.NODEJS_24_X,
      handler: "index.handler",
      code: Code.fromInline(
        "exports.handler = async () => ({ revision: process.env.REVISION });\n",
      ),
      environment: { REVISION: revision.valueAsString },
      // It needs no permission at all, so it gets none, not even for logs.
      role: new Role(this, "CheckoutRole", {
        assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      }),
      logGroup: new LogGroup(this, "CheckoutLog", {
        retention: RetentionDays.ONE_DAY,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
    });
    const version1 = new CfnVersion(this, "Version1", { functionName });
    const version2 = new CfnVersion(this, "Version2", { functionName });
    version2.cfnOptions.condition = released;
    new CfnAlias(this, "Live", {
      functionName,
      functionVersion: version1.attrVersion,
      name: "live",
    });
    new CfnOutput(this, "SampleNewVersion", { value: version2.attrVersion, condition: released });
    return functionName;
  }
}
