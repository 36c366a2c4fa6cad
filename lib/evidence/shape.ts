/** What is wrong with a value, as a predicate without its subject; `undefined` when nothing is. */
export type Judge = (value: unknown) => string | undefined;

interface Members {
  readonly required: Readonly<Record<string, Judge>>;
  readonly optional?: Readonly<Record<string, Judge>>;
}

export const object: Judge = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? undefined
    : " is not an object";

/**
 * A closed object: each required member, some optional ones, nothing else. Written by hand because a verifier spends
 * its time on signatures, not on schemas.
 */
export function closed({ required, optional = {} }: Members): Judge {
  const judges = new Map(Object.entries({ ...required, ...optional }));
  const names = Object.keys(required);
  return (value) => {
    const other = object(value);
    if (other !== undefined) return other;
    for (const name in value as object) {
      const judge = judges.get(name);
      if (judge === undefined) return `/${name} is not a member of this object`;
      const problem = judge((value as Record<string, unknown>)[name]);
      if (problem !== undefined) return `/${name}${problem}`;
    }
    for (const name of names) {
      if (!Object.hasOwn(value as object, name)) return `/${name} is missing`;
    }
    return undefined;
  };
}

/** Text of a form. Records behind each other repeat most of their texts, so the last good one is remembered. */
export function text(pattern: RegExp, what: string): Judge {
  return remembering((value) => (pattern.test(value) ? undefined : ` ${what}`), ` ${what}`);
}

/** A judge of texts that does not judge again what it found good just before. */
export function remembering(
  judge: (value: string) => string | undefined,
  otherwise: string,
): Judge {
  let good: unknown;
  return (value) => {
    if (value === good && good !== undefined) return undefined;
    if (typeof value !== "string") return otherwise;
    const problem = judge(value);
    if (problem === undefined) good = value;
    return problem;
  };
}

export const whole =
  (least: number): Judge =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= least
      ? undefined
      : ` is not an integer from ${least}`;

export const listOf =
  (judge: Judge): Judge =>
  (value) => {
    if (!Array.isArray(value)) return " is not an array";
    for (const [index, each] of value.entries()) {
      const problem = judge(each);
      if (problem !== undefined) return `/${index}${problem}`;
    }
    return undefined;
  };
