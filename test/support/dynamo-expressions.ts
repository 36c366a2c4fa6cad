import { isDeepStrictEqual } from "node:util";

/** An item as plain values. */
export type Item = Record<string, unknown>;

/** The fake met what it does not know. No code under test may take this for a failing dependency. */
export class NotUnderstood extends Error {}

/** An update of an attribute that has another type than it needs: DynamoDB refuses it. */
export class TypeMismatch extends Error {}

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
  if (compared[2] === "=") return isDeepStrictEqual(found, wanted);
  // As DynamoDB has it: an attribute that is not there differs from everything.
  if (compared[2] === "<>") return !isDeepStrictEqual(found, wanted);
  return typeof found === typeof wanted && (found as number) < (wanted as number);
}

/** What one part of a clause does to an item. */
type Part = (item: Item, part: string, by: Placeholders) => Item;

const CLAUSES: Readonly<Record<string, Part>> = {
  SET: (item, part, by) => {
    const [, name, value] = matched(/^([#\w]+) = (.+)$/, part);
    return { ...item, [nameOf(name, by)]: valueIn(value, item, by) };
  },
  ADD: (item, part, by) => {
    const [, name, value] = matched(/^([#\w]+) (:\w+)$/, part);
    const attribute = nameOf(name, by);
    const before = item[attribute] ?? 0;
    if (typeof before !== "number") throw new TypeMismatch("ADD to an attribute of another type");
    return { ...item, [attribute]: before + Number(operandOf(value, by)) };
  },
  REMOVE: (item, part, by) => {
    const { [nameOf(part, by)]: _removed, ...rest } = item;
    return rest;
  },
};

/** `SET a = :x, b = list_append(if_not_exists(b, :none), :y)`, `REMOVE c` and `ADD n :one`, alone or after each other. */
export function updated(expression: string, item: Item, by: Placeholders): Item {
  let next = item;
  for (const clause of expression.split(/ (?=(?:SET|ADD|REMOVE) )/)) {
    const [, verb, rest] = matched(/^([A-Z]+) (.+)$/, clause);
    const apply = CLAUSES[verb ?? ""];
    if (apply === undefined)
      throw new NotUnderstood(`an update that the fake does not know: ${clause}`);
    for (const part of (rest ?? "").split(/, (?![^(]*\))/)) next = apply(next, part, by);
  }
  return next;
}

function matched(form: RegExp, part: string): RegExpExecArray {
  const found = form.exec(part);
  if (found === null) throw new NotUnderstood(`an update that the fake does not know: ${part}`);
  return found;
}

const APPENDED = /^list_append\(if_not_exists\(([#\w]+), (:\w+)\), (:\w+)\)$/;

function valueIn(text: string | undefined, item: Item, by: Placeholders): unknown {
  const appended = APPENDED.exec(text ?? "");
  if (appended === null) return operandOf(text, by);
  const before = item[nameOf(appended[1], by)] ?? operandOf(appended[2], by);
  if (!Array.isArray(before)) throw new TypeMismatch("list_append to an attribute of another type");
  return [...before, ...(operandOf(appended[3], by) as unknown[])];
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
