import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { compactDecrypt } from "jose";
import * as z from "zod";
import type { PublicJwk } from "../encoding/jwk.ts";
import { readBy } from "../encoding/schema.ts";

/** A key pair for one request with delivery `credentials`. The private half has no text form: it stays in memory. */
export interface DeliveryKey {
  /** Goes into the request as `deliverTo`. */
  readonly deliverTo: PublicJwk;
  /** Opens the answer; prints as nothing but its type. */
  readonly privateKey: KeyObject;
}

/** A new P-256 key pair. One for each request: whoever holds it can open what was delivered to it. */
export function deliveryKey(): DeliveryKey {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  return { deliverTo: { kty: "EC", crv: "P-256", x, y }, privateKey };
}

const text = z.string().min(1);
const schema = z.strictObject({
  accessKeyId: text,
  secretAccessKey: text,
  sessionToken: text,
  expiration: z.iso.datetime(),
});

/** An STS session under a contract, in the form that clients of the AWS SDK for JavaScript take. */
export interface IssuedCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** When STS ends it; `guarantee.effectiveUntil` of the answer says when the contract does. */
  readonly expiration: Date;
}

/**
 * Opens the `credentials` of an answer (PROTOCOL.md §4). Only the two algorithms that the plane uses are accepted, whatever
 * the message's own header says.
 * @throws {TypeError} when the text cannot be opened with this key, or holds something else; the message holds no value.
 */
export async function openCredentials(
  credentials: string,
  privateKey: KeyObject,
): Promise<IssuedCredentials> {
  const opened = await compactDecrypt(credentials, privateKey, {
    keyManagementAlgorithms: ["ECDH-ES"],
    contentEncryptionAlgorithms: ["A256GCM"],
  }).catch(() => undefined);
  if (opened === undefined) {
    throw new TypeError("the credentials were not encrypted to this key, or not as agreed");
  }
  const read = readBy(schema, jsonOf(opened.plaintext));
  if (!read.ok)
    throw new TypeError(`the credentials are not whole: ${read.pointer} ${read.detail}`);
  return { ...read.value, expiration: new Date(read.value.expiration) };
}

function jsonOf(plaintext: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(plaintext).toString("utf8"));
  } catch {
    return undefined;
  }
}
