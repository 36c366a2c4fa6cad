import * as z from "zod";
import { action, arn, stepId } from "../encoding/members.ts";
import { constraint } from "./constraint-schema.ts";

const parameterName = z
  .string()
  .regex(/^(?:[ -~]{1,256}|[^\p{C}]{1,256})$/u, "must be a printable name");

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

/** What stands before a step; nothing unless it says otherwise. */
export const gateOf = ({ gate = "none" }: Pick<Step, "gate">): NonNullable<Step["gate"]> => gate;
