import { inside } from "./plain-text.ts";

/** Where a record stands. */
export interface RecordPlace {
  readonly chainId: string;
  /** From 1. */
  readonly seq: number;
}

/** No chain id is longer: a longer one places nothing, and would fill the memory of whoever keeps it. */
const LONGEST_ID = 128;

/** The place that a parsed record claims for itself, whatever else it says; nothing is believed by it. */
export function claimedPlace(value: unknown): RecordPlace | undefined {
  const [id, seq] = [inside(value, "chain", "id"), inside(value, "chain", "seq")];
  return typeof id === "string" && id.length <= LONGEST_ID && Number.isSafeInteger(seq)
    ? { chainId: id, seq: seq as number }
    : undefined;
}
