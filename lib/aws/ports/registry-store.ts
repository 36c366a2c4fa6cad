import type { DynamoDBClient, TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import type {
  Heads,
  HeadsWanted,
  RegistryChange,
  RegistryDocuments,
  RegistryHead,
  RegistryStore,
} from "../../enforcement/read/registry-port.ts";
import { REGISTRY_CHAIN } from "../../evidence/chain.ts";
import type { AppendResult, StoredRow } from "../../evidence/ports.ts";
import { headOf } from "./evidence-store.ts";
import { type Item, type ItemKey, readItems } from "./items.ts";
import { appendItems, headKey, type Tables, transact } from "./transaction.ts";

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
  "version = :version AND trustPolicyDigest = :policy AND restrictionsDigest = :restrictions AND seq = :seq AND recordHash = :hash AND attribute_not_exists(pending)";

/** The Registry in DynamoDB (PROTOCOL.md §6). */
export class DynamoRegistryStore implements RegistryStore {
  readonly #client: DynamoDBClient;
  readonly #tables: Tables;

  constructor(client: DynamoDBClient, tables: Tables) {
    this.#client = client;
    this.#tables = tables;
  }

  async readHeads({ known, chainId, keys = [] }: HeadsWanted): Promise<Heads> {
    const { state } = this.#tables;
    const [registry, registryChain, next, chain, ...values] = await readItems(this.#client, [
      { table: this.#tables.registry, key: HEAD },
      { table: state, key: headKey(REGISTRY_CHAIN) },
      this.#record(known + 1),
      // One key too few would move the answers; the registry's own head stands in for none.
      { table: state, key: headKey(chainId ?? REGISTRY_CHAIN) },
      ...keys.map((key) => ({ table: state, key })),
    ]);
    return {
      registry: registry && registryHead(registry),
      isPending: registry?.["pending"] !== undefined,
      registryChain: headOf(registryChain),
      isContinued: next !== undefined,
      chain: chainId === undefined ? undefined : headOf(chain),
      values: values.map((item) => textIn(item, "value")),
    };
  }

  async readDocuments(
    head: Pick<RegistryHead, "version" | "seq"> | undefined,
  ): Promise<RegistryDocuments> {
    const { version, seq } = head ?? { version: 0, seq: 0 };
    const { registry } = this.#tables;
    const [policy, nextPolicy, restrictions, last, next] = await readItems(this.#client, [
      { table: registry, key: versionKey(version) },
      { table: registry, key: versionKey(version + 1) },
      { table: registry, key: RESTRICTIONS },
      this.#record(seq),
      this.#record(seq + 1),
    ]);
    return {
      trustPolicy: textIn(policy, "jws"),
      restrictions: textIn(restrictions, "document"),
      last: last as StoredRow | undefined,
      isContinued: nextPolicy !== undefined || next !== undefined,
    };
  }

  commit(change: RegistryChange): Promise<AppendResult> {
    const documents = this.#documents(change).map((item) => ({ item, guard: "chain" as const }));
    return transact(this.#client, [...documents, ...appendItems(this.#tables, change.append)]);
  }

  #record(seq: number): ItemKey {
    return { table: this.#tables.evidence, key: { chainId: REGISTRY_CHAIN, seq } };
  }

  #documents({ from, to, trustPolicy, restrictions }: RegistryChange): TransactWriteItem[] {
    const TableName = this.#tables.registry;
    const policy: TransactWriteItem = {
      Put: {
        TableName,
        Item: marshall(
          { ...versionKey(to.version), jws: trustPolicy, digest: to.trustPolicyDigest },
          { removeUndefinedValues: true },
        ),
        ConditionExpression: headIsNew,
      },
    };
    return [
      ...(trustPolicy === undefined ? [] : [policy]),
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
              ":seq": from.seq,
              ":hash": from.recordHash,
            }),
          }),
        },
      },
    ];
  }
}

const registryHead = ({
  version,
  trustPolicyDigest,
  restrictionsDigest,
  seq,
  recordHash,
}: Item): RegistryHead =>
  ({ version, trustPolicyDigest, restrictionsDigest, seq, recordHash }) as RegistryHead;

function textIn(item: Item | undefined, name: string): string | undefined {
  const value = item?.[name];
  return typeof value === "string" ? value : undefined;
}
