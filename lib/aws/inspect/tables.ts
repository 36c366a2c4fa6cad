import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  GetResourcePolicyCommand,
} from "@aws-sdk/client-dynamodb";
import { look, type Seen, whenRead } from "./look.ts";

export interface TableSetting {
  readonly arn: string;
  /** Partition and sort key. */
  readonly keys: readonly string[];
  readonly isProtected: boolean;
  /** `StreamViewType`; empty without a stream. */
  readonly stream: string;
  /** Empty without a stream. */
  readonly streamArn: string;
}

export interface TableFacts {
  readonly name: string;
  readonly setting: Seen<TableSetting>;
  /** Point-in-time recovery. */
  readonly recovery: Seen<boolean>;
  /** Attribute by which items expire; empty when none do. */
  readonly expiry: Seen<string>;
  readonly policy: Seen<string>;
}

export async function readTable(client: DynamoDBClient, name: string): Promise<TableFacts> {
  const TableName = name;
  const setting = await look("dynamodb:DescribeTable", async () => {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    const { StreamEnabled, StreamViewType } = Table?.StreamSpecification ?? {};
    return {
      arn: Table?.TableArn ?? "",
      keys: (Table?.KeySchema ?? []).map(({ AttributeName }) => AttributeName ?? ""),
      isProtected: Table?.DeletionProtectionEnabled === true,
      stream: StreamEnabled === true ? (StreamViewType ?? "") : "",
      streamArn: StreamEnabled === true ? (Table?.LatestStreamArn ?? "") : "",
    };
  });
  const [recovery, expiry, policy] = await Promise.all([
    whenRead(setting, () =>
      look("dynamodb:DescribeContinuousBackups", async () => {
        const { ContinuousBackupsDescription } = await client.send(
          new DescribeContinuousBackupsCommand({ TableName }),
        );
        const { PointInTimeRecoveryDescription } = ContinuousBackupsDescription ?? {};
        return PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus === "ENABLED";
      }),
    ),
    whenRead(setting, () =>
      look("dynamodb:DescribeTimeToLive", async () => {
        const { TimeToLiveDescription } = await client.send(
          new DescribeTimeToLiveCommand({ TableName }),
        );
        const { TimeToLiveStatus = "", AttributeName = "" } = TimeToLiveDescription ?? {};
        return TimeToLiveStatus.startsWith("ENABL") ? AttributeName : "";
      }),
    ),
    whenRead(setting, ({ arn }) =>
      look("dynamodb:GetResourcePolicy", async () => {
        const { Policy } = await client.send(new GetResourcePolicyCommand({ ResourceArn: arn }));
        return Policy || undefined;
      }),
    ),
  ]);
  return { name, setting, recovery, expiry, policy };
}
