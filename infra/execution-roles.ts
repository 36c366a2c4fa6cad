import {
  ArnPrincipal,
  CfnRole,
  type IRole,
  type ManagedPolicy,
  PolicyDocument,
  PolicyStatement,
} from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import type { ActionFamily } from "./action-families.ts";
import { boundaryPolicy, type Ceiling } from "./boundary.ts";
import { ownName } from "./plane.ts";
import { allow, type Conditions } from "./statements.ts";

/** The session tag that every issued session carries. */
const IDENTITY_TAG = "vai-identity";

/** Form of an issued session's name, source identity and tag value; the three are one string. */
const IDENTITY_PATTERN = "vai-*";

/** Name of every reader session; such a session lives apart from contracts. */
const READER_SESSION = "vai-reader";

/** Seconds: the shortest maximum that IAM lets a role have. The plane itself asks STS for 900. */
const MAX_SESSION_SECONDS = 3600;

/**
 * True for the sessions that the trust plane issued, and for no other use of the role. `Null`
 * states what the pattern implies, so that the role stays useless without its tag even if somebody
 * edits the pattern.
 */
const ISSUED_SESSION: Conditions = {
  StringLike: { [`aws:PrincipalTag/${IDENTITY_TAG}`]: IDENTITY_PATTERN },
  Null: { [`aws:PrincipalTag/${IDENTITY_TAG}`]: "false" },
};

/** Properties of {@link ExecutionRoles}. */
export interface ExecutionRolesProps {
  /** Name of the plane. */
  readonly plane: string;
  /** The family with its ceiling. */
  readonly family: ActionFamily;
  /** Roles of the functions that obtain sessions; nobody else can assume either role. */
  readonly assumedBy: readonly IRole[];
}

/**
 * The two roles of one action family: one that can act, one that can only look.
 *
 * IAM cannot demand that a session policy is passed to `AssumeRole`. What a bare session could do
 * is therefore the hard limit, and it is small: these actions, on these targets, only with the
 * identity tag. No role is ever named by a contract; the signed trust policy names them.
 */
export class ExecutionRoles extends Construct {
  /** ARN of the role that runs the bounded calls. */
  readonly executionRoleArn: string;
  /** ARN of the role that reads targets: assumptions, read-backs. */
  readonly readerRoleArn: string;

  constructor(scope: Construct, id: string, { plane, family, assumedBy }: ExecutionRolesProps) {
    super(scope, id);
    const callers = assumedBy.map(({ roleArn }) => roleArn);
    const run = family.ceilings.map(({ descriptor, targets }) => ({
      actions: [descriptor.action],
      targets,
    }));
    const look = family.ceilings.map(({ descriptor, targets }) => ({
      actions: descriptor.reads,
      targets,
    }));
    this.executionRoleArn = role(this, "Execution", {
      name: ownName(plane, `exec-${family.name}`),
      description: `Governed ${family.name} actions of the trust plane ${plane}`,
      trust: executionTrust(callers),
      ceiling: run,
      conditions: ISSUED_SESSION,
      boundary: boundaryPolicy(this, "ExecutionBoundary", {
        plane,
        part: family.name,
        ceiling: run,
        conditions: ISSUED_SESSION,
      }),
    });
    this.readerRoleArn = role(this, "Reader", {
      name: ownName(plane, `read-${family.name}`),
      description: `Reads the ${family.name} targets of the trust plane ${plane}`,
      trust: readerTrust(callers),
      ceiling: look,
      conditions: {},
      boundary: boundaryPolicy(this, "ReaderBoundary", {
        plane,
        part: `read-${family.name}`,
        ceiling: look,
      }),
    });
  }
}

interface RoleProps {
  readonly name: string;
  readonly description: string;
  readonly trust: readonly PolicyStatement[];
  readonly ceiling: readonly Ceiling[];
  readonly conditions: Conditions;
  readonly boundary: ManagedPolicy;
}

/** A role whose documents are all written here; returns its ARN. */
function role(scope: Construct, id: string, props: RoleProps): string {
  const { name, description, trust, ceiling, conditions, boundary } = props;
  return new CfnRole(scope, id, {
    roleName: name,
    description,
    maxSessionDuration: MAX_SESSION_SECONDS,
    permissionsBoundary: boundary.managedPolicyArn,
    assumeRolePolicyDocument: new PolicyDocument({ statements: [...trust] }),
    policies: [
      {
        policyName: "ceiling",
        policyDocument: new PolicyDocument({
          statements: ceiling.map(({ actions, targets }, index) =>
            allow(`Ceiling${index + 1}`, actions, targets, conditions),
          ),
        }),
      },
    ],
  }).attrArn;
}

const trusting = (
  callers: readonly string[],
  sid: string,
  action: string,
  conditions: Conditions,
): PolicyStatement =>
  new PolicyStatement({
    sid,
    principals: callers.map((arn) => new ArnPrincipal(arn)),
    actions: [action],
    conditions: { ...conditions },
  });

/**
 * Three statements, because AWS authorises one `AssumeRole` call under up to three actions with
 * different condition keys: `TagSession` sees no session name, so one shared condition would refuse
 * every tagged call. All three are needed for a call with tag and source identity, and without
 * those the first refuses.
 */
const executionTrust = (callers: readonly string[]): PolicyStatement[] => [
  trusting(callers, "OnlyAsAnIdentity", "sts:AssumeRole", {
    StringLike: {
      "sts:RoleSessionName": IDENTITY_PATTERN,
      "sts:SourceIdentity": IDENTITY_PATTERN,
      [`aws:RequestTag/${IDENTITY_TAG}`]: IDENTITY_PATTERN,
    },
  }),
  trusting(callers, "WithSourceIdentity", "sts:SetSourceIdentity", {
    StringLike: { "sts:SourceIdentity": IDENTITY_PATTERN },
  }),
  // ForAllValues is true of no tags at all; Null demands that there is one.
  trusting(callers, "WithTheIdentityTagOnly", "sts:TagSession", {
    "ForAllValues:StringEquals": { "aws:TagKeys": [IDENTITY_TAG] },
    Null: { "aws:TagKeys": "false" },
    StringLike: { [`aws:RequestTag/${IDENTITY_TAG}`]: IDENTITY_PATTERN },
  }),
];

/**
 * Without `TagSession` and `SetSourceIdentity`, a reader session can never pass for an issued one.
 */
const readerTrust = (callers: readonly string[]): PolicyStatement[] => [
  trusting(callers, "OnlyAsReader", "sts:AssumeRole", {
    StringEquals: { "sts:RoleSessionName": READER_SESSION },
  }),
];
