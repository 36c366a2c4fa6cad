import * as z from "zod";
import type { Digest } from "../encoding/digest.ts";
import { numericDate } from "../encoding/members.ts";
import type { StoredMarks } from "../evidence/ports.ts";
import { TRIGGER_NAMES } from "./triggers.ts";

/** What a contract that a mark ends is refused with. */
const CODES = ["CONTRACT_REVOKED", "DECISION_SUPERSEDED", "CONTRACT_CONSUMED"] as const;
/** What a block that a mark ends is refused with, and all below it. */
const BLOCK_CODE = "CHAIN_BLOCK_REVOKED";

const shared = {
  /** Seconds since the epoch: when it was committed. One that is no date would throw in whoever writes the record of it. */
  at: numericDate,
  trigger: z.enum(TRIGGER_NAMES),
  /** The command or decision JWS; absent when the plane itself denies. */
  by: z.string().optional(),
};
const digest = z.custom<Digest>(
  (value) => typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value),
);
const schema = z.union([
  z.strictObject({ ...shared, code: z.enum(CODES), contractDigest: digest }),
  z.strictObject({ ...shared, code: z.literal(BLOCK_CODE), contractDigest: digest, block: digest }),
  z.strictObject({ ...shared, code: z.enum(CODES), identityId: z.string().min(1) }),
]);

/** A denial of one identity, contract or block, committed before its records (PROTOCOL.md §10). */
export type Mark = z.infer<typeof schema>;

/** The denials on an intent's head. */
export interface Marks {
  /** As State holds them: what an append is bound to, and what it leaves. */
  readonly stored: StoredMarks;
  readonly legible: readonly Mark[];
  /** Something stands there that cannot be read: it denies the whole intent, whoever wrote it. */
  readonly isIllegible: boolean;
  /** The first of each contract, block or identity, by its name: a request is judged in constant time, however many there are. */
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

function nameOf(mark: Mark): string {
  if ("identityId" in mark) return `identity ${mark.identityId}`;
  const { contractDigest } = mark;
  return "block" in mark ? blockName(contractDigest, mark.block) : `contract ${contractDigest}`;
}

const blockName = (contractDigest: Digest, block: Digest): string =>
  `block ${block} of ${contractDigest}`;

/** Whom a mark may cover. */
interface Covered {
  readonly contractDigest: Digest;
  readonly identityId?: string;
  /** Every block of its chain, and every root: a block is denied with all below it. */
  readonly blocks?: readonly Digest[];
}

/** The code of the first mark that denies it, a contract's all of its identities; or `illegible`; none does: `undefined`. */
export function denialOf(
  { isIllegible, denials }: Marks,
  { contractDigest, identityId, blocks = [] }: Covered,
): Mark["code"] | "illegible" | undefined {
  if (isIllegible) return "illegible";
  const names = [
    `contract ${contractDigest}`,
    ...blocks.map((block) => blockName(contractDigest, block)),
    ...(identityId === undefined ? [] : [`identity ${identityId}`]),
  ];
  const found = names.flatMap((name) => denials.get(name) ?? []);
  return found.toSorted((one, other) => one.place - other.place)[0]?.code;
}

/** Whether anything is marked: then records are owed. */
export const isMarked = ({ marks = [] }: StoredMarks): boolean =>
  !Array.isArray(marks) || marks.length > 0;
