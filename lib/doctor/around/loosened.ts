import {
  listOf,
  type PolicyDocument,
  type Statement,
  statementsOf,
} from "../../authority/evaluate/iam-document.ts";

/** What a principal cannot choose, so that a condition on it alone can be judged without a request. */
const KNOWN = new Set(["aws:principalarn", "aws:principalaccount", "aws:username"]);

/**
 * A policy that allows whatever the given one may allow in any circumstances: what depends on the request (from where,
 * when, with which tags, by which path) is taken as somebody would choose it who wants through. An upper bound, so that
 * what cannot be judged counts as a way.
 */
export const loosened = (document: PolicyDocument): PolicyDocument => ({
  ...document,
  Statement: statementsOf(document).flatMap(loosenedStatement),
});

function loosenedStatement(statement: Statement): readonly Statement[] {
  const conditions = Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => ({ operator, key, values })),
  );
  const known = conditions.filter(
    ({ key, values }) => KNOWN.has(key.toLowerCase()) && isPlain(values),
  );
  if (statement.Effect === "Deny") {
    const isSure = known.length === conditions.length && isPlain(resourcesOf(statement));
    return isSure ? [statement] : [];
  }
  const { Condition: _, ...allow } = statement;
  const Condition: Record<string, Record<string, (typeof conditions)[number]["values"]>> = {};
  for (const { operator, key, values } of known) {
    Condition[operator] = { ...Condition[operator], [key]: values };
  }
  return [
    {
      ...allow,
      ...(known.length > 0 && { Condition }),
      ...(allow.Resource !== undefined && { Resource: listOf(allow.Resource).map(anyValue) }),
      // What is excepted by a variable may be nothing.
      ...(allow.NotResource !== undefined && {
        NotResource: [...listOf(allow.NotResource).filter((each) => isPlain(each)), NOTHING],
      }),
    },
  ];
}

/** Matches no resource: a list of exceptions may not be empty. */
const NOTHING = "arn:aws:none:::";

const resourcesOf = ({ Resource, NotResource }: Statement): readonly string[] =>
  listOf(Resource ?? NotResource);

/** Without policy variables, whose values only a request has. */
const isPlain = (values: unknown): boolean => !JSON.stringify(values).includes("${");

const anyValue = (resource: string): string => resource.replace(/\$\{[^}]*\}/g, "*");
