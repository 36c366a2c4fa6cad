import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { KMSClient } from "@aws-sdk/client-kms";
import type { PublicJwk } from "../../encoding/jwk.ts";
import type { DigestSigner } from "../../encoding/jws.ts";
import type { Heads, RegistryDocuments } from "../../enforcement/read/registry-port.ts";
import type { StoredChain } from "../../evidence/ports.ts";
import { type ClientPlace, dependencyOptions } from "../ports/clients.ts";
import { DynamoEvidenceStore } from "../ports/evidence-store.ts";
import { KmsSigner, kmsPublicKey } from "../ports/kms-signer.ts";
import { DynamoRegistryStore } from "../ports/registry-store.ts";
import type { Tables } from "../ports/transaction.ts";

/** What people read of a plane with their own credentials, outside its functions. */

/** Every record of one chain. @throws {Fault} `EVIDENCE_STORE_UNAVAILABLE`. */
export async function readRecords(
  place: ClientPlace,
  tables: Tables,
  chainId: string,
): Promise<StoredChain["rows"]> {
  const client = new DynamoDBClient(dependencyOptions(place));
  return new DynamoEvidenceStore(client, tables).readRows(chainId);
}

/** The Registry and the ends of its chain, as enforcement reads them. @throws {Fault} `DEPENDENCY_UNAVAILABLE`. */
export async function readRegistry(
  place: ClientPlace,
  tables: Tables,
): Promise<{ readonly heads: Heads; readonly documents: RegistryDocuments }> {
  const store = new DynamoRegistryStore(new DynamoDBClient(dependencyOptions(place)), tables);
  const heads = await store.readHeads({ known: 0 });
  return { heads, documents: await store.readDocuments(heads.registry) };
}

/** The public half of a KMS key. @throws {Fault} `EVIDENCE_SIGNER_UNAVAILABLE`. */
export async function kmsPublicJwk(place: ClientPlace, keyId: string): Promise<PublicJwk> {
  return (await kmsPublicKey(new KMSClient(dependencyOptions(place)), keyId)).jwk;
}

/** Signs with a KMS key of the caller's own, which stays there. */
export const kmsSigner = (place: ClientPlace, keyId: string): DigestSigner =>
  new KmsSigner(new KMSClient(dependencyOptions(place)), keyId);
