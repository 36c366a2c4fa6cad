import { RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, BillingMode, Table } from "aws-cdk-lib/aws-dynamodb";
import { Construct } from "constructs";
import { ownName } from "./plane.ts";

/** Properties of {@link PlaneTables}. */
export interface PlaneTablesProps {
  /** Name of the plane. */
  readonly plane: string;
  /** Keeps and protects the tables. Losing State alone would make every chain read as broken. */
  readonly retain: boolean;
}

/** State (chain heads, retries, counters) and Registry (trust policies, restrictions, head). */
export class PlaneTables extends Construct {
  /** `pk`, `sk`; `ttl` (seconds since the epoch) only cleans up, nothing relies on it. */
  readonly state: Table;
  /** `pk`, `sk`; nothing in it expires. */
  readonly registry: Table;

  constructor(scope: Construct, id: string, { plane, retain }: PlaneTablesProps) {
    super(scope, id);
    const common = {
      partitionKey: { name: "pk", type: AttributeType.STRING },
      sortKey: { name: "sk", type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: retain,
      removalPolicy: retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    };
    this.state = new Table(this, "State", {
      ...common,
      tableName: ownName(plane, "state"),
      timeToLiveAttribute: "ttl",
    });
    this.registry = new Table(this, "Registry", {
      ...common,
      tableName: ownName(plane, "registry"),
    });
  }
}
