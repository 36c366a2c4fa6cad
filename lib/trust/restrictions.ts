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

/**
 * What the plane refuses whatever its trust policy allows (PROTOCOL.md §6). Restrictions that this version does not
 * understand must stop everything, not nothing; reviews come with break-glass.
 */
const schema = z.strictObject({
  halts: z.array(halt),
  revokedKeys: z.array(thumbprint),
  quarantines: z.array(quarantine),
  reviews: z.array(z.never()),
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
