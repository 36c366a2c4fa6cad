import { toSeconds } from "../../clock.ts";
import { sha256Digest } from "../../encoding/digest.ts";
import { present } from "../../encoding/present.ts";
import { genesisHead, REGISTRY_CHAIN } from "../../evidence/chain.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import { isRefusal, pointer, type Refusal, refuse } from "../../refusal.ts";
import { trustPolicyGenesis } from "../../trust/policy.ts";
import { type ReadTrustPolicy, readTrustPolicy } from "../../trust/read.ts";
import { NO_RESTRICTIONS, restrictionsText } from "../../trust/restrictions.ts";
import { backOff, sealBatch } from "../barriers/append.ts";
import { storeChange } from "../barriers/store-change.ts";
import type { CommandDeps, PlaneDeps } from "../deps.ts";
import { type Failure, isFailure, type Judgement } from "../judgement.ts";
import { readTrust } from "../read/registry.ts";
import type { Heads, RegistryHead } from "../read/registry-port.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import { type Order, stage } from "../stage.ts";
import { type CommandAnswer, type Members, malformed } from "./command.ts";
import { type Owed, owedDrafts, readOwed } from "./owed.ts";
import { type InUse, judgeAnchors, judgeKeyTimes, judgePlaneKeys } from "./plane-keys.ts";

interface Asked {
  readonly members: Members;
}

/** Form, anchor and plane: what can be judged before anything is read. */
const TRUST_POLICY_FORM = stage<Asked, Judgement<CommandDeps>>("parse").take(
  "trustPolicyForm",
  ({ members: { trustPolicy, ...others } }) => {
    const [foreign] = Object.keys(others);
    if (foreign !== undefined)
      return malformed("is not a member of this command", pointer("", [foreign]));
    return typeof trustPolicy === "string"
      ? { compact: trustPolicy }
      : malformed("must be a compact JWS", "/trustPolicy");
  },
);

const NEXT = stage<{ readonly compact: string }, Judgement<CommandDeps>>("contract").take(
  "trustPolicy",
  ({ compact }, { deps }) => {
    const next = readNext(deps, compact);
    return isRefusal(next) ? next : { next };
  },
);

const IN_FORCE = stage<object, Judgement<CommandDeps>>("contract").look(
  "registry",
  async (_, judgement) => {
    const { deps } = judgement;
    const [{ inForce, ...current }, evidence, plane] = await Promise.all([
      openCurrent(deps),
      deps.signer.keyid(),
      deps.planeSigner.keyid(),
    ]);
    if (isRefusal(inForce)) return inForce;
    if (inForce !== undefined) judgement.believe(inForce);
    return { inForce, ...current, inUse: { evidence, plane } };
  },
);

/** What a publication continues. */
interface Current {
  readonly inForce: TrustSnapshot | undefined;
  /** The counter of marks on the chain's head. */
  readonly marked: unknown;
  /** Denials that lack their records: the publication writes them under its own key (PROTOCOL.md §6). */
  readonly owed: Owed | undefined;
}

interface Succession {
  readonly next: ReadTrustPolicy;
  readonly inForce: TrustSnapshot | undefined;
  readonly inUse: InUse;
}

const SUCCESSION = stage<Succession, Judgement<CommandDeps>>("contract")
  .check("succession", ({ next, inForce }, { deps }) =>
    judgeSuccession(next, inForce, deps.plane.id),
  )
  .check("planeKeys", ({ next, inForce, inUse }) => judgePlaneKeys(next.policy, inForce, inUse))
  .check("keysInTime", ({ next, inForce, inUse }, { deps }) =>
    judgeKeyTimes(next.policy, inForce, inUse, deps.clock()),
  )
  .check("anchors", ({ next }, { deps }) => judgeAnchors(next.policy, deps.anchors));

export const PUBLISH_ORDER: Order = [TRUST_POLICY_FORM, NEXT, IN_FORCE, SUCCESSION];

/**
 * The next trust policy comes into force, judged by anchor, plane, version, `prev` and head alone, so that a plane
 * whose policy expired can be given a new one (PROTOCOL.md §6, §10).
 */
