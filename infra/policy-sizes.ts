import { Stack } from "aws-cdk-lib";
import { CfnRole, type PolicyDocument } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";

/**
 * Characters that IAM takes of a role's trust policy and of a managed policy, white space aside (IAM user guide, "IAM and
 * AWS STS quotas"), and what is left to an execution role's own policy: all inline policies of a role have 10,240 together,
 * and revocations get 7,500 (`lib/lifecycle/revocation-policy.ts`).
 */
export const MOST_CHARACTERS = { trust: 2_048, ceiling: 2_700, boundary: 6_144 } as const;

const ADVICE = {
  trust: "give the plane a shorter name, or deploy it without regionalNames",
  ceiling:
    "name fewer targets, a prefix instead of each, or the same ones for all actions of the family, which then share a statement",
  boundary: "name fewer targets for this family of actions",
} as const satisfies Record<keyof typeof MOST_CHARACTERS, string>;

/** Makes synthesis fail if a policy is longer than AWS takes, which would otherwise only show when it is deployed. */
export function requireSize(
  scope: Construct,
  what: keyof typeof MOST_CHARACTERS,
  document: PolicyDocument,
): void {
  const most = MOST_CHARACTERS[what];
  scope.node.addValidation({
    validate: () => {
      const characters = charactersOf(Stack.of(scope), document);
      return characters < most
        ? []
        : [
            `the ${what} policy of ${scope.node.path} has ${characters} characters, and less than ${most} fit: ${ADVICE[what]}`,
          ];
    },
  });
}

/** The longest that a region of any partition makes them; what else is not known before deployment is in no such policy. */
const LONGEST: Readonly<Record<string, string>> = {
  "AWS::Partition": "aws-us-gov",
  "AWS::Region": "us-isof-south-1",
  "AWS::AccountId": "000000000000",
};

function charactersOf(stack: Stack, document: PolicyDocument): number {
  const roles = new Map(
    stack.node
      .findAll()
      .filter((each) => each instanceof CfnRole)
      .map((role) => [String(stack.resolve(role.logicalId)), stack.resolve(role.roleName)]),
  );
  return JSON.stringify(deployed(stack.resolve(document), roles)).length;
}

/** A document with its references replaced by what they will at most be. */
function deployed(value: unknown, roles: ReadonlyMap<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((each) => deployed(each, roles));
  if (typeof value !== "object" || value === null) return value;
  const [[name = "", argument] = [], ...more] = Object.entries(value);
  if (more.length > 0 || !/^(Ref|Fn::\w+)$/.test(name)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, deployed(each, roles)]),
    );
  }
  if (name === "Fn::Join") {
    const [separator, parts] = argument as [string, unknown[]];
    return parts.map((part) => deployed(part, roles)).join(separator);
  }
  const longest = name === "Ref" ? LONGEST[argument] : undefined;
  if (longest !== undefined) return longest;
  const [id, attribute] = [argument].flat();
  if (name === "Fn::GetAtt" && attribute === "Arn" && roles.has(id)) {
    const roleName = deployed(roles.get(id), roles);
    return `arn:${LONGEST["AWS::Partition"]}:iam::${LONGEST["AWS::AccountId"]}:role/${roleName}`;
  }
  throw new TypeError(`nobody knows how long ${name} of ${JSON.stringify(argument)} will be`);
}
