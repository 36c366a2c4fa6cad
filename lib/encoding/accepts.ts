import type * as z from "zod";

/** Whether a schema takes a value of JSON and gives back that very value; `false`: ask the schema. */
type Accepts = (value: unknown) => boolean;

const known = new WeakMap<z.core.$ZodType, Accepts>();

/**
 * A schema's members and checks, run without writing the value again and without prose for what breaks them, which is most
 * of what a schema costs. It is derived from the schema, so that there is no second definition, and runs the schema's own
 * checks. Only yes is an answer: for what is refused, or written otherwise by the schema, or of a kind that is not listed
 * here, the schema itself is asked.
 */
export function acceptsOf(schema: z.core.$ZodType): Accepts {
  const before = known.get(schema);
  if (before !== undefined) return before;
  const accepts = derived(schema) ?? (() => false);
  known.set(schema, accepts);
  return accepts;
}

/** `undefined` for a kind of schema that is not listed. */
function derived(schema: z.core.$ZodType): Accepts | undefined {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "string":
      return checked(schema, (value) => typeof value === "string");
    case "number":
      return checked(schema, Number.isFinite);
    case "boolean":
      return checked(schema, (value) => typeof value === "boolean");
    case "literal":
    case "enum": {
      const values: ReadonlySet<unknown> | undefined = schema._zod.values;
      return values && checked(schema, (value) => values.has(value));
    }
    case "unknown":
    case "custom":
      return checked(schema, () => true);
    case "array":
      return ofArray(schema, derived(def.element));
    case "record":
      return ofRecord(schema, def);
    case "object":
      return ofObject(schema, def);
    case "union":
      return ofUnion(schema, def);
    case "pipe":
      return (value) => isGivenBack(schema, value);
    default:
      return undefined;
  }
}

/** Checks that stand on a schema, itself first when it is one. */
function checksOf(schema: z.core.$ZodType): readonly z.core.$ZodCheck<unknown>[] {
  const { def, traits } = schema._zod;
  const own = traits.has("$ZodCheck") ? [schema as unknown as z.core.$ZodCheck<unknown>] : [];
  return [...own, ...((def.checks ?? []) as z.core.$ZodCheck<unknown>[])];
}

/** A judge of the value's own kind, then the checks; one that changes the value, or promises an answer, gives none. */
function checked(schema: z.core.$ZodType, isOfKind: Accepts): Accepts {
  const checks = checksOf(schema);
  if (checks.length === 0) return isOfKind;
  const pattern = onlyPattern(checks);
  if (pattern !== undefined) return (value) => isOfKind(value) && pattern.test(value as string);
  return (value) => {
    if (!isOfKind(value)) return false;
    const payload = { value, issues: [] };
    for (const { _zod: check } of checks) {
      if (check.check(payload) !== undefined || payload.issues.length > 0) return false;
    }
    return payload.value === value;
  };
}

/** Of a text that is judged by one pattern alone, which has no state. */
function onlyPattern([first, ...rest]: readonly z.core.$ZodCheck<unknown>[]): RegExp | undefined {
  const { check, format, pattern } = (first?._zod.def ?? {}) as Partial<z.core.$ZodCheckRegexDef>;
  const isOnly = rest.length === 0 && check === "string_format" && format === "regex";
  return isOnly && pattern?.lastIndex === 0 && !pattern.global && !pattern.sticky
    ? pattern
    : undefined;
}

const ofArray = (schema: z.core.$ZodType, element: Accepts | undefined): Accepts | undefined =>
  element && checked(schema, (value) => Array.isArray(value) && value.every(element));

/** A member that the schema would leave out of what it gives back. */
const HIDDEN = "__proto__";

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

function ofRecord(
  schema: z.core.$ZodType,
  { keyType, valueType }: z.core.$ZodRecordDef,
): Accepts | undefined {
  const [isKey, isValue] = [derived(keyType), derived(valueType)];
  // Of keys that are listed, each must be there.
  if (isKey === undefined || isValue === undefined || keyType._zod.values) return undefined;
  return checked(schema, (value) => {
    if (!isPlain(value)) return false;
    for (const key in value) {
      if (key === HIDDEN || !isKey(key) || !isValue(value[key])) return false;
    }
    return true;
  });
}

/** Whatever the schema does with members that it does not name: for an object that has one it is asked itself. */
function ofObject(schema: z.core.$ZodType, { shape }: z.core.$ZodObjectDef): Accepts | undefined {
  const members = new Map<string, Member>();
  let needed = 0;
  for (const [name, member] of Object.entries(shape)) {
    const { def } = (member as z.core.$ZodTypes)._zod;
    const isOptional = def.type === "optional";
    const accepts = derived(isOptional ? def.innerType : member);
    // What every object inherits, a schema would find in one that does not have it.
    if (accepts === undefined || name in Object.prototype) return undefined;
    members.set(name, { accepts, counts: isOptional ? 0 : 1 });
    if (!isOptional) needed++;
  }
  return checked(schema, (value) => {
    if (!isPlain(value)) return false;
    let missing = needed;
    for (const name in value) {
      const member = members.get(name);
      if (member === undefined || !member.accepts(value[name])) return false;
      missing -= member.counts;
    }
    return missing === 0;
  });
}

/** `counts`: 1 for a member that must be there. */
interface Member {
  readonly accepts: Accepts;
  readonly counts: 0 | 1;
}

/** Kinds that a value is surely not of when it is not accepted. */
const CERTAIN: readonly string[] = ["string", "number", "boolean", "literal", "enum"];

/** The first that takes a value is what the schema gives back: one that might have taken it must not stand before. */
function ofUnion(
  schema: z.core.$ZodType,
  { options, inclusive }: z.core.$ZodUnionDef,
): Accepts | undefined {
  const isCertain = options.slice(0, -1).every(({ _zod }) => CERTAIN.includes(_zod.def.type));
  if (!isCertain || inclusive === false) return undefined;
  const accept = options.map(derived);
  if (accept.includes(undefined)) return undefined;
  return checked(schema, (value) => accept.some((each) => each?.(value)));
}

/** What has rules of its own is asked itself. */
function isGivenBack(schema: z.core.$ZodType, value: unknown): boolean {
  const given = schema._zod.run({ value, issues: [] }, { async: false });
  return !(given instanceof Promise) && given.issues.length === 0 && given.value === value;
}
