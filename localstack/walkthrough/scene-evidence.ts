import { join } from "node:path";
import { type DynamoDBClient, paginateQuery } from "@aws-sdk/client-dynamodb";
import { EVENT_TYPES } from "../../lib/evidence/events.ts";
import { oneRecord } from "./one-record.ts";
import { bySdk } from "./sdk.ts";
import type { PlayStage, Scene } from "./stage.ts";
import { tamperedCopy } from "./tamper.ts";
import { trace } from "./trace.ts";

/** What remains, and what it proves to somebody who trusts nobody here. */
export const evidenceScene: Scene = {
  title: "Evidence",
  headline:
    "Every request above left sealed records, refusals too, that whoever knows the anchor checks " +
    "offline. The best verdict of this version is `unanchored`: all that is there holds, but no " +
    "checkpoint of a log proves yet that nothing was cut off at an end.",
  async play(stage) {
    await trace(stage);
    await exportAll(stage);
    await oneRecord(stage);
    const records = await verifyAll(stage);
    await count(stage, records);
    await catchTampering(stage);
  },
};

/** What `vai export --json` prints, as far as the walkthrough looks at it. */
interface Exported {
  readonly records: number;
  readonly seals: number;
  readonly chains: readonly unknown[];
}

function exportAll({ vai, step }: PlayStage): Promise<void> {
  const args = ["export", "evidence", "--json"];
  return step({
    id: "export",
    title: "The auditor takes all evidence of the plane home: files, no AWS any more.",
    command: vai.line(args),
    expected: "exported",
    run: async () => {
      const { records, seals, chains } = await vai.json<Exported>(args);
      const detail = `${records} records under ${seals} seals in ${chains.length} chains`;
      return { seen: records > 0 ? "exported" : "nothing", detail, value: undefined };
    },
  });
}

/** What `vai verify --json` prints, as far as the walkthrough looks at it. */
interface Verified {
  readonly verdict: string;
  readonly records: number;
  readonly chains: number;
  readonly firstDefect?: { readonly chainId: string; readonly seq: number; readonly what: string };
}

const verifying = ({ outputs }: PlayStage, folder: string): string[] => [
  ...["verify", folder, "--anchor", outputs.anchor, "--json"],
];

function verifyAll(stage: PlayStage): Promise<number> {
  const { vai, step } = stage;
  const args = verifying(stage, "evidence");
  return step({
    id: "verify",
    title:
      "Offline: every record, every seal, every link, every trust policy, from the anchor down.",
    command: vai.line(args),
    expected: "unanchored",
    run: async () => {
      const { verdict, records, chains, firstDefect } = await vai.json<Verified>(args);
      const detail = firstDefect?.what ?? `${records} records in ${chains} chains, all hold`;
      return { seen: verdict, detail, value: records };
    },
  });
}

function count({ as, outputs, step }: PlayStage, records: number): Promise<void> {
  const { evidence } = outputs.tables;
  return step({
    id: "every-record",
    title: "Counted again in the table, by type: it holds no record that was not verified.",
    command: bySdk("auditor", `dynamodb:Query ${evidence}/index/byEventType`),
    expected: `${records} records`,
    run: async () => {
      const client = as("auditor").dynamoDb;
      const counts = await Promise.all(EVENT_TYPES.map((type) => countOf(client, evidence, type)));
      const sum = counts.reduce((total, each) => total + each, 0);
      return { seen: `${sum} records`, value: undefined };
    },
  });
}

async function countOf(client: DynamoDBClient, TableName: string, type: string): Promise<number> {
  const pages = paginateQuery(
    { client },
    {
      ...{ TableName, IndexName: "byEventType", Select: "COUNT" },
      KeyConditionExpression: "eventType = :type",
      ExpressionAttributeValues: { ":type": { S: type } },
    },
  );
  let records = 0;
  for await (const { Count = 0 } of pages) records += Count;
  return records;
}

async function catchTampering(stage: PlayStage): Promise<void> {
  const { vai, step, work } = stage;
  const { chainId, seq } = tamperedCopy(join(work, "evidence"), join(work, "forged"));
  const args = verifying(stage, "forged");
  await step({
    id: "verify-forged",
    title: "Somebody makes a copy say 90 % where the granted call said 10 %: one byte is changed.",
    command: vai.line(args),
    expected: `tampered, ${chainId} record ${seq}`,
    run: async () => {
      const { verdict, firstDefect } = await vai.json<Verified>(args);
      const where = firstDefect ? `${firstDefect.chainId} record ${firstDefect.seq}` : "nowhere";
      return { seen: `${verdict}, ${where}`, detail: firstDefect?.what ?? "", value: undefined };
    },
  });
}
