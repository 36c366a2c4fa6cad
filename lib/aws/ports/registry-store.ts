import type { DynamoDBClient, TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { present } from "../../encoding/present.ts";
import type {
  Heads,
  HeadsWanted,
  OwedChange,
  RegistryChange,
  RegistryDocuments,
  RegistryHead,
  RegistryStore,
} from "../../enforcement/read/registry-port.ts";
import { REGISTRY_CHAIN } from "../../evidence/chain.ts";
import type { AppendResult, StoredRow } from "../../evidence/ports.ts";
import { headOf } from "./evidence-store.ts";
import { type Item, type ItemKey, readItems, writeItem } from "./items.ts";
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
  "version = :version AND trustPolicyDigest = :policy AND restrictionsDigest = :restrictions AND seq = :seq AND recordHash = :hash";
const nothingIsOwed = "attribute_not_exists(pending)";
const owedIsWhatWasRead = "pending = :pending";
const documentIsWhatWasRead = "document = :present";

/** The values that the condition on a head is made of. */
const read = (head: RegistryHead) => ({
  ":version": head.version,
  ":policy": head.trustPolicyDigest,
  ":restrictions": head.restrictionsDigest,
  ":seq": head.seq,
  ":hash": head.recordHash,
});

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
      pending: registry?.["pending"],
      registryChain: headOf(registryChain),
      isContinued: next !== undefined,
      chain: chainId === undefined ? undefined : headOf(chain),
      values: values.map((item) => textIn(item, "value")),
    };
  }

  async readDocuments(
    head: Pick<RegistryHead, "version" | "seq"> | undefined,
  ): Promise<RegistryDocuments> {
    // A head that names no number of the one keeps the other from nobody: who may stop things is read by the version.
    const [version, seq] = [numberOf(head?.version), numberOf(head?.seq)];
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
      recorded: textIn(restrictions, "recorded"),
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

  owe(change: OwedChange): Promise<AppendResult> {
    const { registry, state } = this.#tables;
    const { from, next, recorded, command, at, key } = change;
    const mark = { at, code: "PLANE_HALTED", trigger: "operator", by: command };
    const updates: readonly TransactWriteItem["Update"][] = [
      {
        TableName: registry,
        Key: marshall(RESTRICTIONS),
        UpdateExpression: "SET document = :next, recorded = :recorded",
        ConditionExpression: documentIsWhatWasRead,
        ExpressionAttributeValues: marshall({
          ":next": next,
          ":recorded": recorded,
          ":present": change.present,
        }),
      },
      {
        TableName: registry,
        Key: marshall(HEAD),
        UpdateExpression: "SET pending = list_append(if_not_exists(pending, :none), :command)",
        ConditionExpression: headIsWhatWasRead,
        ExpressionAttributeValues: marshall({ ...read(from), ":none": [], ":command": [command] }),
      },
      {
        TableName: state,
        Key: marshall(headKey(REGISTRY_CHAIN)),
        UpdateExpression:
          "SET marks = list_append(if_not_exists(marks, :none), :mark) ADD marked :one",
        ExpressionAttributeValues: marshall({ ":none": [], ":mark": [mark], ":one": 1 }),
      },
    ];
    const items = updates.map((Update) => ({ item: { Update }, guard: "chain" as const }));
    const { pk, sk, value } = key;
    const Put = {
      TableName: state,
      Item: marshall({ pk, sk, value }),
      ConditionExpression: "attribute_not_exists(pk)",
    };
    return transact(this.#client, [...items, { item: { Put }, guard: key }]);
  }

  #documents(change: RegistryChange): TransactWriteItem[] {
    const { from, to, trustPolicy, restrictions, settles } = change;
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
          ConditionExpression:
            from === undefined
              ? headIsNew
              : `${headIsWhatWasRead} AND ${settles === undefined ? nothingIsOwed : owedIsWhatWasRead}`,
          ...(from !== undefined && {
            ExpressionAttributeValues: writeItem({
              ...read(from),
              ...present({ ":pending": settles }),
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

const numberOf = (value: unknown): number => (Number.isSafeInteger(value) ? Number(value) : 0);

function textIn(item: Item | undefined, name: string): string | undefined {
  const value = item?.[name];
  return typeof value === "string" ? value : undefined;
}
