import { toInstant, toSeconds } from "../../clock.ts";
import { type ReadContract, readContract } from "../../contract/contract.ts";
import { documentDigest } from "../../encoding/canonical-json.ts";
import { present } from "../../encoding/present.ts";
import { intentChain } from "../../evidence/chain.ts";
import { contractView } from "../../evidence/fold.ts";
import type { About, RecordDraft, RecordOf } from "../../evidence/record.ts";
import type { ReadCommand } from "../../lifecycle/command.ts";
import type { Mark } from "../../lifecycle/mark.ts";
import {
  type Denials,
  denialsOf,
  heldSessions,
  joined,
  openPoints,
} from "../../lifecycle/points.ts";
import { Fault, isRefusal, type Refusal, refuse } from "../../refusal.ts";
import type { TrustPolicy } from "../../trust/policy.ts";
import { appendToIntent, type Batch, ready, settled } from "../barriers/append.ts";
import type { RevokeDeps } from "../deps.ts";
import type { Failure, Judgement } from "../judgement.ts";
import { iamPoints, rolePoints, unreachedOf } from "../points/iam-points.ts";
import { quarantine } from "../points/quarantine.ts";
import { denyAtRoles, recordReached } from "../points/reach.ts";
import type { ReachedRole } from "../points/reached.ts";
import { openIdentities, unreadSessions } from "../points/unread.ts";
import { commandKey } from "../read/command-keys.ts";
import { type Intent, readIntent } from "../read/intent.ts";
import { readTrust } from "../read/registry.ts";
import { contractIndexKey } from "../read/state-keys.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import {
  aboutIdentity,
  acknowledgedDraft,
  commandTrigger,
  covered,
  endedDraft,
  inFlight,
  requestedDraft,
  SIGNALS,
  type Target,
} from "../records/denial.ts";
import { withOpening } from "../records/issuance.ts";
import {
  answerOf,
  type CommandAnswer,
  type CommandState,
  replayed,
  type UnreachedAnswer,
} from "./command.ts";

/** Verbs that deny one identity or one contract. */
export type Denying = Extract<
  ReadCommand["claims"],
  { readonly do: "revokeIdentity" | "revokeContract" | "signal" }
>;

export const isDenying = (command: ReadCommand): command is ReadCommand<Denying> =>
  ["revokeIdentity", "revokeContract", "signal"].includes(command.claims.do);

/** A command whose operator is verified. */
export interface Ordered {
  /** The newest that an anchor signed, also where the trust does not hold. */
  readonly policy: TrustPolicy;
  readonly command: ReadCommand<Denying>;
  readonly contract: ReadContract | undefined;
  /** Under it the records are sealed; a refusal while the Registry does not hold: then they are owed. */
  readonly trust: TrustSnapshot | Refusal;
}

/** Where a denial stands: its chain, and what State knows of the command. */
export interface Located extends Ordered {
  readonly chainId: string;
  /** The digest of the command that took this `jti` before. */
  readonly taken: string | undefined;
}

/** How long an index may lag behind a commit, and how often it is asked; milliseconds. */
const INDEX_LAG = 5_000;
const ASK_AGAIN = 250;

/** Finds the chain of what is to be denied; the first round, beside the trust. */
export async function locate(
  deps: RevokeDeps,
  { command: { claims }, contract }: Pick<Ordered, "command" | "contract">,
): Promise<string | Refusal> {
  if (claims.do === "revokeIdentity") {
    return (await chainOfIdentity(deps, claims.identityId)) ?? unknownIdentity();
  }
  // The contract itself says where it belongs; State's row is anybody's who writes it.
  if (contract !== undefined) return intentChain(contract.claims.intent.id);
  const indexed = await deps.denials.valueOf(contractIndexKey(claims.contractDigest));
  return indexed?.startsWith(INTENT) === true ? indexed : unknownContract();
}

