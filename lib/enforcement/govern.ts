import { toSeconds } from "../clock.ts";
import { FUNCTION_TIMEOUT_SECONDS } from "../config.ts";
import { documentDigest } from "../encoding/canonical-json.ts";
import { sha256Digest } from "../encoding/digest.ts";
import { jwkThumbprint } from "../encoding/jwk.ts";
import { limitProblem } from "../encoding/strict-json.ts";
import { genesisHead, REGISTRY_CHAIN } from "../evidence/chain.ts";
import type { AppendResult } from "../evidence/ports.ts";
import type { RecordDraft } from "../evidence/record.ts";
import { isRefusal, pointer, type Refusal, refuse } from "../refusal.ts";
import { type TrustPolicy, trustedThumbprints, trustPolicyGenesis } from "../trust/policy.ts";
import { planeKeysAt, type ReadTrustPolicy, readTrustPolicy } from "../trust/read.ts";
import { NO_RESTRICTIONS, restrictionsText } from "../trust/restrictions.ts";
import type { RefusedAnswer } from "./answer.ts";
import { backOff, sealBatch } from "./append.ts";
import { refusalOf } from "./conclude.ts";
import { Course } from "./course.ts";
import type { Invocation, PlaneDeps } from "./deps.ts";
import { digestOfEvent } from "./event.ts";
import { answerRefusal, denialDrafts, recordUnattributed } from "./refusals.ts";
import { readTrust } from "./registry.ts";
import type { Heads, RegistryChange, RegistryHead } from "./registry-port.ts";
import type { TrustSnapshot } from "./trust-snapshot.ts";
import { outcomeOf } from "./verdict-outcome.ts";

/** The answer to a command of people (wire.md §10). */
export interface CommandAnswer {
  readonly ok: true;
  /** Whether this very policy was in force already. */
  readonly deduplicated: boolean;
  readonly state: "PUBLISHED";
  readonly inFlight: 0;
  readonly points: readonly [];
  readonly evidence: { readonly chainId: string; readonly seq: number };
}

/**
 * Commands of people. This version has `publishTrustPolicy`, judged by anchor, plane, version, `prev` and head
 * alone, so that a plane whose policy expired can be given a new one (wire.md §6, §10). Never throws.
 */
export async function govern(
  event: unknown,
  deps: PlaneDeps,
  invocation: Invocation,
): Promise<CommandAnswer | RefusedAnswer> {
  const course = new Course(deps, invocation, digestOfEvent(event));
  try {
    const command = course.note("parse", readCommand(event));
    const result = isRefusal(command) ? command : await publish(deps, course, command);
    return isRefusal(result) ? await answerDenied(deps, course, result) : result;
  } catch (fault) {
    return answerDenied(deps, course, refusalOf(fault));
  }
}

const malformed = (detail: string, where: string): Refusal =>
  refuse("COMMAND_MALFORMED", detail, where);

function readCommand(event: unknown): string | Refusal {
  if (typeof event !== "object" || event === null || Array.isArray(event)) {
    return malformed("the event is not a JSON object", "");
  }
  const problem = limitProblem(event);
  if (problem !== undefined) return malformed(`the event ${problem.detail}`, problem.pointer);
  const { op, trustPolicy, ...others } = event as Record<string, unknown>;
  const later = ["register", "supersede", "approve", "command"];
  if (typeof op === "string" && later.includes(op)) {
    return refuse("NOT_SUPPORTED", `this version does not have ${op}`, "/op");
  }
  if (op !== "publishTrustPolicy") return malformed("must be publishTrustPolicy", "/op");
  const [foreign] = Object.keys(others);
  if (foreign !== undefined)
    return malformed("is not a member of this command", pointer("", [foreign]));
  return typeof trustPolicy === "string"
    ? trustPolicy
    : malformed("must be a compact JWS", "/trustPolicy");
}

async function publish(
  deps: PlaneDeps,
  course: Course,
  compact: string,
): Promise<CommandAnswer | Refusal> {
  course.enter("contract");
  const next = course.note("trustPolicy", readNext(deps, compact));
  if (isRefusal(next)) return next;
  for (let attempt = 0; ; attempt++) {
    const [current, evidence, plane] = await Promise.all([
      openCurrent(deps),
      deps.signer.keyid(),
      deps.planeSigner.keyid(),
    ]);
    const inForce = course.note("registry", current);
    if (isRefusal(inForce)) return inForce;
    if (inForce !== undefined) course.read(inForce);
    if (inForce?.digest === next.digest) return answered(inForce.head.seq, true);
    const refusal = course.judge([
      ["succession", () => judgeSuccession(next, inForce, deps.plane.id)],
      ["planeKeys", () => judgePlaneKeys(next.policy, inForce, { evidence, plane })],
      ["keysInTime", () => judgeKeyTimes(next.policy, inForce, { evidence, plane }, deps.clock())],
      ["anchors", () => judgeAnchors(next.policy, deps.anchors)],
    ]);
    if (refusal !== undefined) return refusal;
    const answer = await commitPolicy(deps, course, next, inForce);
    if (answer !== undefined) return answer;
    await backOff(deps, course, attempt);
  }
}

