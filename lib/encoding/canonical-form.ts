import { canonicalize } from "./canonical-json.ts";

/** Levels of nesting; a payload that is nested deeper is no record, and must not exhaust the stack. */
const MAX_DEPTH = 64;

/**
 * Whether `text` is the RFC 8785 form of `value`, which was parsed from it. ECMAScript writes strings and numbers as
 * RFC 8785 does, so text that it writes again byte for byte is canonical if members are sorted: that spares sorting
 * and rebuilding what is in order already. Duplicate members, white space and other spellings do not survive.
 */
export function isCanonical(text: string, value: unknown): boolean {
  // A lone surrogate can only be spelt so; it and members that ECMAScript reorders take the long way.
  if (isSorted(value, 1) && !text.includes("\\ud") && JSON.stringify(value) === text) return true;
  return isCanonicalTheLongWay(text, value);
}

function isCanonicalTheLongWay(text: string, value: unknown): boolean {
  try {
    return canonicalize(value) === text;
  } catch {
    return false;
  }
}

function isSorted(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (depth > MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.every((each) => isSorted(each, depth + 1));
  let before: string | undefined;
  for (const key in value) {
    if (before !== undefined && before >= key) return false;
    if (!isSorted((value as Record<string, unknown>)[key], depth + 1)) return false;
    before = key;
  }
  return true;
}
