import { toSeconds } from "../clock.ts";
import { documentDigest } from "../encoding/canonical-json.ts";
import { sha256Digest } from "../encoding/digest.ts";
import { jwkThumbprint } from "../encoding/jwk.ts";
import { limitProblem } from "../encoding/strict-json.ts";
import { headAfter, REGISTRY_CHAIN } from "../evidence/chain.ts";
import { signRecords } from "../evidence/envelope.ts";
import type { Append, AppendResult } from "../evidence/ports.ts";
import type { RecordDraft } from "../evidence/statement.ts";
import { isRefusal, pointer, type Refusal, refuse } from "../refusal.ts";
import { type TrustPolicy, trustPolicyGenesis } from "../trust/policy.ts";
import { planeKeysAt, type ReadTrustPolicy, readTrustPolicy } from "../trust/read.ts";
import { NO_RESTRICTIONS, restrictionsText } from "../trust/restrictions.ts";
import type { RefusedAnswer } from "./answer.ts";
import { backOff, place } from "./append.ts";
import { refusalOf } from "./conclude.ts";
import { Course } from "./course.ts";
import type { Invocation, PlaneDeps } from "./deps.ts";
import { digestOfEvent } from "./event.ts";

import { answerRefusal, denialDrafts, recordUnattributed, tailOf } from "./refusals.ts";
import type { RegistryChange, RegistryHead, RegistryRead } from "./registry-port.ts";
import { openRegistry, type TrustSnapshot } from "./trust-snapshot.ts";
import { outcomeOf } from "./verdict-outcome.ts";

/** The answer to a command of people (wire.md §10). */
export interface CommandAnswer {
  readonly ok: true;
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
      deps.registry.read(),
      deps.signer.keyid(),
      deps.planeSigner.keyid(),
    ]);
    const inForce = course.note("registry", await openCurrent(deps, current));
    if (isRefusal(inForce)) return inForce;
    if (inForce?.digest === next.digest) return answered(current.chain.head?.seq ?? 0);
    const refusal = course.judge([
      ["succession", () => judgeSuccession(next, inForce, deps.plane.id)],
      ["planeKeys", () => judgePlaneKeys(next.policy, inForce, { evidence, plane }, course.now)],
    ]);
    if (refusal !== undefined) return refusal;
    const answer = await commitPolicy(deps, course, next, current);
    if (answer !== undefined) return answer;
    await backOff(deps, course, attempt);
  }
}

/**
 * What is in force, as the signed chain says it; `undefined` before the first publication. A Registry that disagrees
 * with its chain is continued by nobody: a publication would sign what a table's writer put there.
 */
async function openCurrent(
  deps: PlaneDeps,
  first: RegistryRead,
): Promise<TrustSnapshot | Refusal | undefined> {
  if (isUnborn(first)) return undefined;
  const opened = openRegistry(first, deps.plane, deps.anchors);
  return isRefusal(opened)
    ? openRegistry(await deps.registry.read(), deps.plane, deps.anchors)
    : opened;
}

const isUnborn = ({ head, trustPolicy, restrictions, chain }: RegistryRead): boolean =>
  [head, trustPolicy, restrictions, chain.head].every((part) => part === undefined) &&
  chain.rows.length === 0;

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

/** Evidence must stay verifiable for ever: plane keys are only added to or ended, and the ones in use are there. */
function judgePlaneKeys(
  next: TrustPolicy,
  inForce: TrustSnapshot | undefined,
  keyids: Readonly<Record<"evidence" | "plane", string>>,
  now: number,
): Refusal | undefined {
  for (const use of ["evidence", "plane"] as const) {
    const inUse = planeKeysAt(next, use, toSeconds(now));
    if (inUse.some(({ key }) => jwkThumbprint(key) === keyids[use])) continue;
    return malformed(
      `must hold the ${use} key ${keyids[use]} that the functions sign with`,
      "/trustPolicy/planeKeys",
    );
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
  current: RegistryRead,
): Promise<CommandAnswer | undefined> {
  const restrictions = current.restrictions ?? restrictionsText(NO_RESTRICTIONS);
  const to: RegistryHead = {
    version: next.policy.version,
    trustPolicyDigest: next.digest,
    restrictionsDigest: sha256Digest(restrictions),
  };
  const record: RecordDraft = {
    type: "TrustPolicyPublished",
    // Said by this record alone: if it is not written, no other may speak of this version.
    about: { trustPolicy: { version: to.version, digest: to.trustPolicyDigest } },
    detail: { ...to, trustPolicy: next.jws.compact, signedBy: next.jws.header.kid },
  };
  const from = await tailOf(deps, REGISTRY_CHAIN);
  const records = place(deps, course, REGISTRY_CHAIN, from, [record]);
  const rows = await signRecords(records, deps.signer);
  const append: Append = { chainId: REGISTRY_CHAIN, from, to: headAfter(records, from), rows };
  const change = { from: current.head, to, trustPolicy: next.jws.compact, restrictions, append };
  const result = await storeChange(deps, change);
  return result === "appended" ? answered(append.to.seq) : undefined;
}

/** Stores a change. A lost answer is read back before it counts as failed. */
async function storeChange(deps: PlaneDeps, change: RegistryChange): Promise<AppendResult> {
  try {
    return await deps.registry.commit(change);
  } catch (fault) {
    const { chain } = await deps.registry.read().catch(() => ({ chain: undefined }));
    const [row] = change.append.rows;
    if (row !== undefined && chain?.rows.at(-1)?.envelope === row.envelope) return "appended";
    throw fault;
  }
}

const answered = (seq: number): CommandAnswer => ({
  ok: true,
  state: "PUBLISHED",
  inFlight: 0,
  points: [],
  evidence: { chainId: REGISTRY_CHAIN, seq },
});

function answerDenied(deps: PlaneDeps, course: Course, refusal: Refusal): Promise<RefusedAnswer> {
  const denial = {
    refusal,
    stage: course.stage,
    checkNames: ["parse", "trustPolicy", "registry", "succession", "planeKeys"],
  };
  const requested: RecordDraft = {
    type: "IdentityRequested",
    verdict: { outcome: outcomeOf(refusal) },
    detail: { eventDigest: course.eventDigest },
  };
  const drafts = [requested, ...denialDrafts(course, denial)];
  return answerRefusal(course, denial, () => recordUnattributed(deps, course, drafts));
}
