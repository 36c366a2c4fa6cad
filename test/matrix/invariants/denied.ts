import { claimsOf, covers, type History, type SeenIdentity } from "../history.ts";
import type { Observation, SeenAnswer, Violation } from "../observation.ts";

/** A denial that was committed: what it covers, and from where in the feed until where. */
interface Denial {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly from: number;
  readonly until: number;
}

/** Something that an identity began, and where in the feed. */
interface Begin {
  readonly identity: SeenIdentity;
  readonly what: string;
  readonly at: number;
}

const BEGINS: ReadonlySet<string> = new Set([
  ...["IdentityIssued", "CredentialsMinted", "ExecutionStarted"],
]);
const DENIALS: ReadonlySet<unknown> = new Set([
  ...["revokeIdentity", "revokeContract", "haltActor", "haltPlane"],
]);

/** No begin after a committed denial: neither on record, nor at STS, nor at a target. */
export function denied(seen: Observation, history: History): Omit<Violation, "invariant">[] {
  const denials = [...onRecord(history), ...objected(history), ...answered(seen, history)];
  return begins(seen, history).flatMap(({ identity, what, at }) => {
    const denial = denials.find(
      (each) => each.from < at && at < each.until && covers(each.claims, identity),
    );
    if (denial === undefined) return [];
    const { chainId } = identity;
    return [
      {
        what: `${what} (call ${at}) after ${denial.claims["do"]}, committed at call ${denial.from}`,
        chainId,
      },
    ];
  });
}

/** What evaluators and deciders have said against a contract, and what was taken back, by its record: nobody lifts it. */
const objected = (history: History): Denial[] =>
  history.records.flatMap(({ record, at }): Denial[] => {
    const { event, detail, contract, chain } = record;
    if (at === undefined) return [];
    const from = { from: at, until: Number.POSITIVE_INFINITY };
    if (event.type === "DecisionSuperseded") {
      return [{ ...from, claims: { do: "supersede", chainId: chain.id } }];
    }
    if (event.type === "DelegationRevoked") {
      return [{ ...from, claims: { do: "withdraw", ended: detail["ended"] } }];
    }
    return event.type === "AttestationRecorded" && detail["verdict"] === "reject"
      ? [{ ...from, claims: { do: "attest", contractDigest: contract?.digest } }]
      : [];
  });

/** Denials by their own records. */
const onRecord = (history: History): Denial[] =>
  history.records.flatMap(({ record, at }) => {
    const claims = claimsOf(record.detail["command"]);
    return at !== undefined && DENIALS.has(claims["do"])
      ? [{ claims, from: at, until: liftedAt(history, claims, at) }]
      : [];
  });

/** Denials that somebody was told of, whether or not they are on record. */
const answered = ({ answers }: Observation, history: History): Denial[] =>
  answers.flatMap(({ command, said, feedEnd }) => {
    const claims = command === undefined ? {} : claimsOf(command);
    if (!DENIALS.has(claims["do"]) || !isCommitted(said)) return [];
    // Sent again after its lift it stands no more.
    const isOver = liftedAt(history, claims, 0) <= feedEnd;
    return isOver ? [] : [{ claims, from: feedEnd, until: liftedAt(history, claims, feedEnd) }];
  });

const isCommitted = (said: SeenAnswer["said"]): boolean =>
  typeof said === "object" &&
  "ok" in said &&
  (said.ok || ("code" in said && said.code === "REVOCATION_FAILED"));

const LIFTS: Readonly<Record<string, string>> = {
  haltActor: "reinstateActor",
  haltPlane: "resumePlane",
};

function liftedAt(history: History, denial: Denial["claims"], from: number): number {
  const verb = LIFTS[String(denial["do"])];
  const places = history.records.flatMap(({ record, at }) => {
    const claims = claimsOf(record.detail["command"]);
    const isLift = claims["do"] === verb && claims["actorId"] === denial["actorId"];
    return isLift && at !== undefined && at > from ? [at] : [];
  });
  return verb === undefined ? Number.POSITIVE_INFINITY : Math.min(...places);
}

function begins({ feed }: Observation, history: History): Begin[] {
  const atAws = feed.flatMap(({ name, seq, error, sourceIdentity, session, isEffect }) => {
    const isSession = name === "sts AssumeRole" && error === undefined;
    const identity = history.ofSession(isEffect ? session : isSession ? sourceIdentity : undefined);
    return identity === undefined ? [] : [{ identity, what: name, at: seq }];
  });
  const recorded = history.identities.flatMap((identity) =>
    identity.records.flatMap(({ record, at }) =>
      BEGINS.has(record.event.type) && at !== undefined
        ? [{ identity, what: record.event.type, at }]
        : [],
    ),
  );
  return [...atAws, ...recorded];
}
