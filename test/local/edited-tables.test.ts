import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AttributeValue,
  DeleteItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { newPrivateJwk, signingKey } from "../../lib/client/keys.ts";
import { signJws } from "../../lib/encoding/jws.ts";
import { granted, invoke, refused, settingEvent } from "../support/local/agent.ts";
import { beginAnew } from "../support/local/begin-anew.ts";
import { intentOf, keyOf, settingDraft, signDraft } from "../support/local/contracts.ts";
import { readChain } from "../support/local/evidence.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { type Row, readRow } from "../support/local/tables.ts";
import { forgetRefusals, readItem, seedItem } from "../support/local/targets.ts";

// Somebody may write State and Registry but holds no key: the deployer plays that part.

const primaryKey = ({ pk, sk }: Row) => ({ pk: pk as AttributeValue, sk: sk as AttributeValue });

/** With a row edited (or removed, when the edit says nothing), and as it was afterwards. */
async function withEdited(
  { deployer, outputs }: LocalPlane,
  table: "state" | "registry",
  row: Row,
  edited: Row | undefined,
  work: () => Promise<void>,
): Promise<void> {
  const TableName = outputs.tables[table];
  if (edited) await deployer.dynamoDb.send(new PutItemCommand({ TableName, Item: edited }));
  else await deployer.dynamoDb.send(new DeleteItemCommand({ TableName, Key: primaryKey(row) }));
  try {
    await work();
  } finally {
    await deployer.dynamoDb.send(new PutItemCommand({ TableName, Item: row }));
  }
}

interface Edit {
  readonly title: string;
  readonly edit: (row: Row) => Row | undefined;
}

const HASH: AttributeValue = { S: `sha256:${"0".repeat(64)}` };
const lowered = ({ N = "0" }: AttributeValue = { N: "0" }, by = 1): AttributeValue => ({
  N: `${Number(N) - by}`,
});

const HEAD_EDITS: readonly Edit[] = [
  { title: "deleted", edit: () => undefined },
  { title: "with a smaller number", edit: (row) => ({ ...row, seq: lowered(row["seq"]) }) },
  { title: "with a larger number", edit: (row) => ({ ...row, seq: lowered(row["seq"], -1) }) },
  { title: "with another hash", edit: (row) => ({ ...row, hash: HASH }) },
];

