import { type Stack, Validations } from "aws-cdk-lib";
import { CfnRole, Effect, ManagedPolicy, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Construct, IConstruct } from "constructs";
import { type KeyException, nothingElseOfKms } from "./key-exception.ts";
import { ownName, ownResources } from "./plane.ts";
import { requireSize } from "./policy-sizes.ts";
import { allow, type Conditions, deny } from "./statements.ts";

/**
 * What no governed session may ever do, whatever is added to its role later: change permissions
 * (`iam`), become somebody else (`sts`), use or loosen keys (`kms`, the evidence key among them),
 * change the organisation.
 */
const NEVER = ["iam:*", "sts:*", "kms:*", "organizations:*"];

/** The one call of STS that sessions may make, by which they are cut, and which is all that some may do. */
interface CutException {
  readonly action: string;
  /** Condition key of the tag of a probe, which only asks whether IAM denies another session. */
  readonly probe: string;
}

/** The same, with what little is excepted said apart: keys of encrypted targets, and the cut. */
function never({
  ceiling,
  keys,
  cut,
}: Pick<BoundaryProps, "ceiling" | "keys" | "cut">): readonly PolicyStatement[] {
  const apart = new Set([
    ...(keys === undefined ? [] : ["kms:*"]),
    ...(cut === undefined ? [] : ["sts:*"]),
  ]);
  return [
    deny(
      "Never",
      NEVER.filter((each) => !apart.has(each)),
      ["*"],
    ),
    ...(keys === undefined ? [] : nothingElseOfKms(keys)),
    ...(cut === undefined ? [] : nothingElse(ceiling, cut)),
  ];
}

/**
 * `sts` could no longer be denied whole. So everything is denied but what the ceiling says, the cut among it, and to a probe
 * all but the cut: a Deny, so that no resource policy that names a session gets around it.
 */
const nothingElse = (
  ceiling: readonly Ceiling[],
  { action, probe }: CutException,
): PolicyStatement[] => [
  but("NothingElse", [...new Set(ceiling.flatMap(({ actions }) => actions))]),
  but("NeverMoreAsAProbe", [action], { Null: { [probe]: "false" } }),
];

const but = (sid: string, notActions: string[], conditions: Conditions = {}): PolicyStatement =>
  new PolicyStatement({
    ...{ sid, effect: Effect.DENY, notActions, resources: ["*"] },
    conditions: { ...conditions },
  });

/** Actions with the only ARNs on which they may be used. */
export interface Ceiling {
  readonly actions: readonly string[];
  readonly targets: readonly string[];
  /** Conditions on the Allow, in the role's own policy and in its boundary. */
  readonly conditions?: Conditions;
}

/** The Allows of a ceiling: what a role's own policy says, and its boundary again. */
export const allowing = (ceilings: readonly Ceiling[]): PolicyStatement[] =>
  ceilings.map(({ actions, targets, conditions }, index) =>
    allow(`Ceiling${index + 1}`, actions, targets, conditions),
  );

/** Properties of {@link boundaryPolicy}. */
export interface BoundaryProps {
  /** Name of the plane. */
  readonly plane: string;
  /** Distinguishes the boundary within the plane: `<family>` or `read-<family>`. */
  readonly part: string;
  /** What the role is for. */
  readonly ceiling: readonly Ceiling[];
  /** What of KMS is excepted, for targets that are encrypted. */
  readonly keys?: KeyException | undefined;
  /** What of STS is excepted, for roles whose sessions are cut, and whose denials are looked at. */
  readonly cut?: CutException | undefined;
}

/**
 * A permissions boundary: the ceiling again, so that a policy attached to the role later cannot
 * raise it, and Denies for what must stay out of reach even of a resource policy that names the
 * role.
 */
export function boundaryPolicy(scope: Construct, id: string, props: BoundaryProps): ManagedPolicy {
  const { plane, part, ceiling } = props;
  const boundary = new ManagedPolicy(scope, id, {
    managedPolicyName: ownName(plane, `boundary-${part}`),
    description: `Permissions boundary of ${part} sessions of the trust plane ${plane}`,
    statements: [
      ...allowing(ceiling),
      ...never(props),
      deny("NotThePlane", ["*"], ownResources(scope, plane)),
    ],
  });
  requireSize(boundary, "boundary", boundary.document);
  acknowledgeWildcards(boundary.node.defaultChild ?? boundary, ceiling);
  return boundary;
}

/** Tells cdk-nag why an Allow of a ceiling may have a wildcard in its resource. */
export function acknowledgeWildcards(of: IConstruct, ceilings: readonly Ceiling[]): void {
  const wildcards = new Set(ceilings.flatMap(({ targets }) => targets.filter(hasWildcard)));
  for (const target of wildcards) {
    Validations.of(of).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${target}]`,
      reason:
        target === "*"
          ? "A call that IAM cannot bound to one resource: a list in one region, or the cut of a session, which makes it no wider."
          : "A ceiling that the cloud team wrote; each session policy narrows it to one target.",
    });
  }
}

const hasWildcard = (target: string): boolean => target.endsWith("*");

/**
 * Makes synthesis fail if any role of the stack that an AWS principal may assume (not a service: so
 * an execution or reader role, however it came into the stack) has no permissions boundary.
 */
export function requireBoundaries(stack: Stack): void {
  stack.node.addValidation({
    validate: () =>
      stack.node
        .findAll()
        .filter((construct) => construct instanceof CfnRole)
        .filter(
          (role) => role.permissionsBoundary === undefined && assumableByPrincipals(stack, role),
        )
        .map((role) => `${role.node.path} has no permissions boundary; use boundaryPolicy()`),
  });
}

function assumableByPrincipals(stack: Stack, role: CfnRole): boolean {
  const document: { Statement?: readonly { Principal?: unknown }[] } = stack.resolve(
    role.assumeRolePolicyDocument,
  );
  return (document.Statement ?? []).some(({ Principal }) => {
    if (typeof Principal !== "object" || Principal === null) return true;
    return Object.keys(Principal).some((kind) => kind !== "Service");
  });
}
