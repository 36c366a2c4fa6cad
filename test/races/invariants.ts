import { isDeepStrictEqual } from "node:util";
import { readCommand } from "../../lib/lifecycle/command.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { identityEnds } from "../support/identity-ends.ts";
import type { Step } from "../support/schedule/scheduler.ts";
import type { Denial } from "./races.ts";
import type { Seen } from "./seen.ts";

/** What holds in every interleaving, in the words in which it is reported; each answers what it has seen to the contrary. */
export const INVARIANTS: Readonly<Record<string, (seen: Seen) => readonly string[]>> = {
  "the bounded call is made at most once, and behind its barrier 2": calledOnce,
  "nothing is begun behind a denial, or without a look for one": begunBefore,
  "every session is on record, whatever became of it": sessionsTold,
  "one terminal record an identity": endedOnce,
  "a denial is recorded, and names who ordered it": recorded,
  "an answer says what happened": truthful,
  "every chain verifies, and State is what Evidence makes of it": whole,
  "counters are right": counted,
  "what takes nothing from anybody refuses nobody": undisturbed,
  "nothing depends on the clock": timeless,
};

/** Everything that does not hold, as `invariant: what`. */
export const violationsOf = (seen: Seen): string[] =>
  Object.entries(INVARIANTS).flatMap(([invariant, judge]) =>
    judge(seen).map((what) => `${invariant}: ${what}`),
  );

const isCall = ({ at }: Step): boolean => at === "target:call";

/**
 * Whether it was put where nobody overwrites it: of an emergency that is what counts. Whoever reads the chain next stores it,
 * also behind a denial, and also what was refused meanwhile.
 */
const isPut = ({ at }: Step): boolean => at === "breakGlass:write";

/** A step by which an identity is issued, or its session is about to be used or to leave. */
const isBegin = ({ course, writes, isDone }: Step): boolean =>
  course === "use" &&
  isDone &&
  (writes.includes("IdentityIssued") ||
    writes.includes("ExecutionStarted") ||
    isDelivery({ writes }));

/** A session that was refused before it left is on record too, with that. */
const isDelivery = ({ writes }: Pick<Step, "writes">): boolean =>
  writes.includes("CredentialsMinted") && !writes.includes("ExecutionRejected");

function calledOnce({ steps, race }: Seen): string[] {
  const isStart = ({ writes, isDone }: Step) => isDone && writes.includes("ExecutionStarted");
  const calls = [...steps.entries()].filter(([, step]) => isCall(step));
  // What takes an effect back is a call of its own, by an identity of its own.
  const most = race.use === "issue rollback" ? 2 : 1;
  return [
    ...(calls.length > most ? [`it was made ${calls.length} times`] : []),
    ...calls.flatMap(([at], made) =>
      steps.slice(0, at).filter(isStart).length > made
        ? []
        : ["it was made, and no ExecutionStarted of its own stood before it"],
    ),
  ];
}

/** What commits a denial: a mark, or a record of the registry's chain with the new documents. */
const COMMITS: Readonly<Record<Denial, string | undefined>> = {
  revokeIdentity: "denial:write",
  revokeContract: "denial:write",
  haltActor: "AgentHalted",
  publishTrustPolicy: "TrustPolicyPublished",
  unrelated: undefined,
  attest: "AttestationRecorded",
  supersede: "denial:write",
};

/** What is on the intent's own chain, or beside its head: every barrier is conditional on both. */
const ON_THE_CHAIN: ReadonlySet<Denial> = new Set([
  ...(["revokeIdentity", "revokeContract", "attest", "supersede"] as const),
]);

/** The member of a record that is the order itself. */
const ORDER: Readonly<Record<Denial, string>> = {
  ...{ revokeIdentity: "command", revokeContract: "command", haltActor: "command" },
  ...{ publishTrustPolicy: "trustPolicy", unrelated: "trustPolicy" },
  ...{ attest: "attestation", supersede: "decision" },
};

/** Where the denial was committed; `undefined`: it was not. */
function deniedAt({ steps, race }: Seen): number | undefined {
  const commit = COMMITS[race.denial];
  const at = steps.findIndex(
    ({ course, at: where, writes, isDone }) =>
      course === "denial" && isDone && commit !== undefined && [where, ...writes].includes(commit),
  );
  return at < 0 ? undefined : at;
}

