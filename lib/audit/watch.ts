import { type Digest, sha256Digest } from "../encoding/digest.ts";
import { isSame } from "../encoding/same.ts";
import type { EventType } from "../evidence/events.ts";
import { inside, plain, textIn } from "./plain-text.ts";

/** Records that people have to hear of whoever wrote them: those alone of all that are appended are handed over. */
export const RAISING = [
  "RevocationFailed",
  "EscalationRaised",
  "ObligationMissed",
  "BreakGlassInvoked",
] as const satisfies EventType[];
export type Raising = (typeof RAISING)[number];

/** A record that people have to hear of; where it stands says all that the line needs. */
interface Raised {
  readonly chainId: string;
  readonly seq: string;
  readonly type: Raising;
}

/** Names and texts of a changed item are its changer's choice: as much of them as a log line needs. */
const LONGEST_NAME = 60;
const LONGEST_LIST = 20;

/** A record of the Evidence table that was changed or removed after it was written. Nobody may do either. */
interface Tampering {
  readonly chainId: string;
  /** As DynamoDB writes the number. */
  readonly seq: string;
  readonly change: "modified" | "removed";
  /** Attributes whose value is another one now; names only. */
  readonly attributes: readonly string[];
  /** Digests of the record's text, which are its `recordHash`; absent where there is none. */
  readonly before?: Digest;
  readonly after?: Digest;
  /** Of the seal's text, which only the last row of a transaction carries. */
  readonly sealBefore?: Digest;
  readonly sealAfter?: Digest;
}

/** What a batch of the table's stream shows. */
export interface Watched {
  readonly tampered: readonly Tampering[];
  readonly raised: readonly Raised[];
  /** Entries that are no stream records of this table: they cannot be judged, and that is told too. */
  readonly unreadable: number;
}

/**
 * Judges a batch of DynamoDB stream records with both images. Evidence is written once, so every `MODIFY` and every
 * `REMOVE` is tampering (VAI-12, ADV-20, ADV-21); an `INSERT` is none, and some are told by their type. Never throws: on a batch that throws, a stream
 * stands still, and with it the watch.
 * @param event whatever Lambda hands over.
 */
export function watchEvidence(event: unknown): Watched {
  const records = inside(event, "Records");
  if (!Array.isArray(records)) return { tampered: [], raised: [], unreadable: 1 };
  const isInsert = (record: unknown): boolean => inside(record, "eventName") === "INSERT";
  const raised = records.filter(isInsert).flatMap((record) => raisedBy(record) ?? []);
  const judged = records.filter((record) => !isInsert(record)).map(judge);
  const tampered = judged.filter((one) => one !== undefined);
  return { tampered, raised, unreadable: judged.length - tampered.length };
}

/** By the row's conveniences, like the filter that handed it over: whoever writes rows beside the plane raises an alarm. */
function raisedBy(record: unknown): Raised | undefined {
  const type = inside(record, "dynamodb", "NewImage", "eventType", "S");
  const known = RAISING.find((each) => each === type);
  if (known === undefined) return undefined;
  return {
    chainId: textIn(record, "dynamodb", "Keys", "chainId", "S"),
    seq: textIn(record, "dynamodb", "Keys", "seq", "N"),
    type: known,
  };
}

function judge(record: unknown): Tampering | undefined {
  const change = changeOf(inside(record, "eventName"));
  const chainId = inside(record, "dynamodb", "Keys", "chainId", "S");
  const seq = inside(record, "dynamodb", "Keys", "seq", "N");
  if (change === undefined || typeof chainId !== "string" || typeof seq !== "string") {
    return undefined;
  }
  const before = inside(record, "dynamodb", "OldImage");
  const after = inside(record, "dynamodb", "NewImage");
  return {
    chainId: plain(chainId),
    seq: plain(seq),
    change,
    attributes: differences(before, after),
    ...digestOf("before", before, "record"),
    ...digestOf("after", after, "record"),
    ...digestOf("sealBefore", before, "seal"),
    ...digestOf("sealAfter", after, "seal"),
  };
}

function changeOf(eventName: unknown): Tampering["change"] | undefined {
  if (eventName === "MODIFY") return "modified";
  return eventName === "REMOVE" ? "removed" : undefined;
}

/** The digest of a text of an image under its name in a log line; nothing when there is no such text. */
function digestOf(name: string, image: unknown, attribute: string): Record<string, Digest> {
  const text = inside(image, attribute, "S");
  return typeof text === "string" ? { [name]: sha256Digest(text) } : {};
}

/** Attributes that one image has and the other has not, or has otherwise; sorted, and not endless. */
function differences(before: unknown, after: unknown): string[] {
  const names = new Set([before, after].flatMap((image) => Object.keys(Object(image))));
  const changed = [...names]
    .filter((name) => !isSame(inside(before, name), inside(after, name)))
    .sort()
    .map((name) => plain(name, LONGEST_NAME));
  const more = changed.length - LONGEST_LIST;
  return more > 0 ? [...changed.slice(0, LONGEST_LIST), `and ${more} more`] : changed;
}
