/** Milliseconds since the epoch. Every room takes its instants from one of these, never from the host. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();

/** NumericDate (RFC 7519 §2): whole seconds, rounded down. */
export const toSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

/** RFC 3339 UTC with milliseconds and `Z`, the form of every time outside a JWS (PROTOCOL.md). */
export const toInstant = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** Hours to 23: `24:00:00` would be the next day's first instant in other words. */
const INSTANT = /^\d{4}-\d\d-(\d\d)T(?:[01]\d|2[0-3]):\d\d:\d\d\.\d{3}Z$/;

/** Milliseconds of an instant in exactly the form that {@link toInstant} writes; NaN for any other text. */
export const fromInstant = (instant: string): number => {
  const [, day] = INSTANT.exec(instant) ?? [];
  const parsed = day === undefined ? Number.NaN : Date.parse(instant);
  // JavaScript takes the 30th of February for the 2nd of March.
  return new Date(parsed).getUTCDate() === Number(day) ? parsed : Number.NaN;
};
