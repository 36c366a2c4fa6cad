/** Levels of a file that a command reads: more than any contract, event or export has. */
const DEEPEST = 100;

/**
 * Whether a value lies deeper than anything that `vai` reads: `JSON.parse` takes such a text, and whatever walks the
 * value then runs out of stack. Looks level by level, so that it does not do so itself.
 */
export function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) return true;
    level = level.flatMap((each) =>
      typeof each === "object" && each !== null ? Object.values(each) : [],
    );
  }
  return false;
}
