/** Controls, bidirectional marks and line separators: they could make a terminal show what no record says. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** Text of a record for a person's screen: one line, visible characters, not endless. */
export function plain(value: unknown, longest = 200): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "unknown");
  // Only what is shown: a slice would keep all of a line in memory that somebody made long for that.
  const begin = text.length > longest ? Array.from(text.slice(0, longest)).join("") : text;
  const visible = begin.replace(UNPRINTABLE, "\uFFFD");
  return text.length > longest ? `${visible.slice(0, longest - 1)}…` : visible;
}

/** A value inside a detail whose form nobody has judged; `undefined` when the way there ends. */
export function inside(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    const isThere = typeof found === "object" && found !== null && Object.hasOwn(found, name);
    found = isThere ? (found as Record<string, unknown>)[name] : undefined;
  }
  return found;
}

/** The same, as text for a screen. */
export const textIn = (value: unknown, ...path: readonly string[]): string =>
  plain(inside(value, ...path));

/** "a", "a and b", "a, b and c"; one value counts as a list of one. */
export function listed(values: unknown): string {
  const list: readonly unknown[] = Array.isArray(values) ? values : [values];
  const texts = list.map((value) => plain(value));
  const last = texts.pop();
  if (last === undefined) return "nothing";
  return texts.length === 0 ? last : `${texts.join(", ")} and ${last}`;
}

const CONSTRAINTS: readonly (readonly [kind: string, words: (value: unknown) => string])[] = [
  ["exact", (value) => `exactly ${plain(value)}`],
  ["oneOf", (value) => `one of ${listed(value)}`],
  ["notOneOf", (value) => `anything but ${listed(value)}`],
  ["range", rangeInWords],
  ["prefix", (value) => `beginning with ${plain(value)}`],
  ["absent", () => "absent"],
  [
    "all",
    (value) => (Array.isArray(value) ? value.map(constraintInWords).join(" and ") : plain(value)),
  ],
];

/** A constraint of PROTOCOL.md §2 in words; an unknown kind as it stands. */
export function constraintInWords(constraint: unknown): string {
  for (const [kind, words] of CONSTRAINTS) {
    const value = inside(constraint, kind);
    if (value !== undefined) return words(value);
  }
  return plain(constraint);
}

function rangeInWords(range: unknown): string {
  const [min, max] = [inside(range, "min"), inside(range, "max")];
  if (min === undefined) return `at most ${plain(max)}`;
  return max === undefined ? `at least ${plain(min)}` : `${plain(min)} to ${plain(max)}`;
}