const unknownIdentity = (): Refusal =>
  refuse("IDENTITY_UNKNOWN", "no identity of that id was issued here", "/command/identityId");

const unknownContract = (): Refusal =>
  refuse(
    "CONTRACT_UNKNOWN",
    "the contract is not bound here; send it as contract beside the command",
    "/command/contractDigest",
  );

const INTENT = "intent/";

async function chainOfIdentity(deps: RevokeDeps, identityId: string): Promise<string | undefined> {
  const { denials, clock, sleep } = deps;
  const until = clock() + INDEX_LAG;
  for (;;) {
    const chains = await denials.chainsOf(identityId);
    const own = chains.length > 1 ? await whichHas(deps, chains, identityId) : chains[0];
    if (own !== undefined || clock() >= until) return own ?? chains[0];
    await sleep(ASK_AGAIN);
  }
}

/** Of several that the index names, the one whose verified records have issued it: an index is anybody's who writes Evidence. */
async function whichHas(
  deps: RevokeDeps,
  chains: readonly string[],
  identityId: string,
): Promise<string | undefined> {
  const { trust } = await readTrust(deps);
  if (isRefusal(trust)) return undefined;
  for (const chainId of chains) {
    const intent = await readable(deps, { trust, chainId });
    if (intent?.state.identities.has(identityId) === true) return chainId;
  }
  return undefined;
}

/**
 * The denial is committed first, by a mark. Then IAM is told and the records are written, beside each other: neither waits
 * for the other, and what of it cannot be done now is owed.
 */
export async function deny(
  judgement: Judgement<RevokeDeps>,
  located: Located,
): Promise<CommandAnswer | UnreachedAnswer | Failure> {
  const { deps } = judgement;
  const { command, taken } = located;
  const isKnown = taken !== undefined;
  const requestedAt = toInstant(judgement.now);
  if (command.claims.do === "signal" && !(await isListened(deps, located, command.claims))) {
    return note(judgement, located);
  }
  const committedAt = toInstant(deps.clock());
  let unmarked: Fault | undefined;
  if (!isKnown || !(await stands(deps, located))) {
    const refused = await commit(judgement, located, isKnown).catch(asFault);
    if (refused instanceof Fault) unmarked = refused;
    else if (refused !== undefined) {
      return { stage: "contract", check: "commandId", refusal: refused };
    }
  }
  const start = await readable(deps, located);
  const elsewhere = start && judgePlace(located, start);
  if (elsewhere !== undefined) {
    return { stage: "contract", check: "target", refusal: elsewhere };
  }
  const denials = deniedSessions(deps, located, start);
  const [recorded, results] = await Promise.all([
    start === undefined
      ? undefined
      : record(judgement, start, located, { requestedAt, committedAt }),
    denials.then((each) => denyAtRoles(deps, each)),
  ]);
  if (recorded !== undefined) return concluded(judgement, located, recorded, results);
  // A head that nobody can mark keeps nothing from IAM, and nothing from its records; without either it is not denied.
  if (unmarked !== undefined) throw unmarked;
  return answerOf({
    isKnown,
    state: "REVOKED",
    ...(await owedPoints(judgement, requestedAt, results, await denials)),
  });
}

/**
 * A chain that can be read and does not know the contract is not its own: whoever writes State has sent the denial
 * elsewhere, where it denies nobody. One that cannot be read is denied there, as everything that nobody knows.
 */
function judgePlace(
  { command: { claims }, contract }: Located,
  { state }: Intent,
): Refusal | undefined {
  if ("identityId" in claims) {
    return state.identities.has(claims.identityId) ? undefined : unknownIdentity();
  }
  return contract !== undefined || contractView(state, claims.contractDigest).bound !== undefined
    ? undefined
    : unknownContract();
}

