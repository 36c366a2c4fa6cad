import { type Condition, compileConditions } from "./condition.ts";
import { listOf, type PolicyDocument, type Statement, statementsOf } from "./iam-document.ts";
import { compilePattern } from "./pattern.ts";
import { compilePrincipal, type PrincipalMatch } from "./principal.ts";
import type { ContextValues, PreparedRequest } from "./request-context.ts";

/** A statement ready for matching. */
export interface CompiledStatement {
  readonly effect: Statement["Effect"];
  readonly index: number;
  readonly source: Statement;
  readonly principal: PrincipalMatch;
  /**
   * Action, resource and conditions; the principal of a resource policy is looked at separately.
   */
  applies(request: PreparedRequest): boolean;
}

/** Policy variables exist only since the version of 2012; an older document means its text. */
export const compileDocument = (document: PolicyDocument): CompiledStatement[] =>
  statementsOf(document).map((statement, index) =>
    compileStatement(statement, index, document.Version === "2012-10-17"),
  );

function compileStatement(
  statement: Statement,
  index: number,
  variables: boolean,
): CompiledStatement {
  const matchesAction = compileActions(statement);
  const matchesResource = compileResources(statement, variables);
  const conditions = compileConditions(statement.Condition, variables);
  const isDeny = statement.Effect === "Deny";
  return {
    effect: statement.Effect,
    index,
    source: statement,
    principal: compilePrincipal(statement),
    applies: (request) =>
      matchesAction(request.action) &&
      matchesResource(request) &&
      areMet(conditions, request, isDeny),
  };
}

/** What cannot be decided counts against the caller: as met in a Deny, as unmet in an Allow. */
function areMet(
  conditions: readonly Condition[],
  request: PreparedRequest,
  isDeny: boolean,
): boolean {
  for (const condition of conditions) {
    const verdict = condition(request.values);
    if (verdict === "unmet" || (verdict === "undecidable" && !isDeny)) return false;
  }
  return true;
}

const NO_VALUES: ContextValues = new Map();

/** IAM compares action names without letter case. */
function compileActions(statement: Statement): (action: string) => boolean {
  const patterns = listOf(statement.Action ?? statement.NotAction).map((each) =>
    compilePattern(each.toLowerCase(), { wildcards: true, variables: false }),
  );
  const isListed = (action: string): boolean =>
    patterns.some((matches) => matches(action, NO_VALUES));
  return statement.Action !== undefined ? isListed : (action) => !isListed(action);
}

function compileResources(
  statement: Statement,
  variables: boolean,
): (request: PreparedRequest) => boolean {
  const listed = statement.Resource ?? statement.NotResource;
  // Some resource policies name none, a role's trust policy never: they mean what they belong to.
  if (listed === undefined) return () => true;
  const patterns = listOf(listed).map((each) =>
    compilePattern(each, { wildcards: true, variables }),
  );
  const isListed = ({ resource, values }: PreparedRequest): boolean =>
    patterns.some((matches) => matches(resource, values));
  return statement.Resource !== undefined ? isListed : (request) => !isListed(request);
}
