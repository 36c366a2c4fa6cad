import * as z from "zod";
import { action, arn, stepId } from "../encoding/members.ts";
import { type Constraint, narrows } from "./constraint.ts";
import { constraint } from "./constraint-schema.ts";

const parameterName = z.string().regex(/^[^\p{C}]{1,256}$/u, "must be a printable name");

/**
 * `"unbounded"` says aloud that nothing but action, resource, window and region bounds the call; only a
 * contract for `credentials` alone may say so (PROTOCOL.md §2).
 */
const parameters = z.union([z.literal("unbounded"), z.record(parameterName, constraint)]);

const limits = z.strictObject({
  calls: z.int().min(1).max(16).optional(),
  totals: z.record(parameterName, z.int().min(0)).optional(),
});

const unique = (values: readonly string[]): boolean => new Set(values).size === values.length;

/** One entry of `authorization_details` (RFC 9396 §2): one step (PROTOCOL.md §2). */
export const step = z
  .strictObject({
    type: z.literal("aws"),
    id: stepId,
    actions: z.array(action).min(1).refine(unique, "names an action twice"),
    resources: z.array(arn).min(1).refine(unique, "names a resource twice"),
    parameters,
    limits: limits.optional(),
    after: z.array(stepId).optional(),
    gate: z.enum(["none", "approval", "refreshContext", "rollback"]).optional(),
  })
  .superRefine((value, context) => {
    for (const name of Object.keys(value.limits?.totals ?? {})) {
      if (value.parameters !== "unbounded" && Object.hasOwn(value.parameters, name)) continue;
      context.addIssue({
        code: "custom",
        path: ["limits", "totals", name],
        message: "totals a parameter that the step does not declare",
      });
    }
  });
export type Step = z.infer<typeof step>;

/** Steps of one contract or boundary: 1…16, each id once. */
export const steps = z
  .array(step)
  .min(1)
  .max(16)
  .refine((all) => unique(all.map(({ id }) => id)), "names a step id twice");

/** Issuances of the step that a contract allows; 1 unless it says otherwise. */
export const callsOf = (value: Pick<Step, "limits">): number => value.limits?.calls ?? 1;

/**
 * Whether a step is no wider than another (PROTOCOL.md §2): parameters narrower, actions and resources among the
 * parent's, `calls` and every total at most the parent's, and the parent's gate, if it has one. Windows and order are
 * compared by the caller.
 */
export function stepNarrows(child: Step, parent: Step): boolean {
  return (
    parametersNarrow(child.parameters, parent.parameters) &&
    child.actions.every((each) => parent.actions.includes(each)) &&
    child.resources.every((each) => parent.resources.includes(each)) &&
    callsOf(child) <= callsOf(parent) &&
    totalsNarrow(child, parent) &&
    [gateOf(child), "none"].includes(gateOf(parent))
  );
}

/** What stands before a step; nothing unless it says otherwise. */
export const gateOf = ({ gate = "none" }: Pick<Step, "gate">): NonNullable<Step["gate"]> => gate;

type Parameters = Step["parameters"];

function parametersNarrow(child: Parameters, parent: Parameters): boolean {
  if (parent === "unbounded") return true;
  if (child === "unbounded") return false;
  const names = Object.keys(child);
  if (names.length !== Object.keys(parent).length) return false;
  // A parent's bound must not be met by what every object inherits: `toString` is no parameter.
  return names.every((name) => {
    if (!Object.hasOwn(parent, name)) return false;
    const [own, outer]: (Constraint | undefined)[] = [child[name], parent[name]];
    return own !== undefined && outer !== undefined && narrows(own, outer);
  });
}

/** A total that the parent sets must be in the child, at most as large; one that is missing is unbounded. */
function totalsNarrow(child: Step, parent: Step): boolean {
  return Object.entries(parent.limits?.totals ?? {}).every(([name, ceiling]) => {
    const totals = child.limits?.totals ?? {};
    const own = Object.hasOwn(totals, name) ? totals[name] : undefined;
    return own !== undefined && own <= ceiling;
  });
}
