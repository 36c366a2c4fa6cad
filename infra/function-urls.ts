/**
 * Regions of which it is known that Lambda has Function URLs there (AWS Lambda developer guide, "Lambda function URLs",
 * and CloudFormation's registry of each region). In any other, tomorrow's among them, a stack with one would be refused
 * whole ("Unrecognized resource types: [AWS::Lambda::Url]"), so it has one there only if the deployment file says so.
 */
export const FUNCTION_URL_REGIONS: ReadonlySet<string> = new Set([
  ...[
    "af-south-1",
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
  ],
  ...["ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ca-central-1", "eu-central-1"],
  ...["eu-north-1", "eu-south-1", "eu-west-1", "eu-west-2", "eu-west-3", "me-south-1", "sa-east-1"],
  ...["us-east-1", "us-east-2", "us-west-1", "us-west-2"],
]);

/** Whether a plane has Function URLs: as its file says, else where they are known to be. */
export const hasFunctionUrls = (said: boolean | undefined, region: string | undefined): boolean =>
  said ?? (region !== undefined && FUNCTION_URL_REGIONS.has(region));
