/*
 * ARN forms of the Service Authorization Reference, such as
 * `arn:${Partition}:dynamodb:${Region}:${Account}:table/${TableName}`, against what policies write.
 */

/** One part of a form: exactly one character of a class, or any number of them. */
interface Part {
  readonly fits: RegExp;
  readonly many: boolean;
}

/** Variables that hold more than one path segment. */
const PATHS = /WithPath$|^ObjectName$|^ParameterName|^LogGroupName$/;

const one = (fits: RegExp): Part => ({ fits, many: false });
const oneOrMore = (fits: RegExp): Part[] => [one(fits), { fits, many: true }];

function partsOfVariable(name: string): Part[] {
  if (name === "Partition") return oneOrMore(/[a-z-]/);
  if (name === "Region") return oneOrMore(/[a-z0-9-]/);
  if (name === "Account") return Array<Part>(12).fill(one(/\d/));
  return oneOrMore(PATHS.test(name) ? /[^:]/ : /[^:/]/);
}

const letter = (each: string): Part =>
  one(new RegExp(`^${each.replace(/[\\^$.*+?()[\]{}|]/, "\\$&")}$`));

const partsOf = (form: string): Part[] =>
  form.split(/(\$\{\w+\})/).flatMap((piece) => {
    const variable = /^\$\{(\w+)\}$/.exec(piece)?.[1];
    return variable === undefined ? [...piece].map(letter) : partsOfVariable(variable);
  });

/**
 * Whether some ARN has the form and is also meant by the pattern, in which `*` and `?` are IAM's
 * wildcards. A made-up resource meets no form of its service.
 */
export function formMeets(form: string, pattern: string): boolean {
  const parts = partsOf(form);
  let places = pastOptional(parts, [0]);
  for (const sign of pattern) places = pastOptional(parts, after(sign, parts, places));
  return places.includes(parts.length);
}

/** Where in the form one can be after one more sign of the pattern. */
function after(sign: string, parts: readonly Part[], places: readonly number[]): number[] {
  if (sign === "*") {
    const first = Math.min(...places);
    return places.length === 0 ? [] : [...parts.keys(), parts.length].filter((at) => at >= first);
  }
  return places.flatMap((at) => {
    const part = parts[at];
    if (part === undefined || !(sign === "?" || part.fits.test(sign))) return [];
    return [part.many ? at : at + 1];
  });
}

/** These places and the ones behind parts that may be empty. */
function pastOptional(parts: readonly Part[], places: readonly number[]): number[] {
  const found = new Set(places);
  for (const at of found) if (parts[at]?.many) found.add(at + 1);
  return [...found];
}
