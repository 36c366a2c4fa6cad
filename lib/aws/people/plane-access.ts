import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { KMSClient } from "@aws-sdk/client-kms";
import type { PublicJwk } from "../../encoding/jwk.ts";
import type { DigestSigner } from "../../encoding/jws.ts";
import type { Heads, RegistryDocuments } from "../../enforcement/read/registry-port.ts";
import type { StoredChain, StoredMarks } from "../../evidence/ports.ts";
import { isMarked } from "../../lifecycle/mark.ts";
import type { BreakGlassStore } from "../../lifecycle/ports.ts";
import { S3BreakGlassStore } from "../ports/break-glass/store.ts";
import { type ClientPlace, dependencyOptions } from "../ports/clients.ts";
import { DynamoEvidenceReader } from "../ports/evidence-reader.ts";
import { DynamoEvidenceStore, headOf } from "../ports/evidence-store.ts";
import { type Item, readItems } from "../ports/items.ts";
import { KmsSigner, kmsPublicKey } from "../ports/kms-signer.ts";
import { DynamoOpenStore, type StoredView } from "../ports/open-view.ts";
import { DynamoRegistryStore } from "../ports/registry-store.ts";
import { headKey, type Tables } from "../ports/transaction.ts";

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

/** The bucket of emergencies, as sweep reads it. Its reads throw {Fault} `DEPENDENCY_UNAVAILABLE`. */
export const emergenciesOf = (place: ClientPlace, bucket: string): BreakGlassStore =>
  new S3BreakGlassStore(
    ({ S3Client }) =>
      new S3Client({
        ...dependencyOptions(place),
        forcePathStyle: place.endpoint !== undefined,
        followRegionRedirects: false,
      }),
    bucket,
  );

/** Every intent with something open, by the index of State: sixteen queries, no scan. @throws {Fault} `DEPENDENCY_UNAVAILABLE`. */
export const readOpenViews = (
  place: ClientPlace,
  { state }: Tables,
  tell: (view: StoredView) => void,
): Promise<void> =>
  new DynamoOpenStore(new DynamoDBClient(dependencyOptions(place)), state).views(tell);

/**
 * What is marked on the heads of these chains: denials whose records are owed. `told` hears how many were looked at.
 * @throws {Fault} `DEPENDENCY_UNAVAILABLE`.
 */
export async function readMarks(
  place: ClientPlace,
  { state }: Tables,
  chainIds: readonly string[],
  told: (looked: number) => void = () => {},
): Promise<ReadonlyMap<string, StoredMarks>> {
  const dynamo = new DynamoDBClient(dependencyOptions(place));
  const found = new Map<string, StoredMarks>();
  for (let begin = 0; begin < chainIds.length; begin += BATCH) {
    const some = chainIds.slice(begin, begin + BATCH);
    const heads = await readItems(
      dynamo,
      some.map((chainId) => ({ table: state, key: headKey(chainId) })),
    );
    for (const [index, chainId] of some.entries()) {
      const { marks } = headOf(heads[index]);
      if (isMarked(marks)) found.set(chainId, marks);
    }
    told(begin + some.length);
  }
  return found;
}

/** Keys of one `BatchGetItem` at most (its page in the API reference). */
const BATCH = 100;

/** The newest refusals of one day, `yyyy-mm-dd`, by index. @throws {Fault} `EVIDENCE_STORE_UNAVAILABLE`. */
export const readRefusals = (
  place: ClientPlace,
  { evidence }: Tables,
  day: string,
  limit: number,
): Promise<readonly Item[]> =>
  new DynamoEvidenceReader(new DynamoDBClient(dependencyOptions(place)), evidence).refusals(
    day,
    limit,
  );

/** The public half of a KMS key. @throws {Fault} `EVIDENCE_SIGNER_UNAVAILABLE`. */
export async function kmsPublicJwk(place: ClientPlace, keyId: string): Promise<PublicJwk> {
  return (await kmsPublicKey(new KMSClient(dependencyOptions(place)), keyId)).jwk;
}

/** Signs with a KMS key of the caller's own, which stays there. */
export const kmsSigner = (place: ClientPlace, keyId: string): DigestSigner =>
  new KmsSigner(new KMSClient(dependencyOptions(place)), keyId);
