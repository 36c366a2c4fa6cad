import { CUT_ACTION } from "../cut-action.ts";
import {
  listOf,
  type PolicyDocument,
  type Statement,
  statementsOf,
} from "../evaluate/iam-document.ts";

/**
 * The policy of a session that is cut before it leaves, without what lets it be cut: that exact call on `*`, allowed by a
 * statement that says nothing else, and spared by the two complements that look at nothing else. For every other call the
 * two policies decide the same, so what is contained without the exception lies beyond it by that one call. Window and
 * region spare nothing, so they bound the call too: without them the rest is not contained. Whatever else speaks of the call, in other
 * letters, under a condition, beside another action, stays and is judged as what it is: wider.
 */
export function withoutCut(policy: PolicyDocument): PolicyDocument {
  const statements = statementsOf(policy).filter((each) => !isAllowOfCut(each));
  return { ...policy, Statement: statements.map(withoutSparing) };
}

const isAllowOfCut = ({ Effect, Action, Resource, ...more }: Statement): boolean =>
  Effect === "Allow" &&
  isOnly(Action, CUT_ACTION) &&
  isOnly(Resource, "*") &&
  Object.keys(more).length === 0;

/** A Deny of everything but the call is one of everything. */
function withoutSparing(statement: Statement): Statement {
  const { NotAction, ...rest } = statement;
  if (rest.Effect !== "Deny" || rest.Condition !== undefined || NotAction === undefined) {
    return statement;
  }
  const others = listOf(NotAction).filter((each) => each !== CUT_ACTION);
  return others.length === 0 ? { ...rest, Action: "*" } : { ...rest, NotAction: others };
}

const isOnly = (value: Statement["Action"], text: string): boolean => {
  const list = listOf(value);
  return list.length === 1 && list[0] === text;
};
