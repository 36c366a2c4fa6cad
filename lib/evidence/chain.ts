import { canonicalize } from "../encoding/canonical-json.ts";
import { type Digest, sha256Digest } from "../encoding/digest.ts";
import {
  type About,
  type EvidenceRecord,
  RECORD_TYPE,
  type RecordDraft,
  type Source,
} from "./record.ts";

/** Where a chain ends: the last record's number, from 1, and its hash; `seq` 0 with the genesis when empty. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: Digest;
}

const INTENT = "intent/";

/** Chain of one intent: everything that was asked and done under it (PROTOCOL.md §5). */
export const intentChain = (intentId: string): string => `${INTENT}${intentId}`;
export const isIntentChain = (chainId: string): boolean => chainId.startsWith(INTENT);
/** Of an intent's chain the id of its intent. */
export const intentIdOf = (chainId: string): string => chainId.slice(INTENT.length);
export const REGISTRY_CHAIN = "plane/registry";
/**
 * Records of an intent's chain from which on the rest is for what was granted: nothing more is handed on, and refusals,
 * retries and notes are counted instead of written (PROTOCOL.md §5).
 */
export const CHAIN_CEILING = 120;

/** One of sixteen chains of a day for what may not be attributed; `digest` picks one, so floods spread. */
export const unattributedChain = (day: string, digest: Digest): string =>
  `unattributed/${day}/${digest.charAt("sha256:".length)}`;

/** `prev` of a chain's first record: bound to plane and chain, so no chain can be passed off as another (OKG-24). */
export const genesisHead = (plane: string, chainId: string): ChainHead => ({
  seq: 0,
  hash: sha256Digest(`vai-evidence-genesis\0${plane}\0${chainId}`),
});

/** What the records of one transaction share. `at` in RFC 3339 with milliseconds. */
export interface ChainContext {
  readonly plane: string;
  readonly chainId: string;
  readonly source: Source;
  readonly at: string;
  readonly about: About;
  /** Of the event's JCS bytes, for records that name no contract. */
  readonly eventDigest: Digest;
  readonly newId: () => string;
}

/** A record with its place in a chain, not yet sealed. `text` is its JCS form, `hash` the SHA-256 of that. */
export interface PlacedRecord {
  readonly record: EvidenceRecord;
  readonly text: string;
  readonly hash: Digest;
}

/** Links drafts behind a head, in order. Pure: chaining needs no signature, and one signature seals them all. */
export function chainRecords(
  drafts: readonly RecordDraft[],
  head: ChainHead,
  context: ChainContext,
): PlacedRecord[] {
  let previous = head;
  return drafts.map((draft) => {
    const placed = placeRecord(draft, previous, context);
    previous = { seq: previous.seq + 1, hash: placed.hash };
    return placed;
  });
}

/** The head after the last of `records`. */
export function headAfter(
  records: readonly Pick<PlacedRecord, "record" | "hash">[],
  before: ChainHead,
): ChainHead {
  const last = records.at(-1);
  return last === undefined ? before : { seq: last.record.chain.seq, hash: last.hash };
}

function placeRecord(draft: RecordDraft, previous: ChainHead, context: ChainContext): PlacedRecord {
  const {
    actor: _actor,
    request: _request,
    identity: _identity,
    continuity: _continuity,
    ...others
  } = context.about;
  const shared = draft.accusesNobody === true ? others : context.about;
  const about = { ...shared, ...draft.about };
  const record: EvidenceRecord = {
    type: RECORD_TYPE,
    plane: context.plane,
    chain: { id: context.chainId, seq: previous.seq + 1, prev: previous.hash },
    event: { id: context.newId(), type: draft.type, at: context.at },
    source: context.source,
    ...(about.contract === undefined && { eventDigest: context.eventDigest }),
    ...about,
    decision: draft.verdict ?? { outcome: "ALLOW" },
    detail: { ...draft.detail },
  };
  const text = canonicalize(record);
  return { record, text, hash: sha256Digest(text) };
}
