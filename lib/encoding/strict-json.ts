import { pointer } from "../refusal.ts";
import { canonicalize } from "./canonical-json.ts";

/** What is wrong with an input, and where: an RFC 6901 pointer into it. */
export interface Problem {
  readonly pointer: string;
  readonly detail: string;
}
export type Read<T> = { readonly ok: true; readonly value: T } | ({ readonly ok: false } & Problem);

export const unreadable = (detail: string, at = ""): { readonly ok: false } & Problem => ({
  ok: false,
  pointer: at,
  detail,
});

/** Levels of nesting, the outermost value being level 1 (wire.md §1). */
const MAX_DEPTH = 16;
const MAX_ARRAY = 256;
/** Names that a careless merge would take for an object's prototype: they could hide a second scope (ADV-07). */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a signed payload: valid UTF-8 JSON, byte-equal to its own JCS form, within the limits of wire.md §1.
 * Byte equality is what refuses duplicate keys, other number spellings and unsorted members.
 */
export function readStrictJson(bytes: Uint8Array): Read<unknown> {
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(bytes);
    value = JSON.parse(text);
  } catch {
    return unreadable("is not UTF-8 JSON");
  }
  const problem = limitProblem(value);
  if (problem !== undefined) return { ok: false, ...problem };
  if (canonicalize(value) !== text) {
    return unreadable(
      "is not in canonical form (RFC 8785): sort members, remove duplicates and white space",
    );
  }
  return { ok: true, value };
}

/** The first breach of depth, array length, key, string or number rules in a parsed value; `undefined` if none. */
export function limitProblem(value: unknown): Problem | undefined {
  return walk(value, 1, []);
}

function walk(value: unknown, depth: number, path: Path): Problem | undefined {
  switch (typeof value) {
    case "string":
      return value.isWellFormed() ? undefined : at(path, "holds a lone surrogate");
    case "boolean":
      return undefined;
    case "number":
      return Number.isSafeInteger(value)
        ? undefined
        : at(path, "is not an integer within ±(2^53−1); write decimals as strings");
    case "object":
      return value === null ? undefined : walkContainer(value, depth, path);
    default:
      return at(path, "is not a JSON value");
  }
}

function walkContainer(value: object, depth: number, path: Path): Problem | undefined {
  if (depth > MAX_DEPTH) return at(path, `is nested deeper than ${MAX_DEPTH} levels`);
  return Array.isArray(value) ? walkArray(value, depth, path) : walkObject(value, depth, path);
}

function walkArray(value: readonly unknown[], depth: number, path: Path): Problem | undefined {
  if (value.length > MAX_ARRAY) return at(path, `has more than ${MAX_ARRAY} elements`);
  for (let index = 0; index < value.length; index++) {
    path.push(index);
    const problem = walk(value[index], depth + 1, path);
    if (problem !== undefined) return problem;
    path.pop();
  }
  return undefined;
}

function walkObject(value: object, depth: number, path: Path): Problem | undefined {
  for (const key of Object.keys(value)) {
    path.push(key);
    if (FORBIDDEN_KEYS.has(key)) return at(path, "is a forbidden member name");
    if (!key.isWellFormed()) {
      return at(path.slice(0, -1), "has a member name with a lone surrogate");
    }
    const problem = walk((value as Record<string, unknown>)[key], depth + 1, path);
    if (problem !== undefined) return problem;
    path.pop();
  }
  return undefined;
}

type Path = (string | number)[];

const at = (path: readonly (string | number)[], detail: string): Problem => ({
  pointer: pointer("", path),
  detail,
});