for (const { title, edit } of HEAD_EDITS) {
  test(`OKG-27 ADV-20 the head of an intent ${title}: EVIDENCE_CHAIN_BROKEN, nothing is appended`, async () => {
    const plane = await localPlane();
    const item = `head-${title.replaceAll(" ", "-")}`;
    await seedItem(plane, item);
    const held = signDraft(plane, settingDraft(plane, item, { calls: 3, total: 100 }));
    granted(await invoke(plane, settingEvent(plane, held, item)));
    const chainId = `intent/${intentOf(held)}`;
    const before = await readChain(plane, chainId);
    const head = await readRow(plane, "state", `chain#${chainId}`, "head");
    await forgetRefusals(plane);

    await withEdited(plane, "state", head, edit(head), async () => {
      const parameters = { "set/weight": 20 };
      const event = settingEvent(plane, held, item, { parameters });
      const answer = refused(await invoke(plane, event), "EVIDENCE_CHAIN_BROKEN");
      assert.equal(answer.stage, "executor");
      assert.match(answer.evidence?.chainId ?? "", /^unattributed\//);
    });
    assert.deepEqual(await readChain(plane, chainId), before);
    assert.equal((await readItem(plane, item))?.["weight"], 10);
    granted(await invoke(plane, settingEvent(plane, held, item)));
  });
}

test("VAI-66 a use is not given back by removing the retry keys from State", async () => {
  const plane = await localPlane();
  await seedItem(plane, "keys-removed");
  const held = signDraft(plane, settingDraft(plane, "keys-removed"));
  const event = settingEvent(plane, held, "keys-removed", { idempotencyKey: "k", jti: "j" });
  const first = granted(await invoke(plane, event));
  const { deployer, outputs } = plane;
  const TableName = outputs.tables.state;
  const { contractDigest } = first.identity;
  const rows = await retryRows(plane, contractDigest);
  assert.equal(rows.length, 2);
  for (const row of rows)
    await deployer.dynamoDb.send(new DeleteItemCommand({ TableName, Key: primaryKey(row) }));
  const again = granted(await invoke(plane, event));
  assert.deepEqual(again, { ...first, deduplicated: true });
  const fresh = settingEvent(plane, held, "keys-removed");
  refused(await invoke(plane, fresh), "CONTRACT_CONSUMED");
});

async function retryRows(plane: LocalPlane, digest: string): Promise<Row[]> {
  const { thumbprint } = keyOf(plane, "agent");
  const { Items } = await plane.deployer.dynamoDb.send(
    new QueryCommand({
      TableName: plane.outputs.tables.state,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": { S: `retry#${thumbprint}#${digest}#issue` } },
    }),
  );
  return Items ?? [];
}

interface RegistryEdit extends Edit {
  readonly table: "registry" | "state";
  readonly key: readonly [pk: string, sk: string];
}

const HEAD = ["registry", "head"] as const;
const RESTRICTIONS = ["registry", "restrictions"] as const;
const CHAIN = ["chain#plane/registry", "head"] as const;

/** The same policy, with the executor's key as an issuer's, signed by a key of the editor's own. */
function forgedPolicy({ jws }: Row): AttributeValue {
  const payload = JSON.parse(
    Buffer.from((jws?.S ?? "").split(".")[1] ?? "", "base64url").toString("utf8"),
  ) as Record<string, unknown>;
  const key = signingKey(newPrivateJwk());
  const issuers = [{ name: "mine", keys: [key.jwk], maxRisk: "CRITICAL", actions: [] }];
  return { S: signJws("vai-trust-policy+jwt", { ...payload, issuers }, key) };
}

const REGISTRY_EDITS: readonly RegistryEdit[] = [
  { title: "its head deleted", table: "registry", key: HEAD, edit: () => undefined },
  {
    title: "another version in its head",
    ...{ table: "registry", key: HEAD, edit: (row) => ({ ...row, version: { N: "2" } }) },
  },
  {
    title: "another policy digest in its head",
    ...{ table: "registry", key: HEAD, edit: (row) => ({ ...row, trustPolicyDigest: HASH }) },
  },
  { title: "the head of its chain deleted", table: "state", key: CHAIN, edit: () => undefined },
  {
    title: "another hash in the head of its chain",
    ...{ table: "state", key: CHAIN, edit: (row) => ({ ...row, hash: HASH }) },
  },
];

/** What a function that has verified it does not read again; one that begins does. */
const documentEdits = (policy: RegistryEdit["key"]): readonly RegistryEdit[] => [
  { title: "the trust policy deleted", table: "registry", key: policy, edit: () => undefined },
  {
    title: "a trust policy that another key signed",
    ...{ table: "registry", key: policy, edit: (row) => ({ ...row, jws: forgedPolicy(row) }) },
  },
  {
    title: "the restrictions deleted",
    ...{ table: "registry", key: RESTRICTIONS, edit: () => undefined },
  },
  {
    title: "other restrictions",
    ...{ table: "registry", key: RESTRICTIONS },
    edit: (row) => ({ ...row, document: { S: "{}" } }),
  },
];

test("VAI-97 the Registry edited by who holds no key: REGISTRY_STALE until it is as it was", async (t) => {
  const plane = await localPlane();
  await seedItem(plane, "registry-edited");
  const held = signDraft(plane, settingDraft(plane, "registry-edited"));
  const ask = () => invoke(plane, settingEvent(plane, held, "registry-edited"));
  const isStale = async (edited: RegistryEdit, before: () => Promise<unknown>) => {
    const { table, key, edit } = edited;
    const row = await readRow(plane, table, ...key);
    await withEdited(plane, table, row, edit(row), async () => {
      await before();
      const answer = refused(await ask(), "REGISTRY_STALE");
      assert.deepEqual([answer.stage, answer.retryable], ["contract", true]);
    });
    assert.equal((await readItem(plane, "registry-edited"))?.["weight"], 1);
  };
  for (const edited of REGISTRY_EDITS) {
    await t.test(edited.title, () => isStale(edited, async () => {}));
  }
  // The one in force, whatever was published before.
  const { version } = await readRow(plane, "registry", ...HEAD);
  const policy = ["trust-policy", (version?.N ?? "").padStart(9, "0")] as const;
  for (const edited of documentEdits(policy)) {
    await t.test(`${edited.title}, and the function begins anew`, () =>
      isStale(edited, () => beginAnew(plane, ["issue"])),
    );
  }
  granted(await ask());
});

test("VAI-91 a record of evidence is changed or removed by nobody, not even an administrator", async () => {
  const plane = await localPlane();
  await seedItem(plane, "kept");
  const held = signDraft(plane, settingDraft(plane, "kept"));
  const { evidence } = granted(await invoke(plane, settingEvent(plane, held, "kept")));
  const before = await readChain(plane, evidence.chainId);
  const { dynamoDb } = plane.deployer;
  const TableName = plane.outputs.tables.evidence;
  const Key = { chainId: { S: evidence.chainId }, seq: { N: "1" } };
  const denied = { name: "AccessDeniedException" };
  await assert.rejects(dynamoDb.send(new DeleteItemCommand({ TableName, Key })), denied);
  for (const UpdateExpression of ["REMOVE #text", "SET #text = chainId"]) {
    for (const name of ["record", "seal"]) {
      const ExpressionAttributeNames = { "#text": name };
      const input = { TableName, Key, UpdateExpression, ExpressionAttributeNames };
      await assert.rejects(dynamoDb.send(new UpdateItemCommand(input)), denied);
    }
  }
  await assert.rejects(dynamoDb.send(new PutItemCommand({ TableName, Item: Key })), denied);
  const next = { ...Key, seq: { N: `${evidence.lastSeq + 1}` } };
  await assert.rejects(dynamoDb.send(new PutItemCommand({ TableName, Item: next })), denied);
  assert.deepEqual(await readChain(plane, evidence.chainId), before);
});