/** The chain, if it can be opened now; hindrances hinder records alone. */
async function readable(
  deps: RevokeDeps,
  { trust, chainId }: Pick<Located, "trust" | "chainId">,
): Promise<Intent | undefined> {
  if (isRefusal(trust)) return undefined;
  try {
    const intent = await readIntent(deps, chainId, trust);
    return isRefusal(intent) ? undefined : intent;
  } catch (fault) {
    if (fault instanceof Fault) return undefined;
    throw fault;
  }
}

function asFault(fault: unknown): Fault {
  if (fault instanceof Fault) return fault;
  throw fault;
}

/** Sessions that IAM has to deny: by the chain, or where nobody can read that by what is known besides. */
async function deniedSessions(
  deps: RevokeDeps,
  { command: { claims }, policy }: Located,
  intent: Intent | undefined,
): Promise<Denials> {
  const now = deps.clock();
  const target = targetOf(claims);
  if (intent !== undefined) {
    const identities = covered(intent, target);
    const open = identities.filter(({ end }) => end === undefined);
    return joined(heldSessions(open, now), denialsOf(openPoints(identities, now)));
  }
  const seen = ((await openIdentities(deps)) ?? []).filter((each) =>
    "identityId" in target
      ? each.id === target.identityId
      : each.contractDigest === target.contractDigest,
  );
  const named = "identityId" in target && seen.length === 0 ? [{ id: target.identityId }] : seen;
  return unreadSessions(named, policy, now);
}

/**
 * Whether the contract ends by a signal of that kind, as its issuer has signed it. Where nobody can tell, because the
 * chain cannot be read, it does: not knowing never keeps authority alive.
 */
async function isListened(
  deps: RevokeDeps,
  { trust, chainId, contract: given }: Located,
  { kind, contractDigest }: Extract<Denying, { readonly do: "signal" }>,
): Promise<boolean> {
  const wanted = SIGNALS[kind];
  if (given !== undefined) return given.claims.revokeOn?.includes(wanted) === true;
  const intent = await readable(deps, { trust, chainId });
  if (intent === undefined) return true;
  const bound = readContract(contractView(intent.state, contractDigest).bound?.contract);
  return isRefusal(bound) || bound.claims.revokeOn?.includes(wanted) === true;
}

/** Whether an earlier try of this very command left its mark or its record; else it is committed anew. */
async function stands(deps: RevokeDeps, located: Located): Promise<boolean> {
  const intent = await readable(deps, located);
  if (intent === undefined) return false;
  const { claims, jws } = located.command;
  const target = documentDigest(targetOf(claims));
  return (
    isRecorded(intent, jws.compact) ||
    intent.marks.legible.some(
      (mark) => mark.by === jws.compact && documentDigest(targetOfMark(mark)) === target,
    )
  );
}

const targetOfMark = (mark: Mark): Target =>
  "identityId" in mark ? { identityId: mark.identityId } : { contractDigest: mark.contractDigest };

const isRecorded = ({ records }: Intent, compact: string): boolean =>
  records.some(
    ({ record: { event, detail } }) =>
      event.type === "RevocationRequested" && detail["command"] === compact,
  );

/** Commits the mark, with the command's id, unless that is taken already; why not. */
async function commit(
  { deps }: Judgement<RevokeDeps>,
  { command, chainId }: Located,
  isKnown: boolean,
): Promise<Refusal | undefined> {
  const key = { ...commandKey(command), value: command.jws.digest };
  const mark = markOf(command, deps.clock());
  if ((await deps.denials.mark({ chainId, mark, ...(!isKnown && { key }) })) === "marked") {
    return undefined;
  }
  // Another command with its id came in between. Its own id without a mark, or what is none, keeps nothing from being denied.
  const taken = await deps.denials.valueOf(key);
  if (taken !== undefined && taken !== key.value) return replayed();
  await deps.denials.mark({ chainId, mark });
  return undefined;
}

