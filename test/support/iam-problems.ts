import {
  actionsNamed,
  formsOfService,
  holdsKey,
  type KnownAction,
  type KnownKey,
  keyNamed,
  supports,
} from "./iam-data.ts";
import { formMeets } from "./iam-form.ts";
import { principalsOf, problemOfOperator, problemOfPrincipal } from "./iam-words.ts";

/** A policy document and where it stands. */
export interface FoundPolicy {
  /** For the reader of a failure: resource and property, or action and kind of policy. */
  readonly where: string;
  readonly document: unknown;
  /**
   * For a policy that lies on a resource, what `*` and a missing `Resource` mean there: a resource
   * type of the reference, such as `role` for a trust policy, `key` for a key policy.
   */
  readonly on?: string;
}

interface Statement {
  readonly Effect: string;
  readonly Action?: string | string[];
  readonly NotAction?: string | string[];
  readonly Resource?: string | string[];
  readonly NotResource?: string | string[];
  readonly Principal?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const MEMBERS = new Set(
  "Sid Effect Action NotAction Resource NotResource Principal Condition".split(" "),
);

/**
 * Everything in these policies that AWS would silently ignore or that grants in bulk: made-up
 * actions, resources that an action does not know, keys that its requests never hold, operators
 * that do not fit a key's type, wildcard actions in an Allow. One line each; none when all is real.
 */
export async function problemsOf(policies: readonly FoundPolicy[]): Promise<string[]> {
  const found = await Promise.all(
    policies.flatMap(({ where, document, on }) =>
      statementsOf(document).map(async (statement, index) => {
        const place = `${where} [${statement.Sid ?? index}]`;
        return (await problemsOfStatement(statement, on)).map((problem) => `${place}: ${problem}`);
      }),
    ),
  );
  return found.flat();
}

const statementsOf = (document: unknown): (Statement & { readonly Sid?: string })[] =>
  [(document as { Statement: Statement | Statement[] }).Statement].flat();

async function problemsOfStatement(statement: Statement, on?: string): Promise<string[]> {
  const named = await problemsOfActions(statement);
  return [
    ...Object.keys(statement).flatMap((name) =>
      MEMBERS.has(name) ? [] : [`has a member ${name}`],
    ),
    ...named.problems,
    ...(await problemsOfResources(statement, named.actions, on)),
    ...(await problemsOfConditions(statement, named.actions)),
    ...principalsOf(statement.Principal).flatMap(problemOfPrincipal),
  ];
}

const listOf = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : [value].flat();

const isWild = (text: string): boolean => /[*?]/.test(text);

/** What the statement's `Action` names; `every` when it is not a list of exact names. */
interface Named {
  readonly problems: string[];
  readonly actions: readonly KnownAction[] | "every";
}

async function problemsOfActions({ Effect, Action, NotAction }: Statement): Promise<Named> {
  const problems: string[] = [];
  const isAllow = Effect === "Allow";
  const found: KnownAction[] = [];
  if (isAllow && NotAction !== undefined) problems.push("allows by NotAction");
  for (const name of [...listOf(Action), ...listOf(NotAction)]) {
    if (isWild(name) && (isAllow || NotAction !== undefined)) problems.push(`${name} is wild`);
    if (name === "*") continue;
    const actions = await actionsNamed(name);
    if (actions.length === 0) problems.push(`${name} is no action`);
    found.push(...actions);
  }
  const isOpen = NotAction !== undefined || listOf(Action).some(isWild);
  return { problems, actions: isOpen ? "every" : found };
}

async function problemsOfResources(
  { Effect, Resource, NotResource }: Statement,
  actions: Named["actions"],
  on?: string,
): Promise<string[]> {
  const named = [...listOf(Resource), ...listOf(NotResource)];
  const arns = named.filter((resource) => resource !== "*");
  const problems = (await Promise.all(arns.map((arn) => problemOfForm(arn, actions)))).flat();
  if (Effect === "Allow") {
    problems.push(...arns.filter(isWildInPlace).map((arn) => `${arn} is wild before its name`));
  }
  if (actions === "every" || NotResource !== undefined) return problems;
  const isOpen = named.includes("*") || named.length === 0;
  for (const action of actions) problems.push(...homeless(action, arns, isOpen, Effect, on));
  return problems;
}

/** Partition, service, region, account. */
const isWildInPlace = (arn: string): boolean => isWild(arn.split(":").slice(0, 5).join(":"));

/** A resource that its service does not have, or that none of the listed actions works on. */
async function problemOfForm(arn: string, actions: Named["actions"]): Promise<string[]> {
  if (actions !== "every") {
    const isUsed = actions.some((action) => supports(action, arn));
    return isUsed ? [] : [`no action of the statement works on ${arn}`];
  }
  const forms = await formsOfService(arn);
  return forms.some((form) => formMeets(form, arn)) ? [] : [`${arn} is no resource`];
}

/**
 * Types that are enough by themselves, though the reference calls another one required: a read of a
 * DynamoDB index is authorised on the index alone (PutResourcePolicy API, `ResourceArn`: a table and
 * its indexes may have different permissions).
 */
const ENOUGH: ReadonlySet<string> = new Set(["index"]);

/** What keeps an action from ever being meant by the statement. */
function homeless(
  action: KnownAction,
  arns: readonly string[],
  isOpen: boolean,
  effect: string,
  on: string | undefined,
): string[] {
  const { name, types } = action;
  if (isOpen && on !== undefined) {
    return types.some((type) => type.name === on) ? [] : [`${name} does not work on a ${on}`];
  }
  if (isOpen) {
    const couldBeNamed = effect === "Allow" && types.length > 0;
    return couldBeNamed ? [`${name} on * although it knows resources`] : [];
  }
  // A Deny of one of the resources is still a Deny.
  const isEnough = types.some(
    ({ name: type, form }) => ENOUGH.has(type) && arns.some((arn) => formMeets(form, arn)),
  );
  const missing = types
    .filter(({ required }) => required && effect === "Allow" && !isEnough)
    .filter(({ form }) => !arns.some((arn) => formMeets(form, arn)));
  if (missing.length > 0) return missing.map((type) => `${name} lacks a resource ${type.form}`);
  if (types.length === 0) return [`${name} knows no resources, so it needs *`];
  return arns.some((arn) => supports(action, arn))
    ? []
    : [`${name} works on none of the resources`];
}

async function problemsOfConditions(
  { Condition = {} }: Statement,
  actions: Named["actions"],
): Promise<string[]> {
  const problems: string[] = [];
  for (const [operator, keys] of Object.entries(Condition)) {
    for (const name of Object.keys(keys)) {
      const key = await keyNamed(name);
      if (key === undefined) problems.push(`${name} is no condition key`);
      else problems.push(...problemsOfKey(operator, name, key, actions));
    }
  }
  return problems;
}

function problemsOfKey(
  operator: string,
  name: string,
  key: KnownKey,
  actions: Named["actions"],
): string[] {
  const without =
    actions === "every"
      ? []
      : actions
          .filter((action) => !holdsKey(action, name))
          .map((action) => `requests of ${action.name} never hold ${name}`);
  return [...without, ...problemOfOperator(operator, key)];
}
