import { RemovalPolicy } from "aws-cdk-lib";

/**
 * What becomes of a resource that holds something when its stack goes. One that is kept is kept from the first deployment
 * that succeeds on: until then CloudFormation takes back what it made (AWS CloudFormation template reference,
 * "DeletionPolicy attribute": `RetainExceptOnCreate`). With `Retain` a first deployment that failed would leave logs, keys
 * and tables behind, and the next one would find their names taken.
 */
export const removalPolicy = (retain: boolean): RemovalPolicy =>
  retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;
