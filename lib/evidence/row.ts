import type { Digest } from "../encoding/digest.ts";

/** A record as the Evidence table keeps it (PROTOCOL.md §5). `record` and `seal` are the evidence, the rest are conveniences. */
export interface EvidenceRow {
  readonly chainId: string;
  readonly seq: number;
  readonly recordHash: Digest;
  readonly prev: Digest;
  readonly eventId: string;
  readonly eventType: string;
  readonly at: string;
  readonly outcome: string;
  readonly code?: string;
  readonly intentId?: string;
  readonly contractId?: string;
  readonly identityId?: string;
  readonly actorId?: string;
  readonly negativeDay?: string;
  /** The JCS text. */
  readonly record: string;
  /** Number of the row that carries the seal: the last of the transaction. */
  readonly sealSeq: number;
  /** The JCS text of the envelope; in that row alone. */
  readonly seal?: string;
}
