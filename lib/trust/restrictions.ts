import * as z from "zod";
import { canonicalize } from "../encoding/canonical-json.ts";
import { type Digest, sha256Digest } from "../encoding/digest.ts";
import { digest, label, numericDate, thumbprint } from "../encoding/members.ts";

/** Who stopped it, by which command: `at` is the command's `iat`. */
const ordered = { at: numericDate, by: label, command: digest };

const halt = z.union([
  z.strictObject({ scope: z.literal("actor"), actor: label, ...ordered }),
  z.strictObject({ scope: z.literal("plane"), ...ordered }),
]);
const quarantine = z.strictObject({
  /** An execution role. */
  path: label,
  at: numericDate,
  cause: z.enum(["REVOCATION_FAILED"]),
});

/** How many uses under an emergency policy have been reviewed; absent: none. */
const review = z.strictObject({ policy: label, closed: z.int().min(1).max(999_999_999) });

/**
 * What the plane refuses whatever its trust policy allows (PROTOCOL.md §6). Restrictions that this version does not
 * understand must stop everything, not nothing.
 */
const schema = z.strictObject({
  halts: z.array(halt),
  revokedKeys: z.array(thumbprint),
  quarantines: z.array(quarantine),
  reviews: z
    .array(review)
    .refine((all) => new Set(all.map(({ policy }) => policy)).size === all.length, {
      message: "counts a policy twice",
    }),
});
export type Restrictions = z.infer<typeof schema>;
export type Halt = Restrictions["halts"][number];

export const NO_RESTRICTIONS: Restrictions = {
  halts: [],
  revokedKeys: [],
  quarantines: [],
  reviews: [],
};

/** Bytes of the document at most. */
export const MAX_RESTRICTIONS = 128 * 1024;

/** The number of the next use under an emergency policy: so many before it are reviewed. */
export const closedUnder = ({ reviews }: Restrictions, policy: string): number =>
  reviews.find((each) => each.policy === policy)?.closed ?? 0;

/** The restrictions once another use of a policy is reviewed. */
export const withReview = (before: Restrictions, policy: string): Restrictions => ({
  ...before,
  reviews: [
    ...before.reviews.filter((each) => each.policy !== policy),
    { policy, closed: closedUnder(before, policy) + 1 },
  ],
});

/** Lists sorted by the JCS text of their entries, each once, so that one state has one text. */
export function restrictionsText(restrictions: Restrictions): string {
  const sorted = Object.entries(restrictions).map(([list, entries]) => [list, inOrder(entries)]);
  return canonicalize(Object.fromEntries(sorted));
}

function inOrder(entries: readonly unknown[]): unknown[] {
  const byText = new Map(entries.map((entry) => [canonicalize(entry), entry]));
  return [...byText.keys()].sort().map((text) => byText.get(text));
}

/** The same for whoever judges a request: constant time, however many there are. */
export interface Limits {
  readonly isPlaneHalted: boolean;
  readonly actors: ReadonlySet<string>;
  /** Thumbprints of executors' keys, and of keys of the trust policy. */
  readonly keys: ReadonlySet<string>;
  /** Execution roles. */
  readonly paths: ReadonlySet<string>;
}

const limitsOf = ({ halts, revokedKeys, quarantines }: Restrictions): Limits => ({
  isPlaneHalted: halts.some(({ scope }) => scope === "plane"),
  actors: new Set(halts.flatMap((each) => (each.scope === "actor" ? [each.actor] : []))),
  keys: new Set(revokedKeys),
  paths: new Set(quarantines.map(({ path }) => path)),
});

/** A stored restrictions document. */
export interface ReadRestrictions {
  readonly restrictions: Restrictions;
  readonly limits: Limits;
  readonly digest: Digest;
}

/** Reads a stored document; `undefined` when this version cannot judge by it. */
export function readRestrictions(text: string): ReadRestrictions | undefined {
  if (text.length > MAX_RESTRICTIONS) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const read = schema.safeParse(value);
  if (!read.success || restrictionsText(read.data) !== text) return undefined;
  const { data: restrictions } = read;
  return { restrictions, limits: limitsOf(restrictions), digest: sha256Digest(text) };
}
