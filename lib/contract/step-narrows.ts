import { pointer } from "../refusal.ts";
import type { Constraint } from "./constraint.ts";
import {
  constraintNarrows,
  firstOf,
  loosened,
  NARROWS,
  type Narrowing,
  removed,
  within,
} from "./narrowing.ts";
import { callsOf, gateOf, type Step } from "./step.ts";

/**
 * Whether a step is no wider than another (PROTOCOL.md §2), as block and parent are compared: {@link boundsNarrow}, and it
 * comes behind everything that the parent's comes behind. `pointer` into the child's step.
 */
export const stepNarrows = (child: Step, parent: Step): Narrowing =>
  firstOf(
    (function* () {
      yield boundsNarrow(child, parent);
      yield afterNarrows(child, parent);
    })(),
  );

/**
 * Whether the bounds of a step are no wider: actions and resources among the parent's, parameters narrower, `calls` and
 * every total at most the parent's, and the parent's gate, if it has one. Windows and order are compared by the caller.
 */
export const boundsNarrow = (child: Step, parent: Step): Narrowing =>
  firstOf(bounds(child, parent));

function* bounds(child: Step, parent: Step): Generator<Narrowing> {
  yield amongThe("actions", child, parent);
  yield amongThe("resources", child, parent);
  yield within("/parameters", parametersNarrow(child.parameters, parent.parameters));
  if (callsOf(child) > callsOf(parent)) yield loosened("/limits/calls");
  yield totalsNarrow(child, parent);
  if (![gateOf(child), "none"].includes(gateOf(parent))) yield loosened("/gate");
}

function amongThe(member: "actions" | "resources", child: Step, parent: Step): Narrowing {
  const foreign = child[member].findIndex((each) => !parent[member].includes(each));
  return foreign < 0 ? NARROWS : loosened(`/${member}/${foreign}`);
}

type Parameters = Step["parameters"];

function parametersNarrow(child: Parameters, parent: Parameters): Narrowing {
  if (parent === "unbounded") return NARROWS;
  // Code units, as RFC 8785 §3.2.3 sorts the members of an object.
  const names = Object.keys(parent).sort();
  if (child === "unbounded") return names.length === 0 ? loosened("") : removed("");
  for (const name of names) {
    const [own, outer] = [ownOf(child, name), parent[name]];
    const at = pointer("", [name]);
    if (own === undefined || outer === undefined) return removed(at);
    const found = constraintNarrows(own, outer);
    if (!found.narrows) return within(at, found);
  }
  // A parameter that the parent does not name could mean anything (ADV-24).
  const foreign = Object.keys(child)
    .sort()
    .find((name) => !Object.hasOwn(parent, name));
  return foreign === undefined ? NARROWS : loosened(pointer("", [foreign]));
}

/** A parent's bound must not be met by what every object inherits: `toString` is no parameter. */
const ownOf = (members: Exclude<Parameters, "unbounded">, name: string): Constraint | undefined =>
  Object.hasOwn(members, name) ? members[name] : undefined;

/** A total that the parent sets must be in the child, at most as large; one that is missing is unbounded. */
function totalsNarrow(child: Step, parent: Step): Narrowing {
  const totals = child.limits?.totals ?? {};
  const ceilings = parent.limits?.totals ?? {};
  for (const name of Object.keys(ceilings).sort()) {
    const own = Object.hasOwn(totals, name) ? totals[name] : undefined;
    if (own === undefined) return removed(placeOfTotal(child, name));
    if (own > (ceilings[name] ?? 0)) return loosened(placeOfTotal(child, name));
  }
  return NARROWS;
}

/** Where a total stands, or would: a pointer names nothing below what is not there. */
const placeOfTotal = ({ limits }: Step, name: string): string =>
  limits?.totals === undefined
    ? `/limits${limits === undefined ? "" : "/totals"}`
    : pointer("/limits/totals", [name]);

function afterNarrows({ after = [] }: Step, parent: Step): Narrowing {
  return (parent.after ?? []).every((id) => after.includes(id)) ? NARROWS : loosened("/after");
}

/**
 * Whether steps are no more than the parent's: each narrows the parent's of the same id; they may be left out, not added,
 * renamed or split. What undoes a contract stays as it is, or an agent down the chain could take the rollback from
 * whoever was promised it. `pointer` into whatever holds both lists.
 */
export function stepsNarrow(children: readonly Step[], parents: readonly Step[]): Narrowing {
  return firstOf(
    (function* () {
      yield rollbackKept(children, parents);
      for (const [index, child] of children.entries()) {
        const at = `${STEPS}/${index}`;
        const parent = parents.find(({ id }) => id === child.id);
        yield parent === undefined ? loosened(`${at}/id`) : within(at, stepNarrows(child, parent));
      }
    })(),
  );
}

const STEPS = "/authorization_details";

/** The step of the rollback is the one with that gate: a contract has no other. */
function rollbackKept(children: readonly Step[], parents: readonly Step[]): Narrowing {
  const parent = parents.find((each) => gateOf(each) === "rollback");
  if (parent === undefined) return NARROWS;
  const index = children.findIndex(({ id }) => id === parent.id);
  const child = children[index];
  if (child === undefined) return removed(STEPS);
  const isSame = stepNarrows(child, parent).narrows && stepNarrows(parent, child).narrows;
  return isSame ? NARROWS : removed(`${STEPS}/${index}`);
}
