import { DeleteItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import { DeleteRolePolicyCommand } from "@aws-sdk/client-iam";
import { executionRoles } from "../../lib/enforcement/points/unread.ts";
import { REVOCATIONS } from "../../lib/lifecycle/revocation-policy.ts";
import type { LocalPlane } from "../support/local/plane.ts";
import { publishedNow } from "./registry.ts";

/**
 * Takes every denial off the execution roles, with its rows: a test whose functions had a clock that is ahead would leave
 * all later ones without a session.
 */
export async function undoDenials(plane: LocalPlane): Promise<void> {
  const { policy } = await publishedNow(plane);
  for (const role of executionRoles(policy)) await undoAt(plane, role);
}

async function undoAt({ deployer, outputs }: LocalPlane, role: string): Promise<void> {
  const TableName = outputs.tables.state;
  const { Items = [] } = await deployer.dynamoDb.send(
    new QueryCommand({
      TableName,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": { S: `revoked#${role}` } },
    }),
  );
  for (const { pk = { S: "" }, sk = { S: "" } } of Items) {
    await deployer.dynamoDb.send(new DeleteItemCommand({ TableName, Key: { pk, sk } }));
  }
  const RoleName = role.slice(role.lastIndexOf("/") + 1);
  await deployer.iam
    .send(new DeleteRolePolicyCommand({ RoleName, PolicyName: REVOCATIONS }))
    .catch((error: Error) => {
      if (!/NoSuchEntity/.test(error.name)) throw error;
    });
}