function markOf({ jws, claims }: ReadCommand<Denying>, now: number): Mark {
  const shared = {
    at: toSeconds(now),
    code: "CONTRACT_REVOKED",
    trigger: commandTrigger(claims),
    by: jws.compact,
  } as const;
  return { ...shared, ...targetOf(claims) };
}

const targetOf = (claims: Denying): Target =>
  claims.do === "revokeIdentity"
    ? { identityId: claims.identityId }
    : { contractDigest: claims.contractDigest };

/** When the command came, and when its denial was committed. */
interface Times {
  readonly requestedAt: string;
  readonly committedAt: string;
}

/** The chain behind a denial's records, and whether they stood there already. */
interface Recorded {
  readonly intent: Intent;
  readonly isRepeated: boolean;
}

/**
 * The records of a denial, whether or not its mark still stands, and the marks that they record taken away; nothing when
 * they cannot be written now: then they are owed, and `sweep` or the same command again writes them.
 */
async function record(
  judgement: Judgement<RevokeDeps>,
  start: Intent,
  located: Located,
  times: Times,
): Promise<Recorded | undefined> {
  const { chainId, command } = located;
  // A chain's first record says whose the intent is.
  if (start.state.head.seq === 0 && located.contract === undefined) return undefined;
  judgement.learn({ intentId: chainId.slice(INTENT.length) });
  try {
    const done = await appendToIntent<Intent, RevokeDeps>(judgement, start, {
      prepare: (intent) =>
        isRecorded(intent, command.jws.compact)
          ? settled(intent)
          : ready(batchOf(judgement, intent, located, times)),
    });
    if (done.kind === "refused") return undefined;
    const isRepeated = done.kind === "settled";
    return { intent: isRepeated ? done.value : done.intent, isRepeated };
  } catch (fault) {
    if (fault instanceof Fault) return undefined;
    throw fault;
  }
}

function batchOf(
  judgement: Judgement<RevokeDeps>,
  intent: Intent,
  { command, contract }: Located,
  { requestedAt, committedAt }: Times,
): Batch {
  const { claims, jws } = command;
  const target = targetOf(claims);
  const all = covered(intent, target);
  const open = all.filter(({ end }) => end === undefined);
  const why = `${claims.iss} ended it: ${claims.reason}`;
  const trigger = commandTrigger(claims);
  const isStill = inFlight(all, judgement.deps.clock()) === 0;
  const drafts: RecordDraft[] = [
    requestedDraft(command, aboutTarget(intent, target, contract), {
      ...{ requestedAt, committedAt },
      isEnding: "contractDigest" in target,
    }),
    ...open.map((identity) => endedDraft(identity, trigger, "IDENTITY_REVOKED", why, requestedAt)),
    ...(isStill ? [acknowledgedDraft("adapter", requestedAt, judgement.deps.clock())] : []),
  ];
  const opened = contract === undefined ? drafts : withOpening(intent, { contract }, drafts);
  const { marks = [] } = intent.marks.stored;
  const marksLeft = Array.isArray(marks)
    ? marks.filter((mark) => mark?.by !== jws.compact)
    : undefined;
  return { drafts: opened, ...present({ marksLeft }) };
}

/** Which contract and identity a denial is about, as far as the chain or the event says. */
function aboutTarget(intent: Intent, target: Target, given: ReadContract | undefined): About {
  if ("identityId" in target) {
    const identity = intent.state.identities.get(target.identityId);
    return identity === undefined ? {} : aboutIdentity(identity);
  }
  const { contractDigest: digest } = target;
  const id = contractView(intent.state, digest).bound?.contractId ?? given?.claims.jti;
  return id === undefined ? {} : { contract: { id, digest } };
}

