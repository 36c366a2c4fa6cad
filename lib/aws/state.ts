import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { RefusalCounter, StateIndex } from "../evidence/ports.ts";
import { orFault } from "./faults.ts";
import { counterKey } from "./transaction.ts";

const minuteIsOpenAndHasRoom = "#minute = :minute AND n < :limit";
const minuteIsOpen = "#minute = :minute";
const minuteIsNew = "attribute_not_exists(pk) OR #minute < :minute";

interface Counter {
  readonly minute: number;
  readonly n: number;
  readonly unwritten?: number;
}

/** Counters of refusals in State: one or two updates without KMS, so that a flood cannot starve signing. */
export class DynamoRefusalCounter implements RefusalCounter {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async count(
    scope: string,
    minute: number,
    written: number,
  ): Promise<{ single: boolean; unwritten: number }> {
    for (;;) {
      const base = { ":minute": minute, ":one": 1 };
      const single = await this.#update(scope, "ADD n :one", minuteIsOpenAndHasRoom, {
        ...base,
        ":limit": written,
      });
      if (single !== undefined) return { single: true, unwritten: 0 };
      const counted = await this.#update(scope, "ADD unwritten :one", minuteIsOpen, base);
      if (counted !== undefined) return { single: false, unwritten: 0 };
      const own =
        written > 0
          ? "SET #minute = :minute, n = :one"
          : "SET #minute = :minute, n = :zero ADD unwritten :one";
      const values = {
        ":minute": minute,
        ...(written > 0 ? { ":one": 1 } : { ":one": 1, ":zero": 0 }),
      };
      const opened = await this.#update(scope, own, minuteIsNew, values);
      if (opened !== undefined) return { single: written > 0, unwritten: opened.unwritten ?? 0 };
    }
  }

  /** The counter after the update; `undefined` when the condition does not hold. */
  #update(
    scope: string,
    expression: string,
    condition: string,
    values: Record<string, number>,
  ): Promise<Counter | undefined> {
    return orFault("DEPENDENCY_UNAVAILABLE", "dynamodb:UpdateItem", async () => {
      try {
        const { Attributes } = await this.#client.send(
          new UpdateItemCommand({
            TableName: this.#table,
            Key: marshall(counterKey(scope)),
            UpdateExpression: expression,
            ConditionExpression: condition,
            ExpressionAttributeNames: { "#minute": "minute" },
            ExpressionAttributeValues: marshall(values),
            ReturnValues: "ALL_NEW",
          }),
        );
        return unmarshall(Attributes ?? {}) as Counter;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return undefined;
        throw error;
      }
    });
  }
}

/** Values that State keeps under keys; read strongly consistently. */
export class DynamoStateIndex implements StateIndex {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  lookUp(pk: string, sk: string): Promise<string | undefined> {
    return orFault("DEPENDENCY_UNAVAILABLE", "dynamodb:GetItem", async () => {
      const { Item } = await this.#client.send(
        new GetItemCommand({
          TableName: this.#table,
          Key: marshall({ pk, sk }),
          ConsistentRead: true,
        }),
      );
      const value: unknown = Item && unmarshall(Item)["value"];
      return typeof value === "string" ? value : undefined;
    });
  }
}
