import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { ChainHead } from "../evidence/chain.ts";
import type { Append, AppendResult, EvidenceStore, StoredChain } from "../evidence/ports.ts";
import { orFault } from "./faults.ts";
import { appendItems, headKey, type Tables, transact } from "./transaction.ts";

type Row = StoredChain["rows"][number];

/** Records and head are two reads: one that a writer fell between is repeated, so many times at most. */
const READS = 5;

/** Evidence and the heads of its chains in DynamoDB; every read is strongly consistent. */
export class DynamoEvidenceStore implements EvidenceStore {
  readonly #client: DynamoDBClient;
  readonly #tables: Tables;

  constructor(client: DynamoDBClient, tables: Tables) {
    this.#client = client;
    this.#tables = tables;
  }

  readChain(chainId: string): Promise<StoredChain> {
    return this.#readConsistently(chainId, () => this.#rows(chainId));
  }

  readTail(chainId: string): Promise<StoredChain> {
    return this.#readConsistently(chainId, () =>
      lastRow(this.#client, this.#tables.evidence, chainId),
    );
  }

  /** Every record of a chain without its head: for readers who may see Evidence alone. */
  readRecords(chainId: string): Promise<Pick<StoredChain, "rows">> {
    return orFault("EVIDENCE_STORE_UNAVAILABLE", "dynamodb:Query", async () => ({
      rows: await this.#rows(chainId),
    }));
  }

  append(step: Append): Promise<AppendResult> {
    return transact(this.#client, appendItems(this.#tables, step));
  }

  async #readConsistently(chainId: string, readRows: () => Promise<Row[]>): Promise<StoredChain> {
    for (let read = 1; ; read++) {
      const [rows, head] = await orFault("EVIDENCE_STORE_UNAVAILABLE", "dynamodb:Query", () =>
        Promise.all([readRows(), readHead(this.#client, this.#tables.state, chainId)]),
      );
      if ((rows.at(-1)?.seq ?? 0) === (head?.seq ?? 0) || read === READS) return { rows, head };
    }
  }

  async #rows(chainId: string): Promise<Row[]> {
    const rows: Row[] = [];
    let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
    do {
      const page = await this.#client.send(
        new QueryCommand({
          ...chainQuery(this.#tables.evidence, chainId),
          ...(ExclusiveStartKey !== undefined && { ExclusiveStartKey }),
        }),
      );
      rows.push(...(page.Items ?? []).map((item) => unmarshall(item) as Row));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
    return rows;
  }
}

const chainQuery = (table: string, chainId: string) => ({
  TableName: table,
  ConsistentRead: true,
  KeyConditionExpression: "chainId = :chain",
  ProjectionExpression: "chainId, seq, envelope",
  ExpressionAttributeValues: marshall({ ":chain": chainId }),
});

/** The last record of a chain, or none. */
export async function lastRow(
  client: DynamoDBClient,
  table: string,
  chainId: string,
): Promise<Row[]> {
  const query = { ...chainQuery(table, chainId), ScanIndexForward: false, Limit: 1 };
  const { Items } = await client.send(new QueryCommand(query));
  return (Items ?? []).map((item) => unmarshall(item) as Row);
}

/** The head that State keeps for a chain. */
export async function readHead(
  client: DynamoDBClient,
  table: string,
  chainId: string,
): Promise<ChainHead | undefined> {
  const { Item } = await client.send(
    new GetItemCommand({ TableName: table, Key: marshall(headKey(chainId)), ConsistentRead: true }),
  );
  if (Item === undefined) return undefined;
  const { seq, hash } = unmarshall(Item);
  return { seq, hash };
}
