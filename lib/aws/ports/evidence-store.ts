import { type AttributeValue, type DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { present } from "../../encoding/present.ts";
import type {
  Append,
  AppendResult,
  EvidenceStore,
  StoredChain,
  StoredHead,
  StoredRow,
} from "../../evidence/ports.ts";
import { orFault } from "./faults.ts";
import { type Item, readItem, readItems } from "./items.ts";
import { appendItems, headKey, type Tables, transact } from "./transaction.ts";

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

  readChain(chainId: string, after = 0): Promise<StoredChain> {
    return this.#readConsistently(chainId, after, (behind) => this.#rows(chainId, behind));
  }

  async readTail(chainId: string): Promise<StoredChain> {
    const { rows, ...kept } = await this.#readConsistently(chainId, 0, (behind) =>
      lastRow(this.#client, this.#tables.evidence, chainId, behind),
    );
    return { rows: rows.slice(-1), ...kept };
  }

  readRows(chainId: string): Promise<StoredRow[]> {
    return this.#rows(chainId, 0);
  }

  append(step: Append): Promise<AppendResult> {
    return transact(this.#client, appendItems(this.#tables, step));
  }

  /** A read that a writer fell between goes on from the last record that it has seen. */
  async #readConsistently(
    chainId: string,
    after: number,
    readRows: (behind: number) => Promise<StoredRow[]>,
  ): Promise<StoredChain> {
    const rows: StoredRow[] = [];
    for (let read = 1; ; read++) {
      const seen = rows.at(-1)?.seq ?? after;
      const [more, kept] = await Promise.all([
        readRows(seen),
        readHead(this.#client, this.#tables.state, chainId),
      ]);
      rows.push(...more);
      const last = rows.at(-1)?.seq ?? after;
      if (last === (kept.head?.seq ?? 0) || read === READS) return { rows, ...kept };
    }
  }

  #rows(chainId: string, after: number): Promise<StoredRow[]> {
    return orFault("EVIDENCE_STORE_UNAVAILABLE", "dynamodb:Query", async () => {
      const rows: StoredRow[] = [];
      let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
      do {
        const page = await this.#client.send(
          new QueryCommand({
            ...chainQuery(this.#tables.evidence, chainId, after),
            ...present({ ExclusiveStartKey }),
          }),
        );
        rows.push(...(page.Items ?? []).map((item) => readItem(item) as unknown as StoredRow));
        ExclusiveStartKey = page.LastEvaluatedKey;
      } while (ExclusiveStartKey !== undefined);
      return rows;
    });
  }
}

const chainQuery = (table: string, chainId: string, after: number) => ({
  TableName: table,
  ConsistentRead: true,
  KeyConditionExpression: "chainId = :chain AND seq > :after",
  ProjectionExpression: "chainId, seq, #record, sealSeq, seal",
  ExpressionAttributeNames: { "#record": "record" },
  ExpressionAttributeValues: marshall({ ":chain": chainId, ":after": after }),
});

/** The last record of a chain behind a number, or none. @throws {Fault} `EVIDENCE_STORE_UNAVAILABLE`. */
function lastRow(
  client: DynamoDBClient,
  table: string,
  chainId: string,
  after = 0,
): Promise<StoredRow[]> {
  const query = { ...chainQuery(table, chainId, after), ScanIndexForward: false, Limit: 1 };
  return orFault("EVIDENCE_STORE_UNAVAILABLE", "dynamodb:Query", async () => {
    const { Items } = await client.send(new QueryCommand(query));
    return (Items ?? []).map((item) => readItem(item) as unknown as StoredRow);
  });
}

/** What State keeps for a chain. @throws {Fault} `DEPENDENCY_UNAVAILABLE`. */
async function readHead(
  client: DynamoDBClient,
  table: string,
  chainId: string,
): Promise<StoredHead> {
  const [item] = await readItems(client, [{ table, key: headKey(chainId) }]);
  return headOf(item);
}

/**
 * A chain's head and marks from its item in State. An item that names no record, as a head of number 0 would, or one
 * that holds marks alone, is no head: its chain is empty.
 */
export const headOf = (item: Item | undefined): StoredHead => ({
  head: namesNone(item?.["seq"])
    ? undefined
    : ({ seq: item?.["seq"], hash: item?.["hash"] } as StoredHead["head"]),
  marks: present({ marked: item?.["marked"], marks: item?.["marks"] }),
});

/** A number that is none is not 0: its chain does not end where State says. */
const namesNone = (seq: unknown): boolean =>
  seq === undefined || (typeof seq === "number" && seq < 1);
