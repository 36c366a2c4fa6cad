/** What is wrong with a value, as a predicate without its subject; `undefined` when nothing is. */
export type Judge = (value: unknown) => string | undefined;

interface Members {
  readonly required: Readonly<Record<string, Judge>>;
  readonly optional?: Readonly<Record<string, Judge>>;
}

/**
 * A closed object: each required member, some optional ones, nothing else. Written by hand because a verifier spends
 * its time on signatures, not on schemas.
 */
export function closed({ required, optional = {} }: Members): Judge {
  const judges = new Map(Object.entries({ ...required, ...optional }));
  const names = Object.keys(required);
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return " is not an object";
    for (const name in value) {
      const judge = judges.get(name);
      if (judge === undefined) return `/${name} is not a member of this object`;
      const problem = judge((value as Record<string, unknown>)[name]);
      if (problem !== undefined) return `/${name}${problem}`;
    }
    const missing = names.find((name) => !Object.hasOwn(value, name));
    return missing === undefined ? undefined : `/${missing} is missing`;
  };
}

export const text =
  (pattern: RegExp, what: string): Judge =>
  (value) =>
    typeof value === "string" && pattern.test(value) ? undefined : ` ${what}`;

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

export const object: Judge = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? undefined
    : " is not an object";
