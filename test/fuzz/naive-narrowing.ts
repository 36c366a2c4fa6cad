import type { Constraint, Scalar } from "../../lib/contract/constraint.ts";
import type { Delegation } from "../../lib/contract/delegation.ts";
import type { Step } from "../../lib/contract/step.ts";

/*
 * Acceptance and narrowing once more, as the tables say them and by no means of the source: clause by clause, without
 * flattening, sets or short cuts. Slow, and easy to read.
 */

type Kind = "exact" | "oneOf" | "notOneOf" | "range" | "prefix" | "absent" | "all";
type Loose = Readonly<Partial<Record<Kind, unknown>>>;
type Verdict = "accepted" | "V" | "R";

const kindOf = (each: Constraint): Kind => Object.keys(each)[0] as Kind;
const valuesOf = (each: Constraint): readonly Scalar[] => {
  const { exact, oneOf } = each as Loose;
  return (oneOf ?? [exact]) as readonly Scalar[];
};

/** Whether a value, or its absence, is accepted. */
export function accepts(each: Constraint, value: Scalar | undefined): boolean {
  const body = (each as Loose)[kindOf(each)];
  switch (kindOf(each)) {
    case "exact":
      return value === body;
    case "oneOf":
      return (body as Scalar[]).some((one) => one === value);
    case "notOneOf":
      return (
        typeof value === typeof (body as Scalar[])[0] &&
        !(body as Scalar[]).some((one) => one === value)
      );
    case "range": {
      const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = body as {
        min?: number;
        max?: number;
      };
      return typeof value === "number" && min <= value && value <= max;
    }
    case "prefix":
      return typeof value === "string" && value.slice(0, (body as string).length) === body;
    case "absent":
      return value === undefined;
    case "all":
      return (body as Constraint[]).every((clause) => accepts(clause, value));
  }
}

/** The pair matrix, cell by cell. */
export function verdict(child: Constraint, parent: Constraint): Verdict {
  if ("all" in parent) {
    return parent.all.map((clause) => verdict(child, clause)).find(isRefused) ?? "accepted";
  }
  return "all" in child ? conjunction(child.all, parent) : pair(child, parent);
}

const isRefused = (each: Verdict): boolean => each !== "accepted";

function conjunction(clauses: readonly Constraint[], parent: Constraint): Verdict {
  if (clauses.some((clause) => verdict(clause, parent) === "accepted")) return "accepted";
  const kinds = clauses.flatMap(kindsIn);
  const speaks = kinds.some((kind) => [kindOf(parent), "exact", "oneOf"].includes(kind));
  return speaks ? "V" : "R";
}

const isAccepted = (is: boolean): Verdict => (is ? "accepted" : "V");

function pair(child: Constraint, parent: Constraint): Verdict {
  const cell = `${kindOf(child)}/${kindOf(parent)}`;
  const [own, outer] = [child as Loose, parent as Loose];
  switch (cell) {
    case "oneOf/exact":
      return "V";
    case "notOneOf/notOneOf":
      return isAccepted(
        (outer.notOneOf as Scalar[]).every((value) => (own.notOneOf as Scalar[]).includes(value)),
      );
    case "range/range":
      return ranges(child, parent);
    case "prefix/prefix":
      return isAccepted((own.prefix as string).startsWith(outer.prefix as string));
    case "absent/absent":
      return "accepted";
    default:
      return kindOf(child) === "exact" || kindOf(child) === "oneOf"
        ? isAccepted(valuesOf(child).every((value) => accepts(parent, value)))
        : "R";
  }
}

const kindsIn = (each: Constraint): Kind[] =>
  "all" in each ? each.all.flatMap(kindsIn) : [kindOf(each)];

function ranges(child: Constraint, parent: Constraint): Verdict {
  const [own, outer] = [(child as Loose).range, (parent as Loose).range] as {
    min?: number;
    max?: number;
  }[];
  if (outer?.min !== undefined && own?.min === undefined) return "R";
  if (outer?.max !== undefined && own?.max === undefined) return "R";
  const isTight = (own?.min ?? 0) >= (outer?.min ?? -1e9) || outer?.min === undefined;
  const isLow = outer?.max === undefined || (own?.max ?? 0) <= outer.max;
  return isTight && isLow ? "accepted" : "V";
}

export interface PlainOperation {
  readonly action: string;
  readonly resource: string;
  readonly parameters: Readonly<Record<string, Scalar>>;
}

/** Whether a step allows one operation, by itself. */
export function allows(step: Step, { action, resource, parameters }: PlainOperation): boolean {
  if (!step.actions.some((each) => each === action)) return false;
  if (!step.resources.some((each) => each === resource)) return false;
  for (const [name, ceiling] of Object.entries(step.limits?.totals ?? {})) {
    const value = parameters[name];
    if (typeof value !== "number" || value > ceiling) return false;
  }
  if (step.parameters === "unbounded") return true;
  const declared = new Map(Object.entries(step.parameters));
  return (
    Object.keys(parameters).every((name) => declared.has(name)) &&
    [...declared].every(([name, each]) => accepts(each, parameters[name]))
  );
}

const isWithin = (child: readonly string[] = [], parent: readonly string[] = []): boolean =>
  child.every((each) => parent.some((other) => other === each));

/** Whether a step narrows a step, as block and parent are compared. */
export function stepNarrowsPlainly(child: Step, parent: Step): boolean {
  const [own, outer] = [child.parameters, parent.parameters];
  const areParameters =
    outer === "unbounded" ||
    (own !== "unbounded" &&
      isWithin(Object.keys(own), Object.keys(outer)) &&
      isWithin(Object.keys(outer), Object.keys(own)) &&
      Object.entries(own).every(([name, each]) => {
        const bound = outer[name];
        return bound !== undefined && verdict(each, bound) === "accepted";
      }));
  const totals = child.limits?.totals ?? {};
  const areTotals = Object.entries(parent.limits?.totals ?? {}).every(
    ([name, ceiling]) => (totals[name] ?? Number.POSITIVE_INFINITY) <= ceiling,
  );
  const gate = parent.gate ?? "none";
  return [
    ...[areParameters, areTotals],
    isWithin(child.actions, parent.actions),
    isWithin(child.resources, parent.resources),
    (child.limits?.calls ?? 1) <= (parent.limits?.calls ?? 1),
    gate === "none" || (child.gate ?? "none") === gate,
    isWithin(parent.after, child.after),
  ].every(Boolean);
}

export const delegationNarrowsPlainly = (child: Delegation, parent: Delegation): boolean =>
  child.maxDepth <= parent.maxDepth &&
  (parent.retain || !child.retain) &&
  isWithin(parent.labels, child.labels) &&
  isWithin(child.planes, parent.planes);
