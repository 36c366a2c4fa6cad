import {
  listOf,
  type PolicyDocument,
  type Principal,
  type Statement,
  statementsOf,
} from "../../authority/evaluate/iam-document.ts";

/** What two documents have that the other has not. */
export interface Difference {
  /** Statements of the found document that the written one lacks. */
  readonly added: readonly Statement[];
  readonly missing: readonly Statement[];
}

/**
 * Compares what was found with what was written, statement by statement. Order, single values, the spelling of
 * principals and of names that IAM compares without letter case make no difference, nor do names of statements; all
 * else does, whether it widens or not: what a person reads must be what the stack wrote.
 */
export function difference(written: PolicyDocument, found: PolicyDocument): Difference {
  const [wanted, there] = [normalForms(written), normalForms(found)];
  return {
    added: [...there].flatMap(([form, statement]) => (wanted.has(form) ? [] : [statement])),
    missing: [...wanted].flatMap(([form, statement]) => (there.has(form) ? [] : [statement])),
  };
}

/** Without a version a document is one of 2008, in which `${…}` is text and no policy variable. */
const normalForms = (document: PolicyDocument): ReadonlyMap<string, Statement> =>
  new Map(
    statementsOf(document).map((statement) => [
      JSON.stringify([document.Version ?? "2008-10-17", normalForm(statement)]),
      statement,
    ]),
  );

const normalForm = (statement: Statement) => [
  statement.Effect,
  statement.Principal && ["Principal", principals(statement.Principal)],
  statement.NotPrincipal && ["NotPrincipal", principals(statement.NotPrincipal)],
  statement.Action && ["Action", sorted(statement.Action, lowered)],
  statement.NotAction && ["NotAction", sorted(statement.NotAction, lowered)],
  statement.Resource && ["Resource", sorted(statement.Resource)],
  statement.NotResource && ["NotResource", sorted(statement.NotResource)],
  conditions(statement.Condition ?? {}),
];

const lowered = (text: string): string => text.toLowerCase();

const sorted = (
  values: string | readonly string[] | undefined,
  spell: (value: string) => string = (value) => value,
): readonly string[] => [...new Set(listOf(values).map(spell))].sort();

/** `"*"` and `{"AWS": "*"}` mean the same, as do an account's id and its root (IAM user guide, AWS JSON policy elements: Principal). */
const principals = (principal: Principal): readonly (readonly [string, readonly string[]])[] =>
  principal === "*"
    ? [["AWS", ["*"]]]
    : Object.entries(principal)
        .map(([kind, names]) => [kind, sorted(names, spelledPrincipal)] as const)
        .sort(byText);

const spelledPrincipal = (name: string): string =>
  name.replace(/^arn:[^:]+:iam::(\d{12}):root$/, "$1");

/** All of them must hold, so two spellings of one key stay two conditions. */
const conditions = (condition: NonNullable<Statement["Condition"]>) =>
  Object.entries(condition)
    .flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, values]) => [
        operator,
        lowered(key),
        sorted(listOf(values).map(String)),
      ]),
    )
    .sort(byText);

const byText = (left: unknown, right: unknown): number =>
  JSON.stringify(left) < JSON.stringify(right) ? -1 : 1;
