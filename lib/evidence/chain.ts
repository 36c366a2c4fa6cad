import { canonicalize } from "../encoding/canonical-json.ts";
import { type Digest, sha256Digest } from "../encoding/digest.ts";
import { preAuthEncoding } from "../encoding/dsse.ts";
import {
  type About,
  PAYLOAD_TYPE,
  PREDICATE_TYPE,
  type RecordDraft,
  type Source,
  STATEMENT_TYPE,
  type Statement,
} from "./statement.ts";

/** Where a chain ends: the last record's number, from 1, and its hash; `seq` 0 with the genesis when empty. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: Digest;
}

/** Chain of one intent: everything that was asked and done under it (wire.md §5). */
export const intentChain = (intentId: string): string => `intent/${intentId}`;
export const REGISTRY_CHAIN = "plane/registry";

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
  /** Subject of records that have no contract: the digest of the event's JCS bytes. */
  readonly eventDigest: Digest;
  readonly newId: () => string;
}

/** A record with its place in a chain, not yet signed. `hash` is the digest that KMS signs. */
export interface UnsignedRecord {
  readonly statement: Statement;
  readonly payload: Uint8Array;
  readonly hash: Digest;
}

/** Links drafts behind a head, in order. Pure: chaining needs no signature, so signing can run in parallel. */
export function chainRecords(
  drafts: readonly RecordDraft[],
  head: ChainHead,
  context: ChainContext,
): UnsignedRecord[] {
  let previous = head;
  return drafts.map((draft) => {
    const record = placeRecord(draft, previous, context);
    previous = { seq: previous.seq + 1, hash: record.hash };
    return record;
  });
}

/** The head after the last of `records`. */
export function headAfter(records: readonly UnsignedRecord[], before: ChainHead): ChainHead {
  const last = records.at(-1);
  return last === undefined ? before : { seq: last.statement.predicate.chain.seq, hash: last.hash };
}

function placeRecord(
  draft: RecordDraft,
  previous: ChainHead,
  context: ChainContext,
): UnsignedRecord {
  const { actor: _actor, request: _request, identity: _identity, ...others } = context.about;
  const shared = draft.accusesNobody === true ? others : context.about;
  const about = { ...shared, ...draft.about };
  const statement: Statement = {
    _type: STATEMENT_TYPE,
    subject: [subjectOf(about, context.eventDigest)],
    predicateType: PREDICATE_TYPE,
    predicate: {
      plane: context.plane,
      chain: { id: context.chainId, seq: previous.seq + 1, prev: previous.hash },
      event: { id: context.newId(), type: draft.type, at: context.at },
      source: context.source,
      ...about,
      decision: draft.verdict ?? { outcome: "ALLOW" },
      detail: draft.detail ?? {},
    },
  };
  const payload = Buffer.from(canonicalize(statement), "utf8");
  return { statement, payload, hash: sha256Digest(preAuthEncoding(PAYLOAD_TYPE, payload)) };
}

function subjectOf(about: About, eventDigest: Digest): Statement["subject"][0] {
  return about.contract === undefined
    ? { name: "request", digest: { sha256: eventDigest.slice(7) } }
    : {
        name: `contract/${about.contract.id}`,
        digest: { sha256: about.contract.digest.slice(7) },
      };
}
