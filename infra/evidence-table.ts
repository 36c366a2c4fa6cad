import { RemovalPolicy, Stack } from "aws-cdk-lib";
import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
} from "aws-cdk-lib/aws-dynamodb";
import {
  AnyPrincipal,
  Effect,
  type IRole,
  PolicyDocument,
  PolicyStatement,
} from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import { ownName } from "./plane.ts";
import type { Conditions } from "./statements.ts";

/**
 * Attributes of a record beside table keys, `at` and `envelope`; conveniences for queries, the
 * envelope is the evidence.
 */
const QUERY_ATTRIBUTES = [
  "recordHash",
  "prev",
  "eventId",
  "eventType",
  "outcome",
  "code",
  "intentId",
  "contractId",
  "identityId",
  "actorId",
  "negativeDay",
] as const;

/** Audit indexes: name → partition key. All sort by `at`; enforcement reads none of them. */
const INDEXES = {
  byContract: "contractId",
  byIdentity: "identityId",
  byActor: "actorId",
  byNegativeDay: "negativeDay",
  byEventType: "eventType",
} as const;

/** What changes or removes an item other than a single put. */
const CHANGES = [
  "dynamodb:UpdateItem",
  "dynamodb:DeleteItem",
  "dynamodb:BatchWriteItem",
  "dynamodb:PartiQLInsert",
  "dynamodb:PartiQLUpdate",
  "dynamodb:PartiQLDelete",
];

/** Properties of {@link EvidenceTable}. */
export interface EvidenceTableProps {
  /** Name of the plane. */
  readonly plane: string;
  /** Keeps and protects the table; then its policy also denies `DeleteTable` to everyone. */
  readonly retain: boolean;
  /**
   * The only roles that may put a record. Their own policies allow it inside a transaction only.
   */
  readonly writers: readonly IRole[];
}

/**
 * The Evidence table: one item per signed record, written once.
 *
 * IAM cannot see a condition expression, so "put only if absent" is the functions' discipline; that
 * nobody updates, deletes or batch-writes is this table's resource policy, which holds against
 * administrators too. Actions that CloudFormation needs to manage the table (`UpdateTable`,
 * `PutResourcePolicy`, `UpdateContinuousBackups`, tags) are not denied, for then no later version
 * could be deployed: who may do these is decided by the account's IAM.
 */
export class EvidenceTable extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string, { plane, retain, writers }: EvidenceTableProps) {
    super(scope, id);
    const tableName = ownName(plane, "evidence");
    this.table = new Table(this, "Table", {
      tableName,
      partitionKey: { name: "chainId", type: AttributeType.STRING },
      sortKey: { name: "seq", type: AttributeType.NUMBER },
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: retain,
      removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      // A MODIFY or REMOVE in the stream is tampering, and both images say what it was.
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
      resourcePolicy: this.policy(tableName, retain, writers),
    });
    for (const [indexName, partitionKey] of Object.entries(INDEXES)) {
      this.table.addGlobalSecondaryIndex({
        indexName,
        partitionKey: { name: partitionKey, type: AttributeType.STRING },
        sortKey: { name: "at", type: AttributeType.STRING },
        projectionType: ProjectionType.INCLUDE,
        nonKeyAttributes: QUERY_ATTRIBUTES.filter((name) => name !== partitionKey),
      });
    }
  }

  private policy(tableName: string, retain: boolean, writers: readonly IRole[]): PolicyDocument {
    // By name: a policy that referred to its own table would be a cycle.
    const arn = Stack.of(this).formatArn({
      service: "dynamodb",
      resource: "table",
      resourceName: tableName,
    });
    const denyEveryone = (sid: string, actions: string[], conditions: Conditions = {}) =>
      new PolicyStatement({
        sid,
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions,
        resources: [arn],
        conditions: { ...conditions },
      });
    return new PolicyDocument({
      statements: [
        denyEveryone("RecordsNeverChange", CHANGES),
        denyEveryone("OnlyThePlaneAppends", ["dynamodb:PutItem"], {
          ArnNotEquals: { "aws:PrincipalArn": writers.map((role) => role.roleArn) },
        }),
        // Records have no end of life: an expiry attribute would delete them silently.
        denyEveryone("RecordsNeverExpire", ["dynamodb:UpdateTimeToLive"]),
        ...(retain ? [denyEveryone("TableStays", ["dynamodb:DeleteTable"])] : []),
      ],
    });
  }
}