/**
 * A mark stands in the item that every barrier is conditional on: behind it nothing is begun at all. Heads of the Registry
 * are read, and again once there is a session: behind their change nothing is begun by whoever has read them since.
 */
function begunBefore(seen: Seen): string[] {
  const { steps, race } = seen;
  const denied = deniedAt(seen) ?? Number.POSITIVE_INFINITY;
  const isMark = ON_THE_CHAIN.has(race.denial);
  const session = steps.findIndex(({ at }) => at === "sts");
  const isEmergency = race.use === "issue emergency";
  // What an emergency has put and was refused then has begun nothing.
  if (isEmergency && !steps.some(isCall)) return [];
  const isSpooled = steps.some((step) => isPut(step) && isBegin(step));
  if (isEmergency && !isSpooled) return ["it was begun, and nothing of it was put"];
  return [...steps.entries()].flatMap(([index, step]) => {
    if (!isBegin(step) || isEmergency !== isPut(step)) return [];
    if (isOfAnother(seen, index)) return [];
    const looked = lastLook(steps.slice(0, index));
    const isLate = index > denied && (isMark || looked > denied);
    return [
      ...(isLate ? [`${step.writes} (step ${index}) behind step ${denied}`] : []),
      ...(session < index && looked < session ? [`${step.writes} without another look`] : []),
    ];
  });
}

/** The rollback is another identity's than the one that is revoked, from where it is triggered. */
const isOfAnother = ({ race, steps }: Seen, index: number): boolean =>
  race.denial === "revokeIdentity" && isTriggered(steps.slice(0, index));

const isTriggered = (steps: readonly Step[]): boolean =>
  steps.some(({ writes, isDone }) => isDone && writes.includes("RollbackTriggered"));

/** Where the heads of the Registry were last read for the use. */
const lastLook = (steps: readonly Step[]): number =>
  steps.findLastIndex(
    ({ course, touches }) =>
      course === "use" &&
      touches.some(({ table, pk }) => table === "registry" && pk === "registry"),
  );

function sessionsTold({ steps, records }: Seen): string[] {
  const obtained = steps.filter(({ at, isDone }) => at === "sts" && isDone).length;
  // By their keys: of an emergency that is refused behind its put both records tell of one.
  const told = new Set(
    records.flatMap(({ event, detail }) => [
      ...(event.type === "CredentialsMinted" ? [detail["accessKeyId"]] : []),
      ...(detail["unusedAccessKeyId"] === undefined ? [] : [detail["unusedAccessKeyId"]]),
    ]),
  );
  return obtained === told.size ? [] : [`${obtained} were obtained, ${told.size} are told of`];
}

function endedOnce({ records }: Seen): string[] {
  const { open, twice, unissued } = identityEnds(records);
  return [
    ...open.map((id) => `${id} has none`),
    ...twice.map((id) => `${id} has several`),
    ...unissued.map((id) => `${id} was never issued`),
  ];
}

const TOLD: ReadonlySet<string> = new Set([
  ...["RevocationRequested", "AgentHalted", "TrustPolicyPublished"],
  ...["AttestationRecorded", "DecisionSuperseded"],
]);

function recorded(seen: Seen): string[] {
  const { denial, records, order, race, unswept } = seen;
  const commit = COMMITS[race.denial];
  const own = records.filter(({ detail }) => detail[ORDER[race.denial]] === order);
  const isDue = denial?.ok === true || deniedAt(seen) !== undefined;
  const requested = own.filter(({ event }) => TOLD.has(event.type));
  const isOrdered = ORDER[race.denial] === "command";
  const command = isOrdered ? readCommand(own[0]?.detail["command"]) : undefined;
  const isNamed =
    !isOrdered || (command !== undefined && !isRefusal(command) && command.claims.iss === "olga");
  return [
    ...(unswept !== 0 ? [`sweep was left with ${unswept}`] : []),
    ...(isDue && requested.length !== 1 ? [`${requested.length} records of ${commit}`] : []),
    ...(isDue && !isNamed ? ["nobody is named"] : []),
    ...(isDue || own.length === 0 ? [] : ["it is recorded, and was never committed"]),
    ...unrefused(seen),
  ];
}

