import {
  type AttributeValue,
  type DynamoDBClient,
  QueryCommand,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { present } from "../../encoding/present.ts";
import type { RevokedStore } from "../../lifecycle/ports.ts";
import {
  latestEnd,
  moreThanListed,
  oldestEnd,
  type Revoked,
} from "../../lifecycle/revocation-policy.ts";
import { orFault } from "./faults.ts";
import { readItem } from "./items.ts";

/** DynamoDB's limit. */
const MOST_ITEMS = 100;
/** Pages of a role's rows that are read: some two hundred thousand denials, or what somebody made large. */
const MOST_PAGES = 20;
const WHOLE_ROLE = "role";

/**
 * Rows of State, one a denial: all that it says is its key, so nobody can edit it into another. They are listed by the
 * end of what they deny; DynamoDB's TTL only cleans up behind them.
 */
export class DynamoRevokedStore implements RevokedStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async add(role: string, revoked: readonly Revoked[]): Promise<void> {
    for (let from = 0; from < revoked.length; from += MOST_ITEMS) {
      await this.#put(role, revoked.slice(from, from + MOST_ITEMS));
    }
  }

  #put(role: string, revoked: readonly Revoked[]): Promise<void> {
    return orFault("EVIDENCE_STORE_UNAVAILABLE", "dynamodb:TransactWriteItems", async () => {
      const items = new Map(revoked.map((each) => [sortKey(each), rowOf(role, each)]));
      const TransactItems = [...items.values()].map((item) => ({
        Put: { TableName: this.#table, Item: marshall(item) },
      }));
      await this.#client.send(new TransactWriteItemsCommand({ TransactItems }));
    });
  }

  list(role: string, now: number): Promise<Revoked[]> {
    return orFault("DEPENDENCY_UNAVAILABLE", "dynamodb:Query", async () => {
      const found: Revoked[] = [];
      let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
      for (let page = 1; page <= MOST_PAGES; page++) {
        const { Items = [], LastEvaluatedKey } = await this.#client.send(
          new QueryCommand({
            TableName: this.#table,
            ConsistentRead: true,
            KeyConditionExpression: "pk = :role AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues: marshall({
              ":role": partition(role),
              // What ends in that second is over; a row's key is longer than its second.
              ":first": digits(oldestEnd(now) + 1),
              ":last": digits(latestEnd(now) + 1),
            }),
            ProjectionExpression: "sk",
            ...present({ ExclusiveStartKey }),
          }),
        );
        found.push(...Items.flatMap((item) => revokedIn(readItem(item)["sk"])));
        if (LastEvaluatedKey === undefined) return found;
        ExclusiveStartKey = LastEvaluatedKey;
      }
      // Whoever writes State keeps nothing from IAM by rows before it: what was not read denies the whole role.
      return [...found, moreThanListed(now)];
    });
  }
}

const partition = (role: string): string => `revoked#${role}`;
/** Seconds sort as text. */
const digits = (seconds: number): string => String(seconds).padStart(12, "0");
const sortKey = ({ session = WHOLE_ROLE, until }: Revoked): string => `${digits(until)}#${session}`;

/** Seconds in a day: longer than any session lives. */
const DAY = 86_400;
const rowOf = (role: string, revoked: Revoked) => ({
  pk: partition(role),
  sk: sortKey(revoked),
  ttl: revoked.until + DAY,
});

/** What stands there in another form was not written here: it denies nobody who exists. */
function revokedIn(sk: unknown): Revoked[] {
  const [, until, session] = /^(\d{12})#(vai-[0-9a-f]{26}|role)$/.exec(String(sk)) ?? [];
  if (until === undefined || session === undefined) return [];
  return [{ until: Number(until), ...(session !== WHOLE_ROLE && { session }) }];
}
