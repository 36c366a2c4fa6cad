import {
  type AttributeValue,
  DynamoDBClient,
  QueryCommand,
  type QueryCommandInput,
} from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import type { EvidenceReader, ExportedRow } from "../../audit/export.ts";
import { present } from "../../encoding/present.ts";
import { EVENT_TYPES, type EventType } from "../../evidence/events.ts";
import { type ClientPlace, dependencyOptions } from "./clients.ts";
import { orFault } from "./faults.ts";
import { readItem } from "./items.ts";

/** The Evidence table with the credentials of a place. */
export const evidenceReader = (place: ClientPlace, table: string): DynamoEvidenceReader =>
  new DynamoEvidenceReader(new DynamoDBClient(dependencyOptions(place)), table);

/** Each of a refused request or command; many of one kind are counted in one. */
const REFUSALS: ReadonlySet<unknown> = new Set<EventType>([
  "IdentityDenied",
  "ExecutionRejected",
  "RefusalsCounted",
]);

/** Reads Evidence with what an auditor may: `dynamodb:Query` on the table and its indexes, no scan. */
export class DynamoEvidenceReader implements EvidenceReader {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /**
   * Every record has an event type, so the index of these knows every chain. It follows the table within seconds:
   * a chain that began just now may be missing. The chains themselves are read strongly consistently.
   */
  async chainIds(): Promise<readonly string[]> {
    const found = new Set<string>();
    for (const type of EVENT_TYPES) {
      const pages = this.#pages({
        TableName: this.#table,
        IndexName: "byEventType",
        KeyConditionExpression: "eventType = :type",
        ProjectionExpression: "chainId",
        ExpressionAttributeValues: marshall({ ":type": type }),
      });
      for await (const { chainId } of pages) found.add(String(chainId));
    }
    return [...found];
  }

  /**
   * Chains that speak of an identity, by index: one that was just issued may be missing, and whoever writes the table can
   * have it name further ones.
   */
  async chainsOf(identityId: string): Promise<readonly string[]> {
    const found = new Set<string>();
    const pages = this.#pages({
      TableName: this.#table,
      IndexName: "byIdentity",
      KeyConditionExpression: "identityId = :identity",
      ProjectionExpression: "chainId",
      ExpressionAttributeValues: marshall({ ":identity": identityId }),
    });
    for await (const { chainId } of pages) found.add(String(chainId));
    return [...found];
  }

  /** Chains on which an event of one of these types happened since an instant, in RFC 3339, by index. */
  async chainsSince(since: string, types: readonly EventType[]): Promise<readonly string[]> {
    const found = new Set<string>();
    for (const type of types) {
      const pages = this.#pages({
        TableName: this.#table,
        IndexName: "byEventType",
        KeyConditionExpression: "eventType = :type AND #at >= :since",
        ProjectionExpression: "chainId",
        ExpressionAttributeNames: { "#at": "at" },
        ExpressionAttributeValues: marshall({ ":type": type, ":since": since }),
      });
      for await (const { chainId } of pages) found.add(String(chainId));
    }
    return [...found];
  }

  async *chain(chainId: string): AsyncIterable<ExportedRow> {
    const pages = this.#pages({
      TableName: this.#table,
      ConsistentRead: true,
      KeyConditionExpression: "chainId = :chain",
      ProjectionExpression: "seq, #record, #seal",
      ExpressionAttributeNames: { "#record": "record", "#seal": "seal" },
      ExpressionAttributeValues: marshall({ ":chain": chainId }),
    });
    for await (const { seq, record, seal } of pages) {
      yield {
        seq: Number(seq),
        record: String(record),
        ...(seal !== undefined && { seal: String(seal) }),
      };
    }
  }

  /**
   * The newest refusals of a day, for operators: what the index has of each, not the record itself. A refused request
   * leaves several negative records, and one that says that it was refused.
   */
  async refusals(day: string, limit: number): Promise<Record<string, unknown>[]> {
    const found: Record<string, unknown>[] = [];
    const pages = this.#pages({
      TableName: this.#table,
      IndexName: "byNegativeDay",
      ScanIndexForward: false,
      KeyConditionExpression: "negativeDay = :day",
      ExpressionAttributeValues: marshall({ ":day": day }),
    });
    for await (const item of pages) {
      if (REFUSALS.has(item["eventType"])) found.push(item);
      if (found.length === limit) break;
    }
    return found;
  }

  async *#pages(query: QueryCommandInput): AsyncIterable<Record<string, unknown>> {
    let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
    do {
      const page = await orFault("EVIDENCE_STORE_UNAVAILABLE", "dynamodb:Query", async () => {
        const { Items = [], LastEvaluatedKey } = await this.#client.send(
          new QueryCommand({
            ...query,
            ...present({ ExclusiveStartKey }),
          }),
        );
        return { items: Items.map(readItem), LastEvaluatedKey };
      });
      yield* page.items;
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
  }
}
