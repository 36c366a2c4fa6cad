import { QueryCommand } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { VIEWS } from "../../../lib/lifecycle/view.ts";
import { call, command } from "./commands.ts";
import type { LocalPlane } from "./plane.ts";

/** Ends whatever other tests have left open under a role: a lift waits for it. */
export async function endAll(plane: LocalPlane, role: string): Promise<void> {
  for (const view of VIEWS) {
    const { Items = [] } = await plane.deployer.dynamoDb.send(
      new QueryCommand({
        TableName: plane.outputs.tables.state,
        IndexName: "byDue",
        KeyConditionExpression: "#view = :view",
        ExpressionAttributeNames: { "#view": "view" },
        ExpressionAttributeValues: { ":view": { S: view } },
      }),
    );
    const open = Items.flatMap((item) => unmarshall(item)["open"].identities);
    for (const { id: identityId, roleArn } of open) {
      if (roleArn !== role) continue;
      await call(plane, "revoke", {
        command: command(plane, { do: "revokeIdentity", identityId }),
      });
    }
  }
}