/**
 * What is in force, as the sealed chain says it; `undefined` before the first publication. A Registry that disagrees
 * with its chain is continued by nobody: a publication would seal what a table's writer put there.
 */
async function openCurrent(deps: PlaneDeps): Promise<TrustSnapshot | Refusal | undefined> {
  const { heads, trust } = await readTrust(deps);
  return isRefusal(trust) && (await isUnborn(deps, heads)) ? undefined : trust;
}

/** Nothing of a publication is anywhere, and this process has never seen one. */
async function isUnborn({ registry, memory }: PlaneDeps, heads: Heads): Promise<boolean> {
  const isThere =
    memory.trust !== undefined || heads.registry !== undefined || heads.registryChain !== undefined;
  if (isThere || heads.isContinued) return false;
  const { restrictions, isContinued } = await registry.readDocuments(undefined);
  return restrictions === undefined && !isContinued;
}

/** Form, anchor and plane: what can be judged before anything is read. */
function readNext(deps: PlaneDeps, compact: string): ReadTrustPolicy | Refusal {
  const read = readTrustPolicy(compact, deps.anchors);
  if ("kind" in read) {
    const where = `/trustPolicy${read.pointer}`;
    return read.kind === "form"
      ? malformed(`${where} ${read.detail}`, where)
      : refuse("CHAIN_ROOT_UNKNOWN", `the trust policy ${read.detail}`, "/trustPolicy");
  }
  if (read.policy.plane !== deps.plane.id) {
    return refuse(
      "AUDIENCE_MISMATCH",
      `the trust policy is for ${read.policy.plane}`,
      "/trustPolicy/plane",
    );
  }
  return toSeconds(deps.clock()) < read.policy.exp
    ? read
    : malformed("has ended already", "/trustPolicy/exp");
}

/** Version and `prev` continue what is in force; version 1 only while nothing was ever published (wire.md §6). */
function judgeSuccession(
  next: ReadTrustPolicy,
  inForce: TrustSnapshot | undefined,
  plane: string,
): Refusal | undefined {
  const [version, prev] =
    inForce === undefined
      ? [1, trustPolicyGenesis(plane)]
      : [inForce.head.version + 1, inForce.head.trustPolicyDigest];
  if (next.policy.version !== version) {
    return refuse("CHAIN_BROKEN", `the next version is ${version}`, "/trustPolicy/version");
  }
  return next.policy.prev === prev
    ? undefined
    : refuse("CHAIN_BROKEN", `prev must be ${prev}`, "/trustPolicy/prev");
}

type InUse = Readonly<Record<"evidence" | "plane", string>>;

/** Evidence must stay verifiable for ever: plane keys are only added to or ended, and the ones in use are there. */
function judgePlaneKeys(
  next: TrustPolicy,
  inForce: TrustSnapshot | undefined,
  keyids: InUse,
): Refusal | undefined {
  for (const use of ["evidence", "plane"] as const) {
    const isNamed = next.planeKeys.some(
      (each) => each.use === use && jwkThumbprint(each.key) === keyids[use],
    );
    if (!isNamed) return notInUse(use, keyids);
  }
  const before = inForce?.policy.planeKeys ?? [];
  const lost = before.findIndex((old) => !next.planeKeys.some((each) => continues(each, old)));
  return lost < 0
    ? undefined
    : malformed(
        `drops or alters plane key ${lost} of version ${inForce?.head.version}`,
        "/trustPolicy/planeKeys",
      );
}

const notInUse = (use: keyof InUse, keyids: InUse): Refusal =>
  malformed(
    `must hold the ${use} key ${keyids[use]} that the functions sign with, in force now`,
    "/trustPolicy/planeKeys",
  );

/** Seconds: four times a function's life, so that nothing that a running one seals, or has sealed, is ended by it. */
const END_AHEAD = 4 * FUNCTION_TIMEOUT_SECONDS;

/**
 * The keys in use are good now, and a key ends later than anything that it may have sealed: no read tells which record
 * of all chains is its newest, so an end in the past could make genuine evidence unbelievable for ever (wire.md §6).
 */
