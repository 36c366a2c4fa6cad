import {
  type AttributeValue,
  type DynamoDBClient,
  QueryCommand,
  type QueryCommandInput,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { toInstant } from "../../clock.ts";
import { present } from "../../encoding/present.ts";
import { isIntentChain } from "../../evidence/chain.ts";
import type { EventType } from "../../evidence/events.ts";
import type { TakenKey } from "../../evidence/ports.ts";
import type { DenialStore, MarkStep } from "../../lifecycle/ports.ts";
import { orFault } from "./faults.ts";
import { readItem, readItems } from "./items.ts";
import { headKey, type Tables } from "./transaction.ts";

const keyIsFree = "attribute_not_exists(pk)";

/** Denials in DynamoDB: marks on heads in State, and the index by which an identity's chain is found. */
export class DynamoDenialStore implements DenialStore {
  readonly #client: DynamoDBClient;
  readonly #tables: Tables;

  constructor(client: DynamoDBClient, tables: Tables) {
    this.#client = client;
    this.#tables = tables;
  }

  chainsOf(identityId: string): Promise<string[]> {
    return this.#chainsIn({
      IndexName: "byIdentity",
      KeyConditionExpression: "identityId = :identity",
      ExpressionAttributeValues: marshall({ ":identity": identityId }),
    });
  }

  issuedSince(since: string): Promise<string[]> {
    return this.#withSince("IdentityIssued", since);
  }

  boundSince(since: string): Promise<string[]> {
    return this.#withSince("ContractBound", since);
  }

  #withSince(type: EventType, since: string): Promise<string[]> {
    return this.#chainsIn({
      IndexName: "byEventType",
      KeyConditionExpression: "eventType = :type AND #at >= :since",
      ExpressionAttributeNames: { "#at": "at" },
      ExpressionAttributeValues: marshall({ ":type": type, ":since": since }),
    });
  }

  /** Each intent's chain once that an index of Evidence lists, page by page; a forged row names any other in vain. */
  #chainsIn(query: Omit<QueryCommandInput, "TableName">): Promise<string[]> {
    return orFault("DEPENDENCY_UNAVAILABLE", "dynamodb:Query", async () => {
      const chains = new Set<string>();
      let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
      do {
        const page = await this.#client.send(
          new QueryCommand({
            ...{ ...query, TableName: this.#tables.evidence },
            ProjectionExpression: "chainId",
            ...present({ ExclusiveStartKey }),
          }),
        );
        for (const item of page.Items ?? []) chains.add(String(readItem(item)["chainId"]));
        ExclusiveStartKey = page.LastEvaluatedKey;
      } while (ExclusiveStartKey !== undefined);
      return [...chains].filter(isIntentChain);
    });
  }

  async valueOf({ pk, sk }: Pick<TakenKey, "pk" | "sk">): Promise<string | undefined> {
    const [item] = await readItems(this.#client, [{ table: this.#tables.state, key: { pk, sk } }]);
    const value = item?.["value"];
    return typeof value === "string" ? value : undefined;
  }

  /**
   * A list or counter of another type would refuse to be added to: whoever writes State could so keep a denial from
   * being committed. It is replaced, and what could not be read goes on denying the whole intent.
   */
  async mark(step: MarkStep): Promise<"marked" | "taken"> {
    for (const how of [ADDED, BESIDE_GARBAGE, INSTEAD_OF_GARBAGE]) {
      const result = await this.#commit(step, how);
      if (result !== "impossible") return result;
    }
    return orFault("EVIDENCE_STORE_UNAVAILABLE", "dynamodb:TransactWriteItems", async () => {
      throw new TypeError("the head cannot be marked");
    });
  }

  #commit(step: MarkStep, how: How, tries = TRIES): Promise<"marked" | "taken" | "impossible"> {
    return orFault("EVIDENCE_STORE_UNAVAILABLE", "dynamodb:TransactWriteItems", async () => {
      const TransactItems = [this.#markHead(step, how), ...this.#takeKey(step)];
      try {
        await this.#client.send(new TransactWriteItemsCommand({ TransactItems }));
        return "marked";
      } catch (error) {
        if (!(error instanceof TransactionCanceledException)) throw error;
        const result = cancelledBy(error);
        if (result === "conflict" && tries > 1) return this.#commit(step, how, tries - 1);
        if (result === undefined || result === "conflict") throw error;
        return result;
      }
    });
  }

  #markHead({ chainId, mark }: MarkStep, { update, values }: How): TransactWriteItem {
    return {
      Update: {
        TableName: this.#tables.state,
        Key: marshall(headKey(chainId)),
        UpdateExpression: update,
        // Whoever commits it may not come to its records: sweep finds it at once, not when a window ends.
        ExpressionAttributeValues: marshall({
          ...values(present(mark)),
          ":due": toInstant(mark.at * 1000),
        }),
      },
    };
  }

  #takeKey({ key }: MarkStep): TransactWriteItem[] {
    if (key === undefined) return [];
    const { pk, sk, value, ttl } = key;
    const Item = marshall({ pk, sk, value, ...present({ ttl }) });
    return [{ Put: { TableName: this.#tables.state, Item, ConditionExpression: keyIsFree } }];
  }
}

/** An append beside it, of a chain that somebody asks for all the time, must keep no denial from being committed. */
const TRIES = 8;

function cancelledBy({
  CancellationReasons: reasons,
}: TransactionCanceledException): "taken" | "impossible" | "conflict" | undefined {
  const [ofHead, ofKey] = (reasons ?? []).map(({ Code }) => Code);
  if (ofKey === "ConditionalCheckFailed") return "taken";
  if (ofHead === "ValidationError") return "impossible";
  return [ofHead, ofKey].includes("TransactionConflict") ? "conflict" : undefined;
}

/** One way to bring a mark to a head. */
interface How {
  readonly update: string;
  readonly values: (mark: object) => Readonly<Record<string, unknown>>;
}

/** What nobody can read denies the whole intent: so does what replaces it. */
const ILLEGIBLE = "illegible";

const ADDED: How = {
  update: "SET marks = list_append(if_not_exists(marks, :none), :mark), due = :due ADD marked :one",
  values: (mark) => ({ ":none": [], ":mark": [mark], ":one": 1 }),
};
const BESIDE_GARBAGE: How = {
  update: "SET marks = :marks, due = :due ADD marked :one",
  values: (mark) => ({ ":marks": [mark, ILLEGIBLE], ":one": 1 }),
};
const INSTEAD_OF_GARBAGE: How = {
  update: "SET marks = :marks, marked = :one, due = :due",
  values: (mark) => ({ ":marks": [mark, ILLEGIBLE], ":one": 1 }),
};
