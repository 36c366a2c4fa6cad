import { INVOCATION_MILLISECONDS } from "../config.ts";

/** As much of an identity as tells whether it runs. Times in RFC 3339. */
interface Run {
  readonly startedAt?: string;
  /** Whether the outcome of its call is on record. */
  readonly executed?: true;
}

/** Begun, without an outcome on record, by an invocation that may still live; `now` in milliseconds. */
export const mayRun = ({ startedAt, executed }: Run, now: number): boolean =>
  startedAt !== undefined &&
  executed !== true &&
  Date.parse(startedAt) + INVOCATION_MILLISECONDS >= now;

/**
 * When the last session ends that has the identity's tag, hence that a denial of the tag is about: of a delivered one the
 * session that it was cut from, though nobody holds that.
 */
export const lastEnd = ({
  hardExpiry,
  sessionExpiry,
}: {
  readonly hardExpiry?: string;
  readonly sessionExpiry?: string;
}): string | undefined => sessionExpiry ?? hardExpiry;

/**
 * Whether somebody may hold a session of it that STS honours: its caller, to whom it was delivered, or an invocation
 * that may be running it. A session that an invocation dropped is in nobody's hands.
 */
export function holdsSession(
  identity: Run & { readonly delivery: string; readonly hardExpiry?: string },
  now: number,
): boolean {
  const { delivery, hardExpiry } = identity;
  if (hardExpiry === undefined || Date.parse(hardExpiry) <= now) return false;
  return delivery === "credentials" || mayRun(identity, now);
}
