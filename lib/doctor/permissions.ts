import { type Expected, FUNCTION_NAMES, keyArn } from "./plane.ts";

/** Which look it is for. */
interface Look {
  readonly waysAround?: true;
}

/** The IAM policy under which `vai doctor` sees everything; it reads and can change nothing. */
export function permissionsFor(expected: Expected, { waysAround }: Look = {}): object {
  const Statement = waysAround === true ? around(expected) : deployed(expected);
  return { Version: "2012-10-17", Statement };
}

/** Everybody's rights are one read; the outputs do not name the targets, whose own policies count too. */
const around = (expected: Expected): readonly object[] => [
  ...deployed(expected),
  allow(
    "TargetPolicies",
    ["dynamodb:GetResourcePolicy", "lambda:GetPolicy", "s3:GetBucketPolicy"],
    ["*"],
  ),
  allow("Account", ["iam:GetAccountAuthorizationDetails"], ["*"]),
  // Policies of AWS itself, where that read leaves them out.
  allow(
    "PoliciesOfAws",
    ["iam:GetPolicy", "iam:GetPolicyVersion"],
    [`arn:${expected.partition}:iam::aws:policy/*`],
  ),
];

const allow = (Sid: string, Action: readonly string[], Resource: readonly string[]) => ({
  ...{ Sid, Effect: "Allow", Action, Resource },
});

function deployed(expected: Expected) {
  const { deployment, arn } = expected;
  const { functions, tables, buckets, evidenceKeyId, planeKeyId } = deployment;
  const table = (each: string): string => arn("dynamodb", `table/${each}`);
  return [
    allow(
      "Functions",
      [
        "lambda:GetFunctionConfiguration",
        "lambda:GetFunctionUrlConfig",
        "lambda:GetPolicy",
        "lambda:GetFunctionConcurrency",
        "lambda:ListAliases",
        "lambda:ListVersionsByFunction",
      ],
      [
        ...FUNCTION_NAMES.map((use) => functions[use]),
        ...[expected.watch.functionName, expected.revokeEvents],
      ].map((name) => arn("lambda", `function:${name}`)),
    ),
    // Lambda knows no resource for it (Service Authorization Reference).
    allow("EventSources", ["lambda:ListEventSourceMappings"], ["*"]),
    allow(
      "Tables",
      [
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:DescribeTimeToLive",
        "dynamodb:GetResourcePolicy",
      ],
      [table(tables.evidence), table(tables.state), table(tables.registry)],
    ),
    ...(buckets === undefined
      ? []
      : [
          allow(
            "Emergencies",
            ["s3:GetBucketObjectLockConfiguration", "s3:GetBucketPolicy", "s3:GetBucketVersioning"],
            [`arn:${expected.partition}:s3:::${buckets.breakGlass}`],
          ),
        ]),
    allow(
      "TrustPolicy",
      ["dynamodb:BatchGetItem"],
      [table(tables.registry), table(tables.evidence), table(tables.state)],
    ),
    allow(
      "Keys",
      ["kms:GetKeyPolicy", "kms:GetPublicKey", "kms:ListGrants"],
      [keyArn(expected, evidenceKeyId), keyArn(expected, planeKeyId)],
    ),
    allow(
      "Stack",
      [
        "cloudformation:DescribeStacks",
        "cloudformation:GetTemplate",
        "cloudformation:ListStackResources",
      ],
      [arn("cloudformation", `stack/${expected.stackName}/*`)],
    ),
    // Roles that were brought have names of their own.
    allow(
      "Roles",
      ["iam:GetRole", "iam:ListRolePolicies", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies"],
      [arn("iam", "role/*")],
    ),
    // Whatever was opened, and the plane's own tables and keys: what it is and under which key, not what it holds.
    allow(
      "Descriptions",
      [
        "dynamodb:DescribeTable",
        "ec2:DescribeInstances",
        "ec2:DescribeVolumes",
        "kms:DescribeKey",
        "s3:GetEncryptionConfiguration",
      ],
      ["*"],
    ),
    allow("ManagedPolicies", ["iam:GetPolicy", "iam:GetPolicyVersion"], [arn("iam", "policy/*")]),
  ];
}
