import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  type TransactWriteItem,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type {
  RegistryChange,
  RegistryHead,
  RegistryRead,
  RegistryStore,
} from "../enforcement/registry-port.ts";
import { REGISTRY_CHAIN } from "../evidence/chain.ts";
import type { AppendResult } from "../evidence/ports.ts";
import { lastRow, readHead } from "./evidence-store.ts";
import { orFault } from "./faults.ts";
import { appendItems, type Tables, transact } from "./transaction.ts";

const HEAD = { pk: "registry", sk: "head" };
const RESTRICTIONS = { pk: "registry", sk: "restrictions" };
const POLICIES = "trust-policy";

/** Versions sort as text: nine digits. */
const versionKey = (version: number): { pk: string; sk: string } => ({
  pk: POLICIES,
  sk: String(version).padStart(9, "0"),
});

const headIsNew = "attribute_not_exists(pk)";
const headIsWhatWasRead =
  "version = :version AND trustPolicyDigest = :policy AND restrictionsDigest = :restrictions";

/** The Registry in DynamoDB (wire.md §6), read strongly consistently in one round. */
export class DynamoRegistryStore implements RegistryStore {
  readonly #client: DynamoDBClient;
  readonly #tables: Tables;

  constructor(client: DynamoDBClient, tables: Tables) {
    this.#client = client;
    this.#tables = tables;
  }

  read(): Promise<RegistryRead> {
    return orFault("DEPENDENCY_UNAVAILABLE", "reading the Registry", async () => {
      const { registry, evidence, state } = this.#tables;
      const [documents, newest, rows, head] = await Promise.all([
        this.#query(registry, HEAD.pk, {}),
        this.#query(registry, POLICIES, { ScanIndexForward: false, Limit: 1 }),
        lastRow(this.#client, evidence, REGISTRY_CHAIN),
        readHead(this.#client, state, REGISTRY_CHAIN),
      ]);
      const found = documents.find(({ sk }) => sk === HEAD.sk);
      return {
        head: found && headOf(found),
        trustPolicy: newest[0]?.["jws"] as string | undefined,
        newest: newest[0] && Number(newest[0]["sk"]),
        restrictions: documents.find(({ sk }) => sk === RESTRICTIONS.sk)?.["document"] as
          | string
          | undefined,
        chain: { rows, head },
      };
    });
  }

  readHead(): Promise<RegistryHead | undefined> {
    return orFault("DEPENDENCY_UNAVAILABLE", "reading the Registry's head", async () => {
      const { Item } = await this.#client.send(
        new GetItemCommand({
          TableName: this.#tables.registry,
          Key: marshall(HEAD),
          ConsistentRead: true,
        }),
      );
      return Item && headOf(unmarshall(Item));
    });
  }

  commit(change: RegistryChange): Promise<AppendResult> {
    const documents = this.#documents(change).map((item) => ({ item, guard: "chain" as const }));
    return transact(this.#client, [...documents, ...appendItems(this.#tables, change.append)]);
  }

  /** Every signed trust policy from version 1, for exports. */
  async policies(): Promise<string[]> {
    const items = await orFault("DEPENDENCY_UNAVAILABLE", "reading trust policies", () =>
      this.#query(this.#tables.registry, POLICIES, {}),
    );
    return items.map(({ jws }) => String(jws));
  }

  #documents({ from, to, trustPolicy, restrictions }: RegistryChange): TransactWriteItem[] {
    const TableName = this.#tables.registry;
    return [
      {
        Put: {
          TableName,
          Item: marshall({
            ...versionKey(to.version),
            jws: trustPolicy,
            digest: to.trustPolicyDigest,
          }),
          ConditionExpression: headIsNew,
        },
      },
      { Put: { TableName, Item: marshall({ ...RESTRICTIONS, document: restrictions }) } },
      {
        Put: {
          TableName,
          Item: marshall({ ...HEAD, ...to }),
          ConditionExpression: from === undefined ? headIsNew : headIsWhatWasRead,
          ...(from !== undefined && {
            ExpressionAttributeValues: marshall({
              ":version": from.version,
              ":policy": from.trustPolicyDigest,
              ":restrictions": from.restrictionsDigest,
            }),
          }),
        },
      },
    ];
  }

  async #query(table: string, pk: string, options: object): Promise<Record<string, unknown>[]> {
    const items: Record<string, unknown>[] = [];
    let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
    do {
      const page = await this.#client.send(
        new QueryCommand({
          TableName: table,
          ConsistentRead: true,
          KeyConditionExpression: "pk = :pk",
          ExpressionAttributeValues: marshall({ ":pk": pk }),
          ...(ExclusiveStartKey !== undefined && { ExclusiveStartKey }),
          ...options,
        }),
      );
      items.push(...(page.Items ?? []).map((item) => unmarshall(item)));
      ExclusiveStartKey = "Limit" in options ? undefined : page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
    return items;
  }
}

const headOf = ({
  version,
  trustPolicyDigest,
  restrictionsDigest,
}: Record<string, unknown>): RegistryHead =>
  ({ version, trustPolicyDigest, restrictionsDigest }) as RegistryHead;
