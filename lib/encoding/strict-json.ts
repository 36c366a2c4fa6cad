import { pointer } from "../refusal.ts";
import { canonicalize } from "./canonical-json.ts";
import { isCanonicalText } from "./canonical-text.ts";
import { utf8Text } from "./platform.ts";

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

/** Levels of nesting, the outermost value being level 1 (PROTOCOL.md §1). */
const MAX_DEPTH = 16;
const MAX_ARRAY = 256;
/** Names that a careless merge would take for an object's prototype: they could hide a second scope (ADV-07). */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set([
  "__proto__",
  "constructor",
  "prototype",
]);

/**
 * Reads a signed payload: valid UTF-8 JSON, byte-equal to its own JCS form, within the limits of PROTOCOL.md §1.
 * Byte equality is what refuses duplicate keys, other number spellings and unsorted members.
 */
export function readStrictJson(bytes: Uint8Array): Read<unknown> {
  const text = utf8Text(bytes) ?? "";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return unreadable("is not UTF-8 JSON");
  }
  if (!isWithinLimits(value, 1, text.includes("\\u"))) {
    const problem = limitProblem(value);
    if (problem !== undefined) return { ok: false, ...problem };
  }
  if (!isCanonicalText(text)) {
    return unreadable(`is not in canonical form (RFC 8785): ${firstDifference(value, text)}`);
  }
  return { ok: true, value };
}

/** Where a text stops being what JCS would write, for whoever has to make it so; it quotes nothing. */
function firstDifference(value: unknown, text: string): string {
  const canonical = canonicalize(value);
  let at = 0;
  while (at < text.length && text[at] === canonical[at]) at++;
  const place = `from character ${at + 1} on`;
  // Where the last backslash is the same in both, what follows it differs.
  const isEscape = text[at] === "\\" || (text[at - 1] === "\\" && text[at] === "u");
  if (isEscape)
    return `${place} it writes an escape such as \\u00e9 where the character itself belongs`;
  return /\s/.test(text[at] ?? "")
    ? `${place} it has white space`
    : `${place} members are not sorted or stand twice, or a number or an escape is spelled otherwise`;
}

/**
 * {@link limitProblem}'s rules without its prose, for the many values that keep them. Text of valid UTF-8 can
 * hold a lone surrogate only where it has an escape.
 */
function isWithinLimits(value: unknown, depth: number, hasEscapes: boolean): boolean {
  if (typeof value === "number") return Number.isSafeInteger(value);
  if (typeof value === "string") return !hasEscapes || value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  if (depth > MAX_DEPTH) return false;
  if (Array.isArray(value)) {
    const isGood = (each: unknown): boolean => isWithinLimits(each, depth + 1, hasEscapes);
    return value.length <= MAX_ARRAY && value.every(isGood);
  }
  for (const key in value) {
    if (FORBIDDEN_KEYS.has(key) || (hasEscapes && !key.isWellFormed())) return false;
    if (!isWithinLimits((value as Record<string, unknown>)[key], depth + 1, hasEscapes))
      return false;
  }
  return true;
}

/** The first breach of depth, array length, key, string or number rules in a parsed value; `undefined` if none. */
export function limitProblem(value: unknown): Problem | undefined {
  return new Walker().walk(value, 1);
}

/** Finds the first breach of the limits and says where it is. */
class Walker {
  readonly #path: (string | number)[] = [];

  walk(value: unknown, depth: number): Problem | undefined {
    switch (typeof value) {
      case "string":
        return value.isWellFormed() ? undefined : this.#at("holds a lone surrogate");
      case "boolean":
        return undefined;
      case "number":
        return Number.isSafeInteger(value)
          ? undefined
          : this.#at("is not an integer within ±(2^53−1); write decimals as strings");
      case "object":
        return value === null ? undefined : this.#walkContainer(value, depth);
      default:
        return this.#at("is not a JSON value");
    }
  }

  #walkContainer(value: object, depth: number): Problem | undefined {
    if (depth > MAX_DEPTH) return this.#at(`is nested deeper than ${MAX_DEPTH} levels`);
    return Array.isArray(value) ? this.#walkArray(value, depth) : this.#walkObject(value, depth);
  }

  #walkArray(value: readonly unknown[], depth: number): Problem | undefined {
    if (value.length > MAX_ARRAY) return this.#at(`has more than ${MAX_ARRAY} elements`);
    for (let index = 0; index < value.length; index++) {
      this.#path.push(index);
      const problem = this.walk(value[index], depth + 1);
      if (problem !== undefined) return problem;
      this.#path.pop();
    }
    return undefined;
  }

  #walkObject(value: object, depth: number): Problem | undefined {
    for (const key of Object.keys(value)) {
      if (!key.isWellFormed()) return this.#at("has a member name with a lone surrogate");
      this.#path.push(key);
      if (FORBIDDEN_KEYS.has(key)) return this.#at("is a forbidden member name");
      const problem = this.walk((value as Record<string, unknown>)[key], depth + 1);
      if (problem !== undefined) return problem;
      this.#path.pop();
    }
    return undefined;
  }

  #at(detail: string): Problem {
    return { pointer: pointer("", this.#path), detail };
  }
}
