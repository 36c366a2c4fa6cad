/** The same value in JSON, in whatever order its members were written. */
export function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const names = Object.keys(one);
  if (names.length !== Object.keys(other).length) return false;
  for (const name of names) {
    if (!Object.hasOwn(other, name) || !isSame(member(one, name), member(other, name)))
      return false;
  }
  return true;
}

const member = (of: object, name: string): unknown => (of as Record<string, unknown>)[name];
