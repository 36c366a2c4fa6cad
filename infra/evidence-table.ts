import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from "aws-cdk-lib/aws-dynamodb";
import { Construct } from "constructs";
import { ownName } from "./plane.ts";
import { removalPolicy } from "./retention.ts";
import { evidencePolicy, type Guardians } from "./table-protection.ts";

/**
 * Attributes of a row beside table keys, `at`, `record` and `seal`; conveniences for queries, record
 * and seal are the evidence.
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
  "sealSeq",
] as const;

/** Audit indexes: name → partition key. All sort by `at`; enforcement reads none of them. */
const INDEXES = {
  byContract: "contractId",
  byIdentity: "identityId",
  byActor: "actorId",
  byNegativeDay: "negativeDay",
  byEventType: "eventType",
} as const;

/**
 * The Evidence table: one item per record, written once. What may happen to it is decided by
 * its resource policy, see `table-protection.ts`.
 */
export class EvidenceTable extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string, props: Guardians) {
    super(scope, id);
    const { plane, retain } = props;
    this.table = new Table(this, "Table", {
      tableName: ownName(plane, "evidence"),
      partitionKey: { name: "chainId", type: AttributeType.STRING },
      sortKey: { name: "seq", type: AttributeType.NUMBER },
      billingMode: BillingMode.PAY_PER_REQUEST,
      // The account's own key for DynamoDB: each use of it is in CloudTrail.
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: retain,
      removalPolicy: removalPolicy(retain),
      // A MODIFY or REMOVE in the stream is tampering, and both images say what it was.
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
      resourcePolicy: evidencePolicy(this, "evidence", props),
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
}
