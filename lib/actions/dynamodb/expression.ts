import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { Scalar } from "../../contract/constraint.ts";

/** JSON-safe attribute value: string → S, integer → N, boolean → BOOL (PROTOCOL.md §9). */
export type PlainAttribute =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly BOOL: boolean };

export function toAttribute(value: Scalar): PlainAttribute {
  if (typeof value === "string") return { S: value };
  return typeof value === "number" ? { N: String(value) } : { BOOL: value };
}

/**
 * A stored attribute as a scalar; `null` when it is missing, or of a kind that no contract can
 * name.
 */
export function fromAttribute(attribute: AttributeValue | undefined): Scalar | null {
  if (attribute?.S !== undefined) return attribute.S;
  if (attribute?.BOOL !== undefined) return attribute.BOOL;
  if (attribute?.N === undefined) return null;
  const number = Number(attribute.N);
  // DynamoDB holds 38 digits: one that JavaScript would round is another number than the one that was set.
  return Number.isSafeInteger(number) && String(number) === attribute.N ? number : null;
}

/**
 * Placeholders for every attribute name and value of an expression: a name like `a.b` or `size`
 * stays the name of one top-level attribute and never becomes a path, a function or a keyword of
 * the expression.
 */
export class Placeholders {
  readonly names: Record<string, string> = {};
  readonly values: Record<string, PlainAttribute> = {};
  readonly #known = new Map<string, string>();

  name(attribute: string): string {
    const known = this.#known.get(attribute);
    if (known !== undefined) return known;
    const placeholder = `#n${this.#known.size}`;
    this.#known.set(attribute, placeholder);
    this.names[placeholder] = attribute;
    return placeholder;
  }

  /** `#n = :n`: an assignment after SET, a comparison in a condition. */
  equation([attribute, value]: readonly [string, Scalar]): string {
    const placeholder = `:v${Object.keys(this.values).length}`;
    this.values[placeholder] = toAttribute(value);
    return `${this.name(attribute)} = ${placeholder}`;
  }
}
