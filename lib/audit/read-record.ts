import { isCanonicalText } from "../encoding/canonical-text.ts";
import { type Digest, sha256Digest } from "../encoding/digest.ts";
import type { EvidenceRecord } from "../evidence/record.ts";
import { recordProblem } from "../evidence/record-shape.ts";
import { parseJson } from "./parse-json.ts";
import { claimedPlace, type RecordPlace } from "./place.ts";
import { plain } from "./plain-text.ts";
import type { HashedText } from "./texts.ts";

/** A record that was read strictly; whether it was sealed, nobody has judged yet. */
export interface ReadRecord {
  readonly record: EvidenceRecord;
  /** SHA-256 of its text: `recordHash`, and `prev` of the record after it. */
  readonly hash: Digest;
  /** Whether a seal names it that stands elsewhere. */
  readonly isElsewhere?: true;
}

/** Why a text is no record, as a predicate whose subject is the record. */
export interface UnreadRecord {
  readonly problem: string;
  /** Of its text, when it has one. */
  readonly hash: Digest | undefined;
  /** Where it claims to stand, if that can be read. */
  readonly place: RecordPlace | undefined;
  readonly isElsewhere?: true;
}

/**
 * Reads one record as strictly as PROTOCOL.md §5 writes it: canonical JSON, the closed record. Any other spelling of the
 * same record is none: two spellings could be shown to two auditors as two records.
 */
export const readRecord = (text: unknown): ReadRecord | UnreadRecord =>
  readHashed(hashedText(text));

/** A text with its hash, when it is one. */
export const hashedText = (text: unknown): HashedText => ({
  text,
  hash: typeof text === "string" ? sha256Digest(text) : undefined,
});

/** The same of text that was hashed before. */
export function readHashed({ text, hash, isElsewhere }: HashedText): ReadRecord | UnreadRecord {
  const read = readText(text, hash);
  return isElsewhere === undefined ? read : { ...read, isElsewhere };
}

function readText(text: unknown, hash: Digest | undefined): ReadRecord | UnreadRecord {
  if (typeof text !== "string" || hash === undefined) {
    return {
      problem: "is not text in UTF-8, or is longer than any record",
      hash: undefined,
      place: undefined,
    };
  }
  const value = parseJson(text);
  if (value === undefined) return { problem: "is not JSON", hash, place: undefined };
  const problem = recordProblem(value);
  if (problem !== undefined) {
    return {
      problem: `is not a record: ${plain(problem.trimStart())}`,
      hash,
      place: claimedPlace(value),
    };
  }
  return isCanonicalText(text)
    ? { record: value as EvidenceRecord, hash }
    : { problem: "is not in RFC 8785 form", hash, place: claimedPlace(value) };
}

/** The place that a record claims. */
export function placeOf(read: ReadRecord | UnreadRecord): RecordPlace | undefined {
  if ("problem" in read) return read.place;
  const { id, seq } = read.record.chain;
  return { chainId: id, seq };
}
