import * as z from "zod";
import type { Digest } from "../encoding/digest.ts";
import { numericDate } from "../encoding/members.ts";
import type { StoredMarks } from "../evidence/ports.ts";
import { TRIGGER_NAMES } from "./triggers.ts";

/** What a contract that a mark ends is refused with. */
const CODES = ["CONTRACT_REVOKED", "DECISION_SUPERSEDED", "CONTRACT_CONSUMED"] as const;

const shared = {
  /** Seconds since the epoch: when it was committed. One that is no date would throw in whoever writes the record of it. */
  at: numericDate,
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
  /** The first of each contract or identity, by its name: a request is judged in constant time, however many there are. */
  readonly denials: ReadonlyMap<string, { readonly place: number; readonly code: Mark["code"] }>;
}

/** Reads what State holds. Never throws: whoever writes State can stop things, and gain nothing. */
export function readMarks(stored: StoredMarks): Marks {
  const { marks = [] } = stored;
  if (!Array.isArray(marks)) {
    return { stored, legible: [], isIllegible: true, denials: new Map() };
  }
  const read = marks.map((each) => schema.safeParse(each));
  const legible = read.flatMap((each) => (each.success ? [each.data] : []));
  const denials = new Map(
    legible.map((mark, place) => [nameOf(mark), { place, code: mark.code }] as const).reverse(),
  );
  return { stored, legible, isIllegible: legible.length < marks.length, denials };
}

const nameOf = (mark: Mark): string =>
  "contractDigest" in mark ? `contract ${mark.contractDigest}` : `identity ${mark.identityId}`;

/** Whom a mark may cover. */
interface Covered {
  readonly contractDigest: Digest;
  readonly identityId?: string;
}

/** The code of the first mark that denies it, a contract's all of its identities; or `illegible`; none does: `undefined`. */
export function denialOf(
  { isIllegible, denials }: Marks,
  { contractDigest, identityId }: Covered,
): Mark["code"] | "illegible" | undefined {
  if (isIllegible) return "illegible";
  const ofContract = denials.get(`contract ${contractDigest}`);
  const ofIdentity = identityId === undefined ? undefined : denials.get(`identity ${identityId}`);
  const isFirst = (ofContract?.place ?? Infinity) < (ofIdentity?.place ?? Infinity);
  return (isFirst ? ofContract : ofIdentity)?.code;
}

/** Whether anything is marked: then records are owed. */
export const isMarked = ({ marks = [] }: StoredMarks): boolean =>
  !Array.isArray(marks) || marks.length > 0;
