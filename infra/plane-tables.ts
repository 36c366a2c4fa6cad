import {
  AttributeType,
  BillingMode,
  ProjectionType,
  Table,
  TableEncryption,
} from "aws-cdk-lib/aws-dynamodb";
import type { IRole } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import { ownName } from "./plane.ts";
import { removalPolicy } from "./retention.ts";
import { type Guardians, statePolicy } from "./table-protection.ts";

/** Properties of {@link PlaneTables}. */
export interface PlaneTablesProps extends Guardians {
  /** The only of the writers that write the Registry too. */
  readonly registryWriters: readonly IRole[];
}

/**
 * State (chain heads, retries, counters) and Registry (trust policies, restrictions, head). Losing
 * State alone would make every chain read as broken, so it is kept and protected as Evidence is.
 */
export class PlaneTables extends Construct {
  /** `pk`, `sk`; `ttl` (seconds since the epoch) only cleans up, nothing relies on it. */
  readonly state: Table;
  /** `pk`, `sk`; nothing in it expires. */
  readonly registry: Table;

  constructor(scope: Construct, id: string, props: PlaneTablesProps) {
    super(scope, id);
    const { plane, retain, registryWriters } = props;
    const common = {
      partitionKey: { name: "pk", type: AttributeType.STRING },
      sortKey: { name: "sk", type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: retain,
      removalPolicy: removalPolicy(retain),
    };
    this.state = new Table(this, "State", {
      ...common,
      tableName: ownName(plane, "state"),
      timeToLiveAttribute: "ttl",
      resourcePolicy: statePolicy(this, "state", props, false),
    });
    // What is open, by when there is work on it: a convenience, which nothing is judged by.
    this.state.addGlobalSecondaryIndex({
      indexName: "byDue",
      partitionKey: { name: "view", type: AttributeType.STRING },
      sortKey: { name: "due", type: AttributeType.STRING },
      projectionType: ProjectionType.INCLUDE,
      nonKeyAttributes: ["open"],
    });
    this.registry = new Table(this, "Registry", {
      ...common,
      tableName: ownName(plane, "registry"),
      resourcePolicy: statePolicy(this, "registry", { ...props, writers: registryWriters }, true),
    });
  }
}
