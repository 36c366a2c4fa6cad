import type { CloudTrailEvent } from "../../localstack/machine/control.ts";
import { nameOf, recorded } from "../support/local/faults.ts";
import type { LocalPlane } from "../support/local/plane.ts";

/** The calls of functions and of the sessions that they made while the work ran; the bench's own are not among them. */
export async function callsOf<T>(
  plane: LocalPlane,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly calls: readonly CloudTrailEvent[] }> {
  const { result, calls } = await recorded(plane, work);
  return {
    result,
    calls: calls.filter(({ userIdentity }) => userIdentity.type === "AssumedRole"),
  };
}

/** How many calls there are of each API, the most frequent first: `kms Sign` → 3. */
export function countByApi(calls: readonly CloudTrailEvent[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const call of calls) counts.set(nameOf(call), (counts.get(nameOf(call)) ?? 0) + 1);
  return new Map([...counts].toSorted(([, left], [, right]) => right - left));
}
