/** Milliseconds since the epoch. Every room takes its instants from one of these, never from the host. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();

/** NumericDate (RFC 7519 §2): whole seconds, rounded down. */
export const toSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

/** RFC 3339 UTC with milliseconds and `Z`, the form of every time outside a JWS (wire.md). */
export const toInstant = (milliseconds: number): string => new Date(milliseconds).toISOString();

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Milliseconds of an instant in exactly the form that {@link toInstant} writes; NaN for any other text. */
export const fromInstant = (instant: string): number => {
  if (!INSTANT.test(instant)) return Number.NaN;
  const parsed = Date.parse(instant);
  return Number.isNaN(parsed) || toInstant(parsed) !== instant ? Number.NaN : parsed;
};
