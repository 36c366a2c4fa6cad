import assert from "node:assert/strict";
import type { EvidenceReader, ExportedRow } from "../../../lib/audit/export.ts";
import { newPrivateJwk, signingKey } from "../../../lib/client/keys.ts";
import { type Digest, digestBytes, sha256Digest } from "../../../lib/encoding/digest.ts";
import { preAuthEncoding } from "../../../lib/encoding/dsse.ts";
import { rawToDer } from "../../../lib/encoding/ecdsa.ts";
import { readJws, type SigningKey, signJws } from "../../../lib/encoding/jws.ts";
import { chainRecords, genesisHead, type PlacedRecord } from "../../../lib/evidence/chain.ts";
import type { About, RecordDraft } from "../../../lib/evidence/record.ts";
import type { EvidenceRow } from "../../../lib/evidence/row.ts";
import { PAYLOAD_TYPE, sealRecords, sealText } from "../../../lib/evidence/seal.ts";
import { type TrustPolicy, trustPolicyGenesis } from "../../../lib/trust/policy.ts";

export const PLANE = "vai:000000000000:us-east-1:local";
/** Seconds: 2026-05-05T04:00:00Z. */
export const NOW = 1777953600;

export const newKey = (): SigningKey => signingKey(newPrivateJwk());

/** As KMS writes it. */
export const derSignature = (key: SigningKey, signed: Uint8Array): Uint8Array =>
  rawToDer(key.sign(signed)) ?? assert.fail("an evidence key is a P-256 key");

let ids = 0;
export const newId = (): string => `00000000-0000-4000-8000-${String(++ids).padStart(12, "0")}`;

/** A record of any event with any detail: a verifier takes what later versions write, too. */
export type Draft = Omit<RecordDraft, "detail"> & { readonly detail?: object };

/** The rows that the plane would write for drafts in one transaction, behind the records that are there. */
export function writeRows(
  key: SigningKey,
  chainId: string,
  drafts: readonly Draft[],
  options: { plane?: string; about?: About; after?: readonly EvidenceRow[]; at?: string } = {},
): Promise<EvidenceRow[]> {
  const { plane = PLANE, about = {}, after = [], at = "2026-05-05T04:00:00.000Z" } = options;
  const last = after.at(-1);
  const head =
    last === undefined ? genesisHead(plane, chainId) : { seq: last.seq, hash: last.recordHash };
  const records = chainRecords(
    drafts.map((draft) => ({ detail: {}, ...draft }) as RecordDraft),
    head,
    {
      plane,
      chainId,
      source: {
        component: "issue",
        version: "0.1.0",
        account: "000000000000",
        region: "us-east-1",
        requestId: "r-1",
      },
      at,
      about,
      eventDigest: `sha256:${"e".repeat(64)}`,
      newId,
    },
  );
  return sealedBy(key, records);
}

/**
 * The rows with a good signature. Node cannot sign a digest, so the seal is laid out with an empty one, and its
 * encoding signed then; that the digest was that encoding's is checked.
 */
async function sealedBy(key: SigningKey, records: readonly PlacedRecord[]): Promise<EvidenceRow[]> {
  let asked: Uint8Array | undefined;
  const rows = await sealRecords(records, {
    keyid: async () => key.thumbprint,
    sign: async (digest) => {
      asked = digest;
      return new Uint8Array();
    },
  });
  const last = rows.at(-1);
  assert.ok(last?.seal);
  const payload = Buffer.from(JSON.parse(last.seal).payload, "base64");
  const encoded = preAuthEncoding(PAYLOAD_TYPE, payload);
  assert.deepEqual(asked, digestBytes(sha256Digest(encoded)));
  const seal = sealText(payload, key.thumbprint, derSignature(key, encoded));
  return rows.with(-1, { ...last, seal });
}

const GOVERNANCE = {
  maxSeconds: 900,
  contextSeconds: 900,
  approvals: 0,
  attestations: 0,
  classes: 0,
  veto: [],
  credentials: true,
};

/** A signed trust policy; version 1 unless a `before` is given. */
export function signPolicy(
  anchor: SigningKey,
  planeKeys: TrustPolicy["planeKeys"],
  before?: { readonly version: number; readonly digest: Digest },
  plane = PLANE,
): { jws: string; version: number; digest: Digest } {
  const version = (before?.version ?? 0) + 1;
  const policy: TrustPolicy = {
    version,
    prev: before?.digest ?? trustPolicyGenesis(plane),
    plane,
    iat: NOW - 1000,
    exp: NOW + 100_000,
    planeKeys,
    issuers: [],
    deciders: [],
    evaluators: [],
    approvers: [],
    operators: [],
    auditors: [],
    planes: [],
    policies: [],
    actions: [],
    governance: { LOW: GOVERNANCE, MEDIUM: GOVERNANCE, HIGH: GOVERNANCE, CRITICAL: GOVERNANCE },
    breakGlass: [],
  };
  const jws = signJws("vai-trust-policy+jwt", policy, anchor);
  const read = readJws(jws, "vai-trust-policy+jwt");
  if (!read.ok) throw new TypeError(read.detail);
  return { jws, version, digest: read.value.digest };
}

export const evidenceKey = (
  key: SigningKey,
  more: object = {},
): TrustPolicy["planeKeys"][number] => ({
  use: "evidence",
  key: key.jwk,
  notBefore: NOW - 1000,
  ...more,
});

export const publication = ({ jws, version, digest }: ReturnType<typeof signPolicy>): Draft => ({
  type: "TrustPolicyPublished",
  about: { trustPolicy: { version, digest } },
  detail: {
    version,
    trustPolicyDigest: digest,
    restrictionsDigest: `sha256:${"0".repeat(64)}`,
    trustPolicy: jws,
    signedBy: "anchor",
  },
});

/** A table in memory, read as an auditor reads it. */
export const readerOf = (rows: readonly EvidenceRow[]): EvidenceReader => ({
  chainIds: async () => [...new Set(rows.map(({ chainId }) => chainId))].reverse(),
  async *chain(chainId): AsyncIterable<ExportedRow> {
    yield* rows
      .filter((row) => row.chainId === chainId)
      .sort((left, right) => left.seq - right.seq);
  },
});
