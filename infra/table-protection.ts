import { Fn, Stack } from "aws-cdk-lib";
import {
  AnyPrincipal,
  Effect,
  type IRole,
  PolicyDocument,
  PolicyStatement,
} from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { ownName } from "./plane.ts";
import { type Conditions, OUTSIDE_A_TRANSACTION } from "./statements.ts";

/** What changes or removes an item by another call than a single put or update. */
const OTHER_WRITES = [
  "dynamodb:DeleteItem",
  "dynamodb:BatchWriteItem",
  "dynamodb:PartiQLInsert",
  "dynamodb:PartiQLUpdate",
  "dynamodb:PartiQLDelete",
];

/**
 * What changes a table around its items: its settings (deletion protection, stream, replicas), its
 * recovery, where its changes are sent, and this policy itself. CloudFormation needs these.
 */
const CONFIGURATION = [
  "dynamodb:UpdateTable",
  "dynamodb:UpdateTableReplicaAutoScaling",
  "dynamodb:UpdateContinuousBackups",
  "dynamodb:RestoreTableToPointInTime",
  "dynamodb:EnableKinesisStreamingDestination",
  "dynamodb:UpdateKinesisStreamingDestination",
  "dynamodb:DisableKinesisStreamingDestination",
  "dynamodb:PutResourcePolicy",
  "dynamodb:DeleteResourcePolicy",
];

/** An expiry attribute deletes items silently. */
const EXPIRY = ["dynamodb:UpdateTimeToLive"];

/** The plane's functions by what they write, and who may do what CloudFormation does. */
export interface Guardians {
  /** Name of the plane. */
  readonly plane: string;
  /** Keeps the table: then its policy also denies `DeleteTable` to everyone. */
  readonly retain: boolean;
  /** The only roles that may write an item. */
  readonly writers: readonly IRole[];
  /** ARNs of who may change settings and policies; see {@link administratorsOf}. */
  readonly administrators: readonly string[];
}

/**
 * Who changes the tables' settings: the role under which CloudFormation deploys for the CDK, without
 * which no update would pass, and the given people. DynamoDB refuses a policy that denies its caller
 * the right to replace it, so a deployment by a role that is not among these fails before it can lock
 * anybody out.
 */
export function administratorsOf(scope: Construct, people: readonly string[]): readonly string[] {
  const synthesizer = Stack.of(scope).synthesizer as { cloudFormationExecutionRoleArn?: string };
  const role = synthesizer.cloudFormationExecutionRoleArn;
  if (role !== undefined) return [Fn.sub(role), ...people];
  if (people.length > 0) return people;
  throw new Error(
    "this app deploys without the CDK's CloudFormation execution role: name in `administrators` " +
      "the role that deploys, or nobody could ever change the tables again",
  );
}

/**
 * Resource policy of the Evidence table: a record is put once, by the plane's functions, inside a
 * transaction, and that is all that ever happens to it. Holds against administrators of the account
 * too. IAM cannot see a condition expression, so "put only if absent" is the functions' discipline.
 */
export function evidencePolicy(scope: Construct, part: string, props: Guardians): PolicyDocument {
  const deny = denyOn(scope, part, props);
  return new PolicyDocument({
    statements: [
      deny("RecordsNeverChange", ["dynamodb:UpdateItem", ...OTHER_WRITES]),
      deny("OnlyThePlaneAppends", ["dynamodb:PutItem"], unlessOneOf(arns(props.writers))),
      // A put on its own could leave a record without its head.
      deny("OnlyInATransaction", ["dynamodb:PutItem"], OUTSIDE_A_TRANSACTION),
      deny("RecordsNeverExpire", EXPIRY),
      ...tableStays(deny, props),
    ],
  });
}

/**
 * Resource policy of State and Registry: items are written by the plane's functions. Administrators
 * may repair them, which enforcement survives: both are checked against signed evidence.
 * @param inTransaction whether the functions write inside transactions only
 */
export function statePolicy(
  scope: Construct,
  part: string,
  props: Guardians,
  inTransaction: boolean,
): PolicyDocument {
  const deny = denyOn(scope, part, props);
  const repairers = unlessOneOf(props.administrators);
  const writers = unlessOneOf([...arns(props.writers), ...props.administrators]);
  const singleWrites = ["dynamodb:PutItem", "dynamodb:UpdateItem"];
  return new PolicyDocument({
    statements: [
      deny("OnlyThePlaneWrites", singleWrites, writers),
      ...(inTransaction
        ? [deny("OnlyInATransaction", singleWrites, { ...repairers, ...OUTSIDE_A_TRANSACTION })]
        : []),
      deny("NobodyDeletes", [...OTHER_WRITES, ...EXPIRY], repairers),
      ...tableStays(deny, props),
    ],
  });
}

type Deny = (sid: string, actions: readonly string[], conditions?: Conditions) => PolicyStatement;

function denyOn(scope: Construct, part: string, { plane }: Guardians): Deny {
  // By name: a policy that referred to its own table would be a cycle.
  const resources = [
    Stack.of(scope).formatArn({
      service: "dynamodb",
      resource: "table",
      resourceName: ownName(plane, part),
    }),
  ];
  return (sid, actions, conditions = {}) =>
    new PolicyStatement({
      ...{ sid, effect: Effect.DENY, principals: [new AnyPrincipal()] },
      ...{ actions: [...actions], resources, conditions: { ...conditions } },
    });
}

const tableStays = (deny: Deny, { retain, administrators }: Guardians): PolicyStatement[] => [
  deny("OnlyAdministratorsConfigure", CONFIGURATION, unlessOneOf(administrators)),
  ...(retain ? [deny("TableStays", ["dynamodb:DeleteTable"])] : []),
];

const unlessOneOf = (principals: readonly string[]): Conditions => ({
  ArnNotEquals: { "aws:PrincipalArn": principals },
});

const arns = (roles: readonly IRole[]): string[] => roles.map(({ roleArn }) => roleArn);
