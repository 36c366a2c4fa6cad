import assert from "node:assert/strict";
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { type AttributeValue, QueryCommand } from "@aws-sdk/client-dynamodb";
import { GetPublicKeyCommand } from "@aws-sdk/client-kms";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { LocalPlane } from "./local-plane.ts";

// What a stranger does with the page on formats alone: nothing here is of lib/.

/** One item of the Evidence table. */
export interface Item {
  readonly chainId: string;
  readonly seq: number;
  readonly envelope: string;
  readonly recordHash: string;
  readonly prev: string;
  readonly eventType: string;
  readonly code?: string;
}

interface Predicate {
  readonly plane: string;
  readonly chain: { readonly id: string; readonly seq: number; readonly prev: string };
  readonly event: { readonly id: string; readonly type: string; readonly at: string };
  readonly identity?: { readonly id: string };
  readonly actor?: { readonly id?: string; readonly kind?: string; readonly jkt?: string };
  readonly contract?: { readonly id: string; readonly digest: string };
  readonly decision: { readonly outcome: string; readonly code?: string; readonly stage?: string };
  readonly detail: Readonly<Record<string, unknown>>;
}

/** A record whose signature and place were verified. */
export interface Verified extends Predicate {
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

/** Reads a chain and verifies each signature, hash and link. Fails at the first that does not hold. */
export async function verifiedChain(plane: LocalPlane, chainId: string): Promise<Verified[]> {
  const [items, key] = [await readChain(plane, chainId), await evidenceKey(plane)];
  let previous = sha256(`vai-evidence-genesis\0${plane.outputs.plane}\0${chainId}`);
  return items.map((item, index) => {
    const record = opened(item.envelope, key);
    assert.ok(record, `${chainId} ${item.seq}: the signature does not hold`);
    const { hash, plane: of, chain } = record;
    const seq = index + 1;
    assert.equal(of, plane.outputs.plane);
    assert.deepEqual(chain, { id: chainId, seq, prev: previous });
    const stored = [item.chainId, item.seq, item.recordHash, item.prev, item.eventType];
    assert.deepEqual(stored, [chainId, seq, hash, previous, record.event.type]);
    previous = hash;
    return record;
  });
}

/** The record in an envelope, if the key signed exactly these bytes (DSSE v1.0.2). */
export function opened(envelope: string, key: KeyObject): Verified | undefined {
  const { payloadType, payload, signatures } = JSON.parse(envelope) as {
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
  const { predicate } = JSON.parse(bytes.toString("utf8")) as { predicate: Predicate };
  return { ...predicate, hash: sha256(signed) };
}

const sha256 = (bytes: string | Buffer): string =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

export const typesOf = (records: readonly Verified[]): string[] =>
  records.map(({ event }) => event.type);
