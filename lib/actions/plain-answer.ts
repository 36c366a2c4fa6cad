/** A JSON value of an AWS answer. */
export type PlainJson =
  | null
  | boolean
  | number
  | string
  | readonly PlainJson[]
  | { readonly [name: string]: PlainJson };

/**
 * An SDK answer as JSON, in the shape and with the member names of AWS's API reference: dates as RFC
 * 3339 UTC with milliseconds, bytes as standard base64; without the SDK's own `$metadata` and what
 * JSON cannot say. Every member is the object's own, `__proto__` among them: attribute names are the
 * data's.
 */
export function plainAnswer(answer: object): PlainJson {
  const { $metadata: _, ...rest } = answer as Record<string, unknown>;
  return objectOf(rest);
}

function plain(value: unknown): PlainJson | undefined {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "object") return undefined;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map((item) => plain(item) ?? null);
  return objectOf(value);
}

const objectOf = (value: object): { readonly [name: string]: PlainJson } =>
  Object.fromEntries(
    Object.entries(value).flatMap(([name, member]): [string, PlainJson][] => {
      const known = plain(member);
      return known === undefined ? [] : [[name, known]];
    }),
  );