/** What came of it at IAM goes on record too, if it can be now; the answer says it either way. */
async function concluded(
  judgement: Judgement<RevokeDeps>,
  located: Located,
  { intent: recorded, isRepeated }: Recorded,
  results: readonly ReachedRole[],
): Promise<CommandAnswer | UnreachedAnswer> {
  const { command, taken } = located;
  const now = judgement.deps.clock();
  const intent = await recordReached(judgement, recorded, results).catch((fault: unknown) => {
    if (fault instanceof Fault) return recorded;
    throw fault;
  });
  const target = targetOf(command.claims);
  const identities = covered(intent, target);
  const running = inFlight(identities, now);
  const requestedAt = requestedAtOf(intent, command) ?? toInstant(judgement.now);
  const acknowledged = running === 0 ? { acknowledgedAt: toInstant(now) } : {};
  return answerOf({
    isKnown: taken !== undefined || isRepeated,
    state: stateOf(intent, target),
    inFlight: running,
    points: [{ point: "adapter", requestedAt, ...acknowledged }, ...iamPoints(identities, results)],
    unreached: unreachedOf(identities, results),
    evidence: { chainId: intent.chainId, seq: intent.state.head.seq },
  });
}

function requestedAtOf({ records }: Intent, { jws }: ReadCommand): string | undefined {
  const found = records.find(
    ({ record: { event, detail } }) =>
      event.type === "RevocationRequested" && detail["command"] === jws.compact,
  );
  return (found?.record as RecordOf<"RevocationRequested"> | undefined)?.detail.requestedAt;
}

function stateOf({ state }: Intent, target: Target): CommandState {
  if (!("identityId" in target)) return "REVOKED";
  return state.identities.get(target.identityId)?.end?.state ?? "REVOKED";
}

/** Nobody could look what is running: at least one may be. */
async function owedPoints(
  judgement: Judgement<RevokeDeps>,
  requestedAt: string,
  results: readonly ReachedRole[],
  denials: Denials,
) {
  const refused = results.flatMap((each) => (each.state === "refused" ? [each] : []));
  if (refused.length > 0) await quarantine(judgement, refused);
  return {
    inFlight: 1,
    points: [
      { point: "adapter" as const, requestedAt },
      ...rolePoints(results, requestedAt, denials),
    ],
    unreached: refused.map(({ role }) => role),
  };
}

/** Records of a chain from which on a signal that ends nothing is not written: it must not use an intent up. */
const CHAIN_CEILING = 120;

/** A signal that the contract does not list is recorded and ends nothing. */
async function note(
  judgement: Judgement<RevokeDeps>,
  { trust, chainId, command, contract, taken }: Located,
): Promise<CommandAnswer | Failure> {
  const { deps } = judgement;
  const start = isRefusal(trust) ? trust : await readIntent(deps, chainId, trust);
  if (isRefusal(start)) return judgement.fail(start);
  judgement.learn({ intentId: chainId.slice(INTENT.length) });
  const key = { ...commandKey(command), value: command.jws.digest };
  const requestedAt = toInstant(judgement.now);
  const done = await appendToIntent<Intent, RevokeDeps>(judgement, start, {
    prepare: (intent) => {
      const isLong = intent.state.head.seq >= CHAIN_CEILING;
      if (isLong || isRecorded(intent, command.jws.compact)) return settled(intent);
      const about = aboutTarget(intent, targetOf(command.claims), contract);
      const draft = requestedDraft(command, about, {
        ...{ requestedAt, committedAt: requestedAt },
        isEnding: false,
      });
      const drafts = contract === undefined ? [draft] : withOpening(intent, { contract }, [draft]);
      return ready({ drafts, ...(taken === undefined && { keys: [key] }) });
    },
    onTaken: () => judgement.fail(replayed()),
  });
  if (done.kind === "refused") return done.failure;
  const intent = done.kind === "settled" ? done.value : done.intent;
  const isTold = isRecorded(intent, command.jws.compact);
  return {
    ...{ ok: true, deduplicated: isTold && done.kind === "settled", state: "NOTED", inFlight: 0 },
    points: [],
    ...(isTold && { evidence: { chainId, seq: intent.state.head.seq } }),
  };
}
