import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AttributeValue,
  DeleteItemCommand,
  DeleteResourcePolicyCommand,
  GetItemCommand,
  GetResourcePolicyCommand,
  PutItemCommand,
  PutResourcePolicyCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { granted, invoke, settingEvent } from "../support/local/agent.ts";
import { settingDraft, signDraft } from "../support/local/contracts.ts";
import { linesAbout } from "../support/local/logs.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { seedItem } from "../support/local/targets.ts";

/** With the Evidence table's policy out of the way: an administrator whom it names can do that. */
async function withoutPolicy({ deployer, outputs }: LocalPlane, work: () => Promise<void>) {
  const { region, account, tables } = outputs;
  const ResourceArn = `arn:aws:dynamodb:${region}:${account}:table/${tables.evidence}`;
  const { dynamoDb } = deployer;
  const { Policy } = await dynamoDb.send(new GetResourcePolicyCommand({ ResourceArn }));
  await dynamoDb.send(new DeleteResourcePolicyCommand({ ResourceArn }));
  try {
    await work();
  } finally {
    await dynamoDb.send(new PutResourcePolicyCommand({ ResourceArn, Policy }));
  }
}

test("ADV-20 ADV-21 an administrator who gets around the table's policy is seen by the watch", async () => {
  const plane = await localPlane();
  const { dynamoDb } = plane.deployer;
  const TableName = plane.outputs.tables.evidence;
  await seedItem(plane, "watched");
  const held = signDraft(plane, settingDraft(plane, "watched"));
  const { chainId } = granted(await invoke(plane, settingEvent(plane, held, "watched"))).evidence;
  const Key = { chainId: { S: chainId }, seq: { N: "2" } };
  const { Item: record } = await dynamoDb.send(new GetItemCommand({ TableName, Key }));
  assert.ok(record !== undefined);

  await withoutPolicy(plane, async () => {
    const edit = { UpdateExpression: "SET #o = :o", ExpressionAttributeNames: { "#o": "outcome" } };
    const forged: Record<string, AttributeValue> = { ":o": { S: "forged" } };
    await dynamoDb.send(
      new UpdateItemCommand({ TableName, Key, ...edit, ExpressionAttributeValues: forged }),
    );
    await dynamoDb.send(new DeleteItemCommand({ TableName, Key }));
    // As it was: other tests verify the whole table.
    await dynamoDb.send(new PutItemCommand({ TableName, Item: record }));
  });

  const [edited, removed, ...more] = await linesAbout(plane, "watch", chainId, 2);
  assert.deepEqual(more, [], "appended records, the one put back among them, say nothing");
  assert.equal(edited?.["message"], "evidence record modified");
  assert.deepEqual(edited?.["attributes"], ["outcome"]);
  assert.equal(removed?.["message"], "evidence record removed");
  for (const line of [edited, removed]) {
    assert.equal(line?.["seq"], "2");
    assert.equal(line?.["EvidenceTampered"], 1);
    assert.equal(line?.["plane"], plane.outputs.plane.split(":").at(-1));
  }
  assert.equal(removed?.["before"], edited?.["after"]);
});
