import type { History } from "../history.ts";
import type { Observation, Violation } from "../observation.ts";

const BEGINS: ReadonlySet<string> = new Set([
  ...["IdentityIssued", "CredentialsMinted", "ExecutionStarted"],
]);

/** Every contract ends: once its window is over nothing more is granted, on record, at STS or at a target. */
export function over(
  { answers, feed, contracts, overAt }: Observation,
  history: History,
): Omit<Violation, "invariant">[] {
  const granted = answers.flatMap(({ said, isLate }) =>
    isLate && typeof said === "object" && "identity" in said && !said.deduplicated
      ? [{ what: "it was granted after every window", chainId: `intent/${said.identity.intentId}` }]
      : [],
  );
  const called = feed.flatMap(({ seq, name, error, sourceIdentity, isEffect }) =>
    seq > overAt && error === undefined && (isEffect || sourceIdentity !== undefined)
      ? [
          {
            what: `${name} after every window (call ${seq})`,
            chainId: history.ofSession(sourceIdentity)?.chainId,
          },
        ]
      : [],
  );
  const begun = contracts.flatMap(({ digest, exp, chainId }) =>
    history.records
      .filter(({ record }) => record.contract?.digest === digest)
      .filter(({ record: { event } }) => BEGINS.has(event.type) && Date.parse(event.at) >= exp)
      .map(({ record }) => ({ what: `${record.event.type} after the contract's end`, chainId })),
  );
  return [...granted, ...called, ...begun];
}
