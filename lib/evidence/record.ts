import type { Digest } from "../encoding/digest.ts";
import type { FailureDomain, RefusalCode, StageName } from "../refusal.ts";
import type { Details, Opens } from "./details.ts";
import type { EventType } from "./events.ts";

export const RECORD_TYPE = "urn:vai:record:v1";

/** One check of a request by name; later ones than the first failing are `notRun` (VAI-04). */
export interface Check {
  readonly name: string;
  readonly result: "pass" | "fail" | "notRun";
}

export interface RecordVerdict {
  readonly outcome: "ALLOW" | "DENY" | "ERROR";
  readonly code?: RefusalCode;
  readonly stage?: StageName;
  readonly failureDomain?: FailureDomain;
  readonly checks?: readonly Check[];
}

/**
 * What a record may say about a request. Members appear only once they are verified, so that an unverified
 * event accuses nobody (PROTOCOL.md §5).
 */
export interface About {
  readonly trustPolicy?: { readonly version: number; readonly digest: Digest };
  readonly intentId?: string;
  readonly contract?: { readonly id: string; readonly digest: Digest };
  readonly identity?: { readonly id: string };
  /** The chain that it was asked or issued under: the digests of its blocks, root first. */
  readonly continuity?: { readonly depth: number; readonly blocks: readonly Digest[] };
  readonly actor?: { readonly id?: string; readonly kind?: string; readonly jkt?: string };
  readonly request?: { readonly jti: string; readonly digest: Digest };
}

/** Which code wrote a record, where. */
export interface Source {
  readonly component: string;
  readonly version: string;
  readonly account: string;
  readonly region: string;
  readonly requestId: string;
}

/** What an event says, as a reader finds it; what this version writes there is {@link Details}. */
export type Detail = Readonly<Record<string, unknown>>;

/** A record of one event before it has a place in a chain. `about` adds to what the whole transaction is about. */
interface DraftOf<Type extends EventType> {
  readonly type: Type;
  readonly verdict?: RecordVerdict;
  readonly about?: About;
  readonly detail: Details[Type] & { readonly opens?: Opens };
  /** Says nothing of who asked: for what no signature of theirs stands behind. */
  readonly accusesNobody?: true;
}

export type RecordDraft = { [Type in EventType]: DraftOf<Type> }[EventType];

/** One record (PROTOCOL.md §5): plain JSON. Its JCS bytes are what is stored, and their SHA-256 is its `recordHash`. */
export interface EvidenceRecord extends About {
  readonly type: typeof RECORD_TYPE;
  readonly plane: string;
  readonly chain: { readonly id: string; readonly seq: number; readonly prev: Digest };
  readonly event: { readonly id: string; readonly type: EventType; readonly at: string };
  readonly source: Source;
  /** Of the event's JCS bytes; only where no contract is named. */
  readonly eventDigest?: Digest;
  readonly decision: RecordVerdict;
  readonly detail: Detail;
}

/** A record of one event, with what this version writes in it. */
export type RecordOf<Type extends EventType> = EvidenceRecord & {
  readonly detail: Details[Type];
};
