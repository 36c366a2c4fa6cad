import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  QueryCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { present } from "../../encoding/present.ts";
import type { HeadShown, OpenIdentity, OpenStore } from "../../lifecycle/ports.ts";
import { VIEWS } from "../../lifecycle/view.ts";
import { orFault } from "./faults.ts";
import { type Item, readItem } from "./items.ts";
import { showHead } from "./transaction.ts";

/** Later than every instant: what is open whenever it is due. */
const EVER = "9999-12-31T23:59:59.999Z";

/** A head with something open, as it stands in State; nobody vouches for any of it. */
export interface StoredView {
  readonly chainId: string;
  /** When `sweep` has work on it, RFC 3339. */
  readonly due: unknown;
  readonly open: unknown;
}

/** The index `byDue` of State: sixteen queries, no scan. */
export class DynamoOpenStore implements OpenStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async due(until: string): Promise<string[]> {
    const found = await Promise.all(VIEWS.map((view) => this.#list(view, until)));
    return found.flat();
  }

  all(): Promise<string[]> {
    return this.due(EVER);
  }

  async identities(): Promise<OpenIdentity[]> {
    const found = await Promise.all(VIEWS.map((view) => this.#identities(view)));
    return found.flat();
  }

  /** Every intent with something open, for people: told one by one, so that nobody holds more than what is shown of it. */
  async views(tell: (view: StoredView) => void): Promise<void> {
    const tellOf = (item: Item): void => {
      for (const chainId of chainIn(item)) tell({ chainId, due: item["due"], open: item["open"] });
    };
    await Promise.all(VIEWS.map((view) => this.#each(view, EVER, tellOf)));
  }

  show(shown: HeadShown): Promise<void> {
    return orFault("DEPENDENCY_UNAVAILABLE", "dynamodb:UpdateItem", async () => {
      try {
        await this.#client.send(new UpdateItemCommand(showHead(this.#table, shown)));
      } catch (error) {
        // Whoever has moved it has set it right.
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      }
    });
  }

  /** Of each head its key alone: what somebody has written beside it may be large. */
  async #list(view: string, until: string): Promise<string[]> {
    const chains: string[] = [];
    await this.#each(view, until, (head) => chains.push(...chainIn(head)), "pk, sk");
    return chains;
  }

  async #identities(view: string): Promise<OpenIdentity[]> {
    const identities: OpenIdentity[] = [];
    await this.#each(view, EVER, (head) => identities.push(...identitiesIn(head)));
    return identities;
  }

  /** @param attributes which of them are told; default: all that the index has. */
  #each(
    view: string,
    until: string,
    tell: (head: Item) => void,
    attributes?: string,
  ): Promise<void> {
    return orFault("DEPENDENCY_UNAVAILABLE", "dynamodb:Query", async () => {
      let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
      do {
        const page = await this.#client.send(
          new QueryCommand({
            TableName: this.#table,
            IndexName: "byDue",
            KeyConditionExpression: "#view = :view AND due <= :until",
            ExpressionAttributeNames: { "#view": "view" },
            ExpressionAttributeValues: marshall({ ":view": view, ":until": until }),
            ...present({ ProjectionExpression: attributes, ExclusiveStartKey }),
          }),
        );
        for (const item of page.Items ?? []) tell(readItem(item));
        ExclusiveStartKey = page.LastEvaluatedKey;
      } while (ExclusiveStartKey !== undefined);
    });
  }
}

const HEAD = "chain#intent/";

/** What stands elsewhere than on an intent's head is nobody's view, and nothing would ever set it right. */
const chainIn = ({ pk, sk }: Item): string[] =>
  typeof pk === "string" && pk.startsWith(HEAD) && sk === "head" ? [pk.slice("chain#".length)] : [];

/** Nothing of it is trusted: what has another form is passed over. */
function identitiesIn({ open }: Item): OpenIdentity[] {
  const { identities } = (open ?? {}) as { readonly identities?: unknown };
  if (!Array.isArray(identities)) return [];
  return identities.filter((each): each is OpenIdentity => typeof each?.jkt === "string");
}
