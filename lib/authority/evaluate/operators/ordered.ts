import { type Operator, pair } from "./operator.ts";

type Read = (text: string) => number | undefined;
type Compare = (actual: number, wanted: number) => boolean;

/** An operator over values with an order. */
const ordered =
  (read: Read, compare: Compare): Operator["compile"] =>
  (text) => {
    const wanted = read(text);
    if (wanted === undefined) return undefined;
    return (actual) => {
      const value = read(actual);
      return value === undefined ? undefined : compare(value, wanted);
    };
  };

const family = (prefix: string, read: Read): [string, Operator][] => [
  ...pair(
    `${prefix}Equals`,
    `${prefix}NotEquals`,
    ordered(read, (actual, wanted) => actual === wanted),
  ),
  [`${prefix}LessThan`, positive(ordered(read, (actual, wanted) => actual < wanted))],
  [`${prefix}LessThanEquals`, positive(ordered(read, (actual, wanted) => actual <= wanted))],
  [`${prefix}GreaterThan`, positive(ordered(read, (actual, wanted) => actual > wanted))],
  [`${prefix}GreaterThanEquals`, positive(ordered(read, (actual, wanted) => actual >= wanted))],
];

const positive = (compile: Operator["compile"]): Operator => ({ negated: false, compile });

const readNumber: Read = (text) =>
  /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text.trim()) ? Number(text) : undefined;

const ISO_8601 = /^\d{4}-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?$/;

/**
 * Milliseconds of a W3C ISO 8601 date, UTC unless it says otherwise, or of epoch seconds. Four
 * digits could be either, a year or seconds of 1970, and are not read.
 */
export function readDate(text: string): number | undefined {
  if (/^\d{5,13}$/.test(text)) return Number(text) * 1000;
  if (!ISO_8601.test(text) || !isDay(text.slice(0, 10))) return undefined;
  const isBare = /T[\d:.]+$/.test(text);
  const instant = Date.parse(isBare ? `${text}Z` : text);
  return Number.isNaN(instant) ? undefined : instant;
}

/** `Date.parse` takes 31 February as a day of March. */
function isDay(text: string): boolean {
  const instant = Date.parse(text);
  return !Number.isNaN(instant) && new Date(instant).toISOString().startsWith(text);
}

export const ORDERED_OPERATORS: [string, Operator][] = [
  ...family("Numeric", readNumber),
  ...family("Date", readDate),
];