export async function publishTrustPolicy(
  judgement: Judgement<CommandDeps>,
  members: Members,
): Promise<CommandAnswer | Failure> {
  const formed = judgement.judge(TRUST_POLICY_FORM, { members });
  if (isFailure(formed)) return formed;
  const read = judgement.judge(NEXT, formed);
  if (isFailure(read)) return read;
  const { next } = read;
  for (let attempt = 0; ; attempt++) {
    const current = await judgement.ask(IN_FORCE, {});
    if (isFailure(current)) return current;
    const { inForce, inUse, marked, owed } = current;
    if (inForce?.digest === next.digest) return answered(inForce.head.seq, true);
    const judged = judgement.judge(SUCCESSION, { next, inForce, inUse });
    if (isFailure(judged)) return judged;
    const answer = await commitPolicy(judgement, next, { inForce, marked, owed });
    if (answer !== undefined) {
      // Records under another key, ends by another policy.
      await judgement.deps.wakeSweep();
      return answer;
    }
    await backOff(judgement, attempt);
  }
}

/**
 * What is in force, as the sealed chain says it; `undefined` before the first publication. A Registry that disagrees
 * with its chain is continued by nobody: a publication would seal what a table's writer put there.
 */
async function openCurrent(
  deps: PlaneDeps,
): Promise<Omit<Current, "inForce"> & { readonly inForce: Current["inForce"] | Refusal }> {
  const { heads, trust } = await readTrust(deps);
  const { marked } = heads.registryChain.marks;
  if (!isRefusal(trust)) return { inForce: trust, marked, owed: undefined };
  if (await isUnborn(deps, heads)) return { inForce: undefined, marked, owed: undefined };
  // Else a dead evidence key, under which nothing owed can be recorded any more, could never be replaced.
  const owed = await readOwed(deps);
  if (owed === undefined || isRefusal(owed)) return { inForce: trust, marked, owed: undefined };
  return { inForce: owed.trust, marked: owed.marked, owed };
}

/** Nothing of a publication is anywhere, and this process has never seen one. */
async function isUnborn({ registry, memory, evidence }: PlaneDeps, heads: Heads): Promise<boolean> {
  const isThere =
    memory.trust !== undefined ||
    heads.registry !== undefined ||
    heads.registryChain.head !== undefined;
  if (isThere || heads.isContinued) return false;
  const [{ restrictions, isContinued }, { rows }] = await Promise.all([
    registry.readDocuments(undefined),
    // Any record at all, also behind a hole: a second first record would be a second history.
    evidence.readTail(REGISTRY_CHAIN),
  ]);
  return restrictions === undefined && !isContinued && rows.length === 0;
}

/** How far another's clock may be ahead. */
const CLOCK_SKEW_SECONDS = 60;

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
  const now = toSeconds(deps.clock());
  if (read.policy.iat > now + CLOCK_SKEW_SECONDS)
    return malformed("lies ahead", "/trustPolicy/iat");
  return now < read.policy.exp ? read : malformed("has ended already", "/trustPolicy/exp");
}

/** Version and `prev` continue what is in force; version 1 only while nothing was ever published (PROTOCOL.md §6). */
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

/** The documents, the head and the record on `plane/registry`, all or none; `undefined` when somebody was faster. */
async function commitPolicy(
  judgement: Judgement<CommandDeps>,
  next: ReadTrustPolicy,
  { inForce, marked, owed }: Current,
): Promise<CommandAnswer | undefined> {
  const { deps } = judgement;
  const kept = owed?.restrictions ?? inForce?.restrictions ?? NO_RESTRICTIONS;
  const restrictions = restrictionsText(kept);
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
  const tail = { chainId: REGISTRY_CHAIN, head, marked };
  const drafts = [...(owed === undefined ? [] : owedDrafts(owed)), record];
  const batch = { drafts, ...(owed !== undefined && { marksLeft: [] }) };
  const { append } = await sealBatch(judgement, tail, batch, next.policy);
  const to: RegistryHead = { ...documents, seq: append.to.seq, recordHash: append.to.hash };
  const change = {
    ...{ from, to, trustPolicy: next.jws.compact, restrictions, append },
    ...present({ settles: owed?.pending }),
  };
  const result = await storeChange(deps, change);
  return result === "appended" ? answered(append.to.seq, false) : undefined;
}

const answered = (seq: number, deduplicated: boolean): CommandAnswer => ({
  ok: true,
  deduplicated,
  state: "PUBLISHED",
  inFlight: 0,
  points: [],
  evidence: { chainId: REGISTRY_CHAIN, seq },
});
