import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import type { RefusalCounter } from "../../evidence/ports.ts";
import { orFault } from "./faults.ts";
import { type Item, readItem, readItems } from "./items.ts";
import { counterKey } from "./transaction.ts";

const minuteIsOpenAndHasRoom = "#minute = :minute AND n < :limit";
const minuteIsOpen = "#minute = :minute";
const minuteIsAnother = "attribute_not_exists(pk) OR #minute <> :minute";

/** Rounds of counting: each lost condition means that another invocation changed the minute in between. */
const ROUNDS = 4;

/** State is unsigned: a number from it is at most a hint, and nonsense is none. */
const plausible = (count: unknown): number =>
  Number.isSafeInteger(count) && Number(count) > 0 ? Math.min(Number(count), 1_000_000_000) : 0;

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
    for (let round = 1; round <= ROUNDS; round++) {
      const counted = await this.#countOnce(scope, minute, written);
      if (counted !== undefined) return counted;
    }
    // Clocks that disagree moved the minute under us each time: what cannot be counted is not written singly.
    return { single: false, unwritten: 0 };
  }

  async unwritten(scope: string, minute: number): Promise<number> {
    const key = counterKey(scope);
    const [item] = await readItems(this.#client, [{ table: this.#table, key }]);
    return item?.["minute"] === minute ? 0 : plausible(item?.["unwritten"]);
  }

  async #countOnce(scope: string, minute: number, written: number) {
    const base = { ":minute": minute, ":one": 1 };
    const room = { ...base, ":limit": written };
    const single = await this.#update(scope, "ADD n :one", minuteIsOpenAndHasRoom, room);
    if (single !== undefined) return { single: true, unwritten: 0 };
    const counted = await this.#update(scope, "ADD unwritten :one", minuteIsOpen, base);
    if (counted !== undefined) return { single: false, unwritten: 0 };
    const [own, values] =
      written > 0
        ? ["SET #minute = :minute, n = :one", base]
        : ["SET #minute = :minute, n = :zero ADD unwritten :one", { ...base, ":zero": 0 }];
    const opened = await this.#update(scope, own, minuteIsAnother, values);
    if (opened === undefined) return undefined;
    // The one that opens a minute of a scope where nothing is written singly is itself in the sum.
    const sum = plausible(opened["unwritten"]);
    return { single: written > 0, unwritten: written > 0 || sum > 1 ? sum : 0 };
  }

  /** The counter after the update; `undefined` when the condition does not hold. */
  #update(
    scope: string,
    expression: string,
    condition: string,
    values: Record<string, number>,
  ): Promise<Item | undefined> {
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
        return readItem(Attributes ?? {});
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return undefined;
        throw error;
      }
    });
  }
}
