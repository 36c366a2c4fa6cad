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
export const stepNarrows = (child: Step, parent: Step): Narrowing => firstOf(STEP, child, parent);

/**
 * Whether the bounds of a step are no wider: actions and resources among the parent's, parameters narrower, `calls` and
 * every total at most the parent's, and the parent's gate, if it has one. Windows and order are compared by the caller.
 */
export const boundsNarrow = (child: Step, parent: Step): Narrowing =>
  firstOf(BOUNDS, child, parent);

type Judge = (child: Step, parent: Step) => Narrowing;

const BOUNDS: readonly Judge[] = [
  (child, parent) => amongThe("actions", child, parent),
  (child, parent) => amongThe("resources", child, parent),
  (child, parent) => within("/parameters", parametersNarrow(child.parameters, parent.parameters)),
  (child, parent) => (callsOf(child) > callsOf(parent) ? loosened("/limits/calls") : NARROWS),
  totalsNarrow,
  (child, parent) =>
    [gateOf(child), "none"].includes(gateOf(parent)) ? NARROWS : loosened("/gate"),
];

const STEP: readonly Judge[] = [boundsNarrow, afterNarrows];

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
    if (own === undefined || outer === undefined) return removed(pointer("", [name]));
    const found = constraintNarrows(own, outer);
    if (!found.narrows) return within(pointer("", [name]), found);
  }
  const own = Object.keys(child);
  if (own.length === names.length) return NARROWS;
  // A parameter that the parent does not name could mean anything (ADV-24).
  const foreign = own.sort().find((name) => !Object.hasOwn(parent, name));
  return loosened(pointer("", foreign === undefined ? [] : [foreign]));
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
  const kept = rollbackKept(children, parents);
  if (!kept.narrows) return kept;
  for (const [index, child] of children.entries()) {
    const parent = parents.find(({ id }) => id === child.id);
    if (parent === undefined) return loosened(`${STEPS}/${index}/id`);
    const found = stepNarrows(child, parent);
    if (!found.narrows) return within(`${STEPS}/${index}`, found);
  }
  return NARROWS;
}

const STEPS = "/authorization_details";

/**
 * The step of the rollback is one with that gate. In a contract there is no other; a block may shut a second one by it, so all
 * of them stay: behind a decoy that stands first the contract's own could be left out (POC-15).
 */
function rollbackKept(children: readonly Step[], parents: readonly Step[]): Narrowing {
  for (const parent of parents.filter((each) => gateOf(each) === "rollback")) {
    const index = children.findIndex(({ id }) => id === parent.id);
    const child = children[index];
    if (child === undefined) return removed(STEPS);
    const isSame = stepNarrows(child, parent).narrows && stepNarrows(parent, child).narrows;
    if (!isSame) return removed(`${STEPS}/${index}`);
  }
  return NARROWS;
}
