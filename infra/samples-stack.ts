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
import type { Construct } from "constructs";

/**
 * Targets to try governed actions on: a table with string key `pk`, and a function whose alias
 * `live` is at version 1 and that gets a version 2. For local use and throw-away accounts; removing
 * the stack removes everything.
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
    const revision = new CfnParameter(this, "Revision", {
      default: "1",
      allowedValues: ["1", "2"],
      description: "1 at the first deployment; 2 at the second, which publishes version 2",
    });
    const released = new CfnCondition(this, "Released", {
      expression: Fn.conditionEquals(revision.valueAsString, "2"),
    });

    const settings = new Table(this, "Settings", {
      tableName: "sample-settings",
      partitionKey: { name: "pk", type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const checkout = new LambdaFunction(this, "Checkout", {
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
    const { functionName } = checkout;
    const version1 = new CfnVersion(this, "Version1", { functionName });
    const version2 = new CfnVersion(this, "Version2", { functionName });
    version2.cfnOptions.condition = released;
    new CfnAlias(this, "Live", {
      functionName,
      functionVersion: version1.attrVersion,
      name: "live",
    });

    new CfnOutput(this, "SampleTable", { value: settings.tableName });
    new CfnOutput(this, "SampleFunction", { value: functionName });
    new CfnOutput(this, "SampleNewVersion", { value: version2.attrVersion, condition: released });
  }
}
