import * as z from "zod";
import { CONSTRAINT_KINDS, type Constraint, type Scalar } from "./constraint.ts";

const scalar = z.union([z.string().max(4096), z.int(), z.boolean()], {
  error: "must be a string, an integer or a boolean",
});

/** Values of one type: a mixed list would let a value pass by its type (wire.md §2). */
const scalars = z
  .array(scalar)
  .min(1)
  .refine(
    (values) => new Set(values.map((value) => typeof value)).size === 1,
    "must hold one type",
  );

const range = z
  .strictObject({ min: z.int().optional(), max: z.int().optional() })
  .refine(({ min, max }) => min !== undefined || max !== undefined, "needs min or max");

const BODIES = {
  exact: scalar,
  oneOf: scalars,
  notOneOf: scalars,
  range,
  prefix: z.string().min(1).max(4096),
  absent: z.literal(true),
} as const;

/** A constraint of the closed vocabulary; an unknown kind is `CONSTRAINT_UNKNOWN`, never ignored (POC-A25). */
export const constraint: z.ZodType<Constraint> = z.unknown().transform((value, context) => {
  const [kind, body] = singleMember(value);
  if (kind === undefined) {
    context.addIssue({
      code: "custom",
      message: "must be an object with exactly one constraint kind",
    });
    return z.NEVER;
  }
  if (!(CONSTRAINT_KINDS as readonly string[]).includes(kind)) {
    context.addIssue({
      code: "custom",
      message: `has the unknown kind "${kind}"; known: ${CONSTRAINT_KINDS.join(", ")}`,
      params: { code: "CONSTRAINT_UNKNOWN" },
    });
    return z.NEVER;
  }
  const schema: z.ZodType = kind === "all" ? clauses : BODIES[kind as keyof typeof BODIES];
  const result = schema.safeParse(body);
  if (!result.success) {
    for (const issue of result.error.issues) {
      const params = issue.code === "custom" ? issue.params : undefined;
      context.addIssue({
        code: "custom",
        message: issue.message,
        path: [kind, ...issue.path],
        params,
      });
    }
    return z.NEVER;
  }
  return { [kind]: result.data } as unknown as Constraint;
});

const clauses = z
  .array(z.lazy(() => constraint))
  .min(1)
  .refine((all) => new Set(all.flatMap(typesOf)).size <= 1, "must hold values of one type");

function singleMember(value: unknown): [string, unknown] | [undefined, undefined] {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return [undefined, undefined];
  const entries = Object.entries(value);
  return entries.length === 1 && entries[0] !== undefined ? entries[0] : [undefined, undefined];
}

/** Types of the values a constraint speaks of; `absent` speaks of none. */
function typesOf(value: Constraint): string[] {
  if ("all" in value) return value.all.flatMap(typesOf);
  if ("range" in value) return ["number"];
  if ("prefix" in value) return ["string"];
  if ("absent" in value) return [];
  const values: readonly Scalar[] =
    "exact" in value ? [value.exact] : "oneOf" in value ? value.oneOf : value.notOneOf;
  return values.map((each) => typeof each);
}
