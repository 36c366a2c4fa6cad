import assert from "node:assert/strict";
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { type AttributeValue, QueryCommand } from "@aws-sdk/client-dynamodb";
import { GetPublicKeyCommand } from "@aws-sdk/client-kms";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { LocalPlane } from "./plane.ts";

// What a stranger does with the page on formats alone: nothing here is of lib/.

/** One item of the Evidence table. */
export interface Item {
  readonly chainId: string;
  readonly seq: number;
  readonly record: string;
  readonly sealSeq: number;
  readonly seal?: string;
  readonly recordHash: string;
  readonly prev: string;
  readonly eventType: string;
  readonly code?: string;
}

interface EvidenceRecord {
  readonly type: string;
  readonly plane: string;
  readonly chain: { readonly id: string; readonly seq: number; readonly prev: string };
  readonly event: { readonly id: string; readonly type: string; readonly at: string };
  readonly identity?: { readonly id: string };
  readonly actor?: { readonly id?: string; readonly kind?: string; readonly jkt?: string };
  readonly contract?: { readonly id: string; readonly digest: string };
  readonly continuity?: { readonly depth: number; readonly blocks: readonly string[] };
  readonly decision: { readonly outcome: string; readonly code?: string; readonly stage?: string };
  readonly detail: Readonly<Record<string, unknown>>;
}

/** A record whose seal and place were verified. */
export interface Verified extends EvidenceRecord {
  readonly hash: string;
}

/** Every item of one chain as the auditor reads it, strongly consistently. */
export async function readChain(plane: LocalPlane, chainId: string): Promise<Item[]> {
  const items: Item[] = [];
  let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
  do {
    const page = await plane.auditor.dynamoDb.send(
      new QueryCommand({
        TableName: plane.outputs.tables.evidence,
        ConsistentRead: true,
        KeyConditionExpression: "chainId = :chain",
        ExpressionAttributeValues: { ":chain": { S: chainId } },
        ...(ExclusiveStartKey !== undefined && { ExclusiveStartKey }),
      }),
    );
    items.push(...(page.Items ?? []).map((item) => unmarshall(item) as Item));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  return items;
}

/** The evidence key's public half, from KMS as the auditor. */
export async function evidenceKey(plane: LocalPlane): Promise<KeyObject> {
  const { PublicKey } = await plane.auditor.kms.send(
    new GetPublicKeyCommand({ KeyId: plane.outputs.evidenceKeyId }),
  );
  return createPublicKey({ key: Buffer.from(PublicKey ?? []), format: "der", type: "spki" });
}

/** Reads a chain and verifies each seal, hash and link. Fails at the first that does not hold. */
export async function verifiedChain(plane: LocalPlane, chainId: string): Promise<Verified[]> {
  const [items, key] = [await readChain(plane, chainId), await evidenceKey(plane)];
  let previous = sha256(`vai-evidence-genesis\0${plane.outputs.plane}\0${chainId}`);
  return items.map((item, index) => {
    const statement = opened(items[item.sealSeq - 1]?.seal ?? "", key);
    assert.ok(statement, `${chainId} ${item.seq}: the seal does not hold`);
    const [hash, seq] = [sha256(item.record), index + 1];
    const { chain: sealed, plane: sealedPlane, at } = statement.predicate;
    assert.deepEqual(statement.subject[seq - sealed.first], {
      name: `${chainId}#${seq}`,
      digest: { sha256: hash.slice("sha256:".length) },
    });
    assert.deepEqual(
      [sealedPlane, sealed.id, sealed.last, statement.subject.length],
      [plane.outputs.plane, chainId, item.sealSeq, sealed.last - sealed.first + 1],
    );
    assert.equal(item.seal !== undefined, item.sealSeq === seq, "the last row carries the seal");
    if (seq === sealed.first) assert.equal(sealed.prev, previous);
    const record = JSON.parse(item.record) as EvidenceRecord;
    assert.equal(record.type, "urn:vai:record:v1");
    assert.deepEqual([record.plane, record.event.at], [plane.outputs.plane, at]);
    assert.deepEqual(record.chain, { id: chainId, seq, prev: previous });
    const stored = [item.chainId, item.seq, item.recordHash, item.prev, item.eventType];
    assert.deepEqual(stored, [chainId, seq, hash, previous, record.event.type]);
    previous = hash;
    return { ...record, hash };
  });
}

/** What a seal says (in-toto Statement v1). */
interface Statement {
  readonly _type: string;
  readonly subject: readonly { readonly name: string; readonly digest: { sha256: string } }[];
  readonly predicateType: string;
  readonly predicate: {
    readonly plane: string;
    readonly chain: {
      readonly id: string;
      readonly first: number;
      readonly last: number;
      readonly prev: string;
    };
    readonly at: string;
  };
}

/** What a seal says, if the key signed exactly these bytes (DSSE v1.0.2). */
export function opened(seal: string, key: KeyObject): Statement | undefined {
  const { payloadType, payload, signatures } = JSON.parse(seal) as {
    payloadType: string;
    payload: string;
    signatures: readonly { sig: string }[];
  };
  const bytes = Buffer.from(payload, "base64");
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${bytes.length} `;
  const signed = Buffer.concat([Buffer.from(head), bytes]);
  const [first, ...others] = signatures;
  assert.deepEqual([payloadType, others], ["application/vnd.in-toto+json", []]);
  if (!verify("sha256", signed, key, Buffer.from(first?.sig ?? "", "base64"))) return undefined;
  const statement = JSON.parse(bytes.toString("utf8")) as Statement;
  assert.deepEqual(
    [statement._type, statement.predicateType],
    ["https://in-toto.io/Statement/v1", "urn:vai:seal:v1"],
  );
  return statement;
}

const sha256 = (bytes: string | Buffer): string =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

export const typesOf = (records: readonly Verified[]): string[] =>
  records.map(({ event }) => event.type);
