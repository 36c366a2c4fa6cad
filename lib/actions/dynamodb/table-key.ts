import type { TableDescription } from "@aws-sdk/client-dynamodb";
import { Fault } from "../../refusal.ts";
import { type ClientSettings, deadline, readingClient } from "../client-settings.ts";
import { readFault } from "../outcome.ts";

/** By which a table's key is told; of no use to who wants its items. */
export const DESCRIBE_TABLE = "dynamodb:DescribeTable";

/**
 * ARN of the key of the account under which a table lies, `aws/dynamodb` among them; of a key that DynamoDB owns, its
 * default, nothing is said (API reference, SSEDescription).
 */
export function keyOfTable({ SSEDescription = {} }: TableDescription): string | undefined {
  const { SSEType, Status, KMSMasterKeyArn } = SSEDescription;
  return SSEType === "KMS" && Status !== "DISABLED" ? KMSMasterKeyArn : undefined;
}

const loadSdk = () => import("./sdk.ts");

/** Whether DynamoDB says that a table lies under a key of the account. */
export async function isTableUnderKey(target: string, settings: ClientSettings): Promise<boolean> {
  try {
    const { DescribeTableCommand, DynamoDBClient } = await loadSdk();
    const client = readingClient("dynamodb", settings, (options) => new DynamoDBClient(options));
    const TableName = target.slice(target.indexOf("/") + 1);
    const { Table } = await client.send(
      new DescribeTableCommand({ TableName }),
      deadline(settings),
    );
    if (Table?.TableName !== TableName) {
      const message = `${DESCRIBE_TABLE} did not answer with the table asked for`;
      throw new Fault("DEPENDENCY_UNAVAILABLE", message);
    }
    return keyOfTable(Table) !== undefined;
  } catch (error) {
    throw readFault(DESCRIBE_TABLE, error);
  }
}
