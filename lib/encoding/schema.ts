import type * as z from "zod";
import { type PlainCode, pointer } from "../refusal.ts";
import { acceptsOf } from "./accepts.ts";
import { present } from "./present.ts";
import type { Problem } from "./strict-json.ts";

/** A schema may attach the code that a breach deserves; without one the object's own `…_MALFORMED` stands. */
export interface CodedProblem extends Problem {
  readonly code?: PlainCode;
}

/** The first breach of a schema as place, prose and, where the schema says so, code. */
function firstProblem(error: z.ZodError): CodedProblem {
  const [issue] = error.issues;
  return issue === undefined
    ? { pointer: "", detail: "does not match the schema" }
    : problemOf(issue, []);
}

function problemOf(issue: z.core.$ZodIssue, outer: readonly PropertyKey[]): CodedProblem {
  const path = [...outer, ...issue.path];
  if (issue.code === "invalid_union") return problemOf(deepest(issue.errors) ?? bare(issue), path);
  if (issue.code === "unrecognized_keys") {
    const [key = ""] = issue.keys;
    return { pointer: pointer("", [...path, key]), detail: "is not a member of this object" };
  }
  const code =
    issue.code === "custom" ? (issue.params?.["code"] as PlainCode | undefined) : undefined;
  const detail = issue.message
    .replace(/^Invalid input: /, "")
    .replace(/^expected (.*), received undefined$/, "is missing; expected $1");
  return { pointer: pointer("", path), detail, ...present({ code }) };
}

/** Of a union's arms the one that came furthest says best what is wrong. */
function deepest(arms: readonly (readonly z.core.$ZodIssue[])[]): z.core.$ZodIssue | undefined {
  const firsts = arms.flatMap(([first]) => (first === undefined ? [] : [first]));
  return firsts.toSorted((left, right) => right.path.length - left.path.length)[0];
}

const bare = (issue: z.core.$ZodIssue): z.core.$ZodIssue => ({
  code: "custom",
  path: [],
  message: issue.message,
  input: undefined,
});

/** Reads a value by a schema: the typed value, the very one that was read where nothing is to be changed, or the first problem. */
export function readBy<T>(
  schema: z.ZodType<T>,
  value: unknown,
): { readonly ok: true; readonly value: T } | ({ readonly ok: false } & CodedProblem) {
  if (acceptsOf(schema)(value)) return { ok: true, value: value as T };
  const result = schema.safeParse(value);
  return result.success
    ? { ok: true, value: result.data }
    : { ok: false, ...firstProblem(result.error) };
}
