/** An item as plain values. */
export type Item = Record<string, unknown>;

/** The fake met what it does not know. No code under test may take this for a failing dependency. */
export class NotUnderstood extends Error {}

/** Names and values that an expression's placeholders stand for. */
export interface Placeholders {
  readonly names: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * The part of DynamoDB's condition language that this software uses: comparisons and `attribute_not_exists`, joined
 * by AND, joined by OR. Anything else throws, so that a test cannot pass by a condition that was not understood.
 */
export function holds(expression: string, item: Item | undefined, by: Placeholders): boolean {
  return expression
    .split(" OR ")
    .some((alternative) => alternative.split(" AND ").every((term) => termHolds(term, item, by)));
}

function termHolds(term: string, item: Item | undefined, by: Placeholders): boolean {
  const absent = /^attribute_not_exists\(([#\w]+)\)$/.exec(term.trim());
  if (absent !== null) return item?.[nameOf(absent[1], by)] === undefined;
  const compared = /^([#\w]+) (=|<>|<) (:\w+)$/.exec(term.trim());
  if (compared === null)
    throw new NotUnderstood(`a condition that the fake does not know: ${term}`);
  const found = item?.[nameOf(compared[1], by)];
  const wanted = operandOf(compared[3], by);
  if (compared[2] === "=") return found === wanted;
  // As DynamoDB has it: an attribute that is not there differs from everything.
  if (compared[2] === "<>") return found !== wanted;
  return typeof found === typeof wanted && (found as number) < (wanted as number);
}

/** `SET a = :x, b = :y` and `ADD n :one`, alone or after each other. */
export function updated(expression: string, item: Item, by: Placeholders): Item {
  const next = { ...item };
  for (const clause of expression.split(/ (?=(?:SET|ADD) )/)) {
    const [verb, rest] = [clause.slice(0, 3), clause.slice(4)];
    for (const part of rest.split(", ")) {
      const [, name, value] = (verb === "SET" ? /^([#\w]+) = (:\w+)$/ : /^([#\w]+) (:\w+)$/).exec(
        part,
      ) ?? [undefined, undefined, undefined];
      if (name === undefined)
        throw new NotUnderstood(`an update that the fake does not know: ${part}`);
      const attribute = nameOf(name, by);
      const operand = operandOf(value, by);
      next[attribute] = verb === "SET" ? operand : Number(next[attribute] ?? 0) + Number(operand);
    }
  }
  return next;
}

function nameOf(token: string | undefined, { names }: Placeholders): string {
  const name = token?.startsWith("#") === true ? names[token] : token;
  if (name === undefined) throw new NotUnderstood(`no name for ${token}`);
  return name;
}

function operandOf(token: string | undefined, { values }: Placeholders): unknown {
  if (token === undefined || !(token in values)) throw new NotUnderstood(`no value for ${token}`);
  return values[token];
}
