import * as z from "zod";
import type { Digest } from "../encoding/digest.ts";
import type { StoredMarks } from "../evidence/ports.ts";
import { TRIGGER_NAMES } from "./triggers.ts";

/** What a contract that a mark ends is refused with. */
const CODES = ["CONTRACT_REVOKED", "DECISION_SUPERSEDED", "CONTRACT_CONSUMED"] as const;

const shared = {
  /** Seconds since the epoch: when it was committed. */
  at: z.int(),
  code: z.enum(CODES),
  trigger: z.enum(TRIGGER_NAMES),
  /** The command or decision JWS; absent when the plane itself denies. */
  by: z.string().optional(),
};
const digest = z.custom<Digest>(
  (value) => typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value),
);
const schema = z.union([
  z.strictObject({ ...shared, contractDigest: digest }),
  z.strictObject({ ...shared, identityId: z.string().min(1) }),
]);

/** A denial of one identity or contract, committed before its records (PROTOCOL.md §10). */
export type Mark = z.infer<typeof schema>;

/** The denials on an intent's head. */
export interface Marks {
  /** As State holds them: what an append is bound to, and what it leaves. */
  readonly stored: StoredMarks;
  readonly legible: readonly Mark[];
  /** Something stands there that cannot be read: it denies the whole intent, whoever wrote it. */
  readonly isIllegible: boolean;
}

/** Reads what State holds. Never throws: whoever writes State can stop things, and gain nothing. */
export function readMarks(stored: StoredMarks): Marks {
  const { marks = [] } = stored;
  if (!Array.isArray(marks)) return { stored, legible: [], isIllegible: true };
  const read = marks.map((each) => schema.safeParse(each));
  const legible = read.flatMap((each) => (each.success ? [each.data] : []));
  return { stored, legible, isIllegible: legible.length < marks.length };
}

/** Whom a mark may cover. */
interface Covered {
  readonly contractDigest: Digest;
  readonly identityId?: string;
}

/** Whether a mark denies a contract, or an identity of it: a contract's covers all of its identities. */
export const covers = (mark: Mark, { contractDigest, identityId }: Covered): boolean =>
  "contractDigest" in mark
    ? mark.contractDigest === contractDigest
    : mark.identityId === identityId;

/** The code of the first mark that denies it, or `illegible`; none does: `undefined`. */
export function denialOf(marks: Marks, covered: Covered): Mark["code"] | "illegible" | undefined {
  if (marks.isIllegible) return "illegible";
  return marks.legible.find((mark) => covers(mark, covered))?.code;
}

/** Whether anything is marked: then records are owed. */
export const isMarked = ({ marks = [] }: StoredMarks): boolean =>
  !Array.isArray(marks) || marks.length > 0;