function judgeKeyTimes(
  next: TrustPolicy,
  inForce: TrustSnapshot | undefined,
  keyids: InUse,
  now: number,
): Refusal | undefined {
  const seconds = toSeconds(now);
  for (const use of ["evidence", "plane"] as const) {
    const good = planeKeysAt(next, use, seconds);
    if (!good.some(({ key }) => jwkThumbprint(key) === keyids[use])) return notInUse(use, keyids);
  }
  const known = new Map(
    inForce?.policy.planeKeys.map(({ key, notAfter }) => [jwkThumbprint(key), notAfter]),
  );
  const early = next.planeKeys.findIndex(
    ({ key, notAfter }) =>
      notAfter !== undefined &&
      notAfter !== known.get(jwkThumbprint(key)) &&
      notAfter < seconds + END_AHEAD,
  );
  return early < 0
    ? undefined
    : malformed(
        `must lie at least ${END_AHEAD} s ahead: ${seconds + END_AHEAD} or later`,
        `/trustPolicy/planeKeys/${early}/notAfter`,
      );
}

/** Whoever says whom to believe is nobody that is believed: an anchor's key has no other role (wire.md §6). */
function judgeAnchors(next: TrustPolicy, anchors: PlaneDeps["anchors"]): Refusal | undefined {
  const held = trustedThumbprints(next);
  const anchor = anchors.find(({ thumbprint }) => held.has(thumbprint));
  return anchor === undefined
    ? undefined
    : malformed(`holds the anchor's key ${anchor.thumbprint} in another role`, "/trustPolicy");
}

type PlaneKey = TrustPolicy["planeKeys"][number];

/** The same key in the same use from the same time; an end may be added, a revocation never taken back. */
const continues = (next: PlaneKey, old: PlaneKey): boolean =>
  next.use === old.use &&
  documentDigest(next.key) === documentDigest(old.key) &&
  next.notBefore === old.notBefore &&
  (old.notAfter === undefined || next.notAfter === old.notAfter) &&
  (old.revokedAt === undefined || next.revokedAt === old.revokedAt);

/** The documents, the head and the record on `plane/registry`, all or none; `undefined` when somebody was faster. */
async function commitPolicy(
  deps: PlaneDeps,
  course: Course,
  next: ReadTrustPolicy,
  inForce: TrustSnapshot | undefined,
): Promise<CommandAnswer | undefined> {
  const restrictions = restrictionsText(inForce?.restrictions ?? NO_RESTRICTIONS);
  const documents = {
    version: next.policy.version,
    trustPolicyDigest: next.digest,
    restrictionsDigest: sha256Digest(restrictions),
  };
  const record: RecordDraft = {
    type: "TrustPolicyPublished",
    // Said by this record alone: if it is not written, no other may speak of this version.
    about: { trustPolicy: { version: documents.version, digest: documents.trustPolicyDigest } },
    detail: { ...documents, trustPolicy: next.jws.compact, signedBy: next.jws.header.kid },
  };
  const from = inForce?.head;
  const head =
    from === undefined
      ? genesisHead(deps.plane.id, REGISTRY_CHAIN)
      : { seq: from.seq, hash: from.recordHash };
  const where = { chainId: REGISTRY_CHAIN, head };
  const { append } = await sealBatch(deps, course, where, { drafts: [record] }, next.policy);
  const to: RegistryHead = { ...documents, seq: append.to.seq, recordHash: append.to.hash };
  const change = { from, to, trustPolicy: next.jws.compact, restrictions, append };
  const result = await storeChange(deps, change);
  return result === "appended" ? answered(append.to.seq, false) : undefined;
}

/** Stores a change. A lost answer is read back before it counts as failed. */
async function storeChange(deps: PlaneDeps, change: RegistryChange): Promise<AppendResult> {
  try {
    return await deps.registry.commit(change);
  } catch (fault) {
    const stored = await deps.registry.readDocuments(change.to).catch(() => undefined);
    const [row] = change.append.rows;
    if (row !== undefined && stored?.last?.record === row.record) return "appended";
    throw fault;
  }
}

const answered = (seq: number, deduplicated: boolean): CommandAnswer => ({
  ok: true,
  deduplicated,
  state: "PUBLISHED",
  inFlight: 0,
  points: [],
  evidence: { chainId: REGISTRY_CHAIN, seq },
});

const CHECK_NAMES = [
  "parse",
  "trustPolicy",
  "registry",
  "succession",
  "planeKeys",
  "keysInTime",
  "anchors",
];

function answerDenied(deps: PlaneDeps, course: Course, refusal: Refusal): Promise<RefusedAnswer> {
  const denial = {
    refusal,
    stage: course.stage,
    checkNames: CHECK_NAMES,
  };
  const requested: RecordDraft = {
    type: "IdentityRequested",
    verdict: { outcome: outcomeOf(refusal) },
    detail: { eventDigest: course.eventDigest },
  };
  const drafts = [requested, ...denialDrafts(course, denial)];
  return answerRefusal(course, denial, () => recordUnattributed(deps, course, drafts));
}