/** A denial is refused for one reason alone: what it names was not there when it was looked for last. */
function unrefused({ denial, steps, race }: Seen): string[] {
  if (denial === undefined) return ["it was never answered"];
  if (denial.ok) return [];
  // With an effect that nobody saw its contract ends: nobody's word on it is needed any more.
  const isOver = race.use === "issue rollback" && isTriggered(steps);
  if (isOver && denial.code === "CONTRACT_CONSUMED") return [];
  if (denial.code !== "IDENTITY_UNKNOWN") return [`it was refused: ${denial.code}`];
  // An index of Evidence finds what is stored, and not yet what is put.
  const issued = steps.findIndex(
    (step) => step.isDone && !isPut(step) && step.writes.includes("IdentityIssued"),
  );
  const looked = steps.findLastIndex(
    ({ course, at }) => course === "denial" && at === "index:read",
  );
  return issued >= 0 && issued < looked ? ["it was refused, and the identity was there"] : [];
}

function truthful({ use, race, steps, records }: Seen): string[] {
  if (use === undefined) return ["the request was never answered"];
  const isCalled = steps.some(isCall);
  const places = records.map(({ chain }) => `${chain.id}#${chain.seq}`);
  if (!use.ok) {
    const { evidence } = use;
    const isThere = evidence && places.includes(`${evidence.chainId}#${evidence.seq}`);
    return [
      ...(isCalled ? [`refused with ${use.code}, and the call was made`] : []),
      ...(isThere === true ? [] : [`refused with ${use.code}, and no record of it is there`]),
      ...(steps.some((step) => step.isDone && isDelivery(step) && race.use !== "issue emergency")
        ? [`refused with ${use.code}, and recorded as delivered`]
        : []),
    ];
  }
  const { identityId } = use.identity;
  const types = records
    .filter(({ identity }) => identity?.id === identityId)
    .map(({ event }) => event.type);
  const isDelivered = steps.some((step) => step.isDone && isDelivery(step));
  const missing =
    race.use === "issue credentials"
      ? [use.credentials !== undefined || "credentials", isDelivered || "CredentialsMinted"]
      : [
          use.outcome?.status === "succeeded" || "an outcome",
          isCalled || "a call",
          types.includes("ExecutionCompleted") || "ExecutionCompleted",
        ];
  return missing.filter((each) => each !== true).map((each) => `granted without ${each}`);
}

function whole({ broken, state, rebuilt }: Seen): string[] {
  const keys = new Set([...state.keys(), ...rebuilt.keys()]);
  const differing = [...keys].filter((key) => !isDeepStrictEqual(state.get(key), rebuilt.get(key)));
  return [...broken, ...differing.map((key) => `State differs in ${key}`)];
}

/** Few refusals are written singly: what was counted beside them are those of nobody's chain, and none is left over. */
function counted({ counters, records }: Seen): string[] {
  const sum = (name: string): number =>
    counters.reduce((total, item) => total + Number(item[name] ?? 0), 0);
  const { length } = records.filter(
    ({ event, chain }) => event.type === "IdentityDenied" && chain.id.startsWith("unattributed/"),
  );
  return [
    ...(sum("n") === length ? [] : [`${sum("n")} were counted, ${length} are on record`]),
    ...(sum("unwritten") === 0 ? [] : [`${sum("unwritten")} are not written`]),
  ];
}

function undisturbed({ race, use }: Seen): string[] {
  const isRefused = race.denial === "unrelated" && use?.ok !== true;
  return isRefused ? [`it was refused: ${JSON.stringify(use)}`] : [];
}

/** Milliseconds: far less than any window or invocation here, so that no time passed decides anything. */
const SHORT = 20_000;
const LOOKING = 30_000;

function timeless({ waited, race }: Seen): string[] {
  // What takes an effect back has looked for it first, for as long as the invocation allows.
  const most = race.use === "issue rollback" ? LOOKING : SHORT;
  return waited <= most ? [] : [`${waited} ms were waited`];
}
