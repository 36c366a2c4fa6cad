import { pointer } from "../refusal.ts";
import { type Constraint, narrows, type Scalar, satisfies } from "./constraint.ts";

/**
 * Whether a child is no wider than its parent, and if not, where (an RFC 6901 pointer into the child; what it lacks is
 * named where it would stand) and how: `CONSTRAINT_REMOVED` for a parameter, a total, a bound of a `range` or a clause
 * of the parent's of which the child has nothing, `ATTENUATION_VIOLATION` for whatever else does not narrow (POC-15).
 */
export type Narrowing = { readonly narrows: true } | NotNarrow;

interface NotNarrow {
  readonly narrows: false;
  readonly code: "CONSTRAINT_REMOVED" | "ATTENUATION_VIOLATION";
  readonly pointer: string;
}

export const NARROWS = { narrows: true } as const;

export const removed = (at: string): NotNarrow => ({
  ...{ narrows: false, code: "CONSTRAINT_REMOVED" },
  pointer: at,
});

export const loosened = (at: string): NotNarrow => ({
  ...{ narrows: false, code: "ATTENUATION_VIOLATION" },
  pointer: at,
});

/** The same, of a child that stands at a place. */
export const within = (at: string, found: Narrowing): Narrowing =>
  found.narrows ? found : { ...found, pointer: at + found.pointer };

/** The first that does not narrow, of what is judged one after the other. */
export function firstOf<Judged extends readonly unknown[]>(
  judges: readonly ((...of: Judged) => Narrowing)[],
  ...of: Judged
): Narrowing {
  for (const judge of judges) {
    const found = judge(...of);
    if (!found.narrows) return found;
  }
  return NARROWS;
}

/**
 * {@link narrows} with a reason. Under `all` it is that of the first clause, nested ones in their place, which the child
 * does not narrow.
 */
export function constraintNarrows(child: Constraint, parent: Constraint): Narrowing {
  if (narrows(child, parent)) return NARROWS;
  if ("all" in parent) {
    const wider = parent.all.find((clause) => !narrows(child, clause));
    return wider === undefined ? NARROWS : constraintNarrows(child, wider);
  }
  return "all" in child ? conjunctionReason(child, parent) : reason(child, parent);
}

type Leaf = Exclude<Constraint, { readonly all: readonly Constraint[] }>;

const kindOf = (constraint: Constraint): string => Object.keys(constraint)[0] ?? "";

/** Of a list of values or one value nothing is missing, whatever the parent bounds; of the same kind neither. */
function conjunctionReason(child: Constraint, parent: Leaf): NotNarrow {
  const kinds = new Set(kindsWithin(child));
  const speaks = [kindOf(parent), "exact", "oneOf"].some((kind) => kinds.has(kind));
  return speaks ? loosened("") : removed("");
}

const kindsWithin = (constraint: Constraint): string[] =>
  "all" in constraint ? constraint.all.flatMap(kindsWithin) : [kindOf(constraint)];

function reason(child: Leaf, parent: Leaf): NotNarrow {
  if ("exact" in child) return loosened("/exact");
  if ("oneOf" in child) return loosened(`/oneOf${placeOfWider(child.oneOf, parent)}`);
  const kind = kindOf(child);
  if (kind !== kindOf(parent)) return removed("");
  if (!("range" in child && "range" in parent)) return loosened(`/${kind}`);
  const [inner, outer] = [child.range, parent.range];
  const missing = BOUNDS.find((bound) => outer[bound] !== undefined && inner[bound] === undefined);
  if (missing !== undefined) return removed(`/range/${missing}`);
  const isMinLower = outer.min !== undefined && (inner.min ?? outer.min) < outer.min;
  return loosened(isMinLower ? "/range/min" : "/range/max");
}

const BOUNDS = ["min", "max"] as const;

/** The value that the parent does not accept; of a kind that no list narrows, the list. */
function placeOfWider(values: readonly Scalar[], parent: Leaf): string {
  const index = values.findIndex((value) => !satisfies(parent, value));
  return index < 0 ? "" : pointer("", [index]);
}
