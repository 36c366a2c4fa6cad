import type { History } from "../history.ts";
import type { Observation, Violation } from "../observation.ts";

/** No live authority without a record: each session and each use of one stands in evidence before it is. */
export function recorded({ feed }: Observation, history: History): Omit<Violation, "invariant">[] {
  return feed.flatMap(({ name, seq, error, sourceIdentity, session, isEffect }) => {
    const isSession = name === "sts AssumeRole" && sourceIdentity !== undefined;
    if (!isEffect && (!isSession || error !== undefined)) return [];
    const identity = history.ofSession(isEffect ? session : sourceIdentity);
    const what = isEffect ? "the target was called" : "a session was obtained";
    if (identity === undefined)
      return [{ what: `${what} for no identity on record (call ${seq})` }];
    const type = isEffect ? "ExecutionStarted" : "IdentityIssued";
    const isBefore = identity.records.some(
      ({ record, at }) => record.event.type === type && at !== undefined && at < seq,
    );
    const { chainId } = identity;
    return isBefore ? [] : [{ what: `${what} without ${type} before it (call ${seq})`, chainId }];
  });
}
