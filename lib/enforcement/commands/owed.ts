import { toSeconds } from "../../clock.ts";
import { sha256Digest } from "../../encoding/digest.ts";
import { REGISTRY_CHAIN } from "../../evidence/chain.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import {
  judgeAudience,
  judgeCosign,
  judgeOperator,
  type ReadCommand,
  readCommand,
} from "../../lifecycle/command.ts";
import { isRestricting, judgeKey, type Restricting, restricted } from "../../lifecycle/restrict.ts";
import { Fault, isRefusal, type Refusal, refuse } from "../../refusal.ts";
import { type Restrictions, restrictionsText } from "../../trust/restrictions.ts";
import { backOff, sealBatch } from "../barriers/append.ts";
import { storeChange } from "../barriers/store-change.ts";
import type { PlaneDeps, RevokeDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import { commandKey } from "../read/command-keys.ts";
import { readTrust } from "../read/registry.ts";
import type { Heads, RegistryDocuments, RegistryHead } from "../read/registry-port.ts";
import { registryRecords } from "../read/registry-records.ts";
import { isOwed, openRegistry, type TrustSnapshot } from "../read/trust-snapshot.ts";
import { restrictionDraft } from "./restriction-record.ts";

/** The Registry while records are owed: what its last record says, and the commands behind that. */
export interface Owed {
  readonly trust: TrustSnapshot;
  readonly commands: readonly ReadCommand<Restricting>[];
  /** The restrictions with all of them. */
  readonly restrictions: Restrictions;
  /** The document as it stands. */
  readonly present: string;
  /** As the head holds the commands; the condition of whoever records them. */
  readonly pending: unknown;
  readonly marked: unknown;
}

const stale = (why: string): Refusal => refuse("REGISTRY_STALE", why);

/**
 * Reads what is owed and verifies it: each command is an operator's and not on the chain, and together they make of the
 * recorded restrictions what stands there, or what stands there is still the recorded one. `undefined`: nothing is owed.
 * A writer of tables can so only stop things: what no command explains is never recorded, and keeps everything refused.
 */
export async function readOwed(deps: PlaneDeps): Promise<Owed | Refusal | undefined> {
  const heads = await deps.registry.readHeads({ known: deps.memory.trust?.head.seq ?? 0 });
  if (!isOwed(heads)) return undefined;
  const documents = await deps.registry.readDocuments(heads.registry);
  const { plane, anchors, memory } = deps;
  const trust = openRegistry(heads, documents, plane, anchors, memory.trust, true);
  if (isRefusal(trust)) return trust;
  const records = await registryRecords(deps, trust);
  if (isRefusal(records)) return records;
  const recorded = new Set(records.map(({ detail }) => detail["command"]));
  const commands: ReadCommand<Restricting>[] = [];
  for (const compact of textsIn(heads)) {
    if (recorded.has(compact)) continue;
    const command = readCommand(compact);
    if (isRefusal(command) || !isRestricting(command)) continue;
    const foreign =
      judgeAudience(command, plane) ??
      judgeOperator(command, trust.policy) ??
      judgeCosign(command, undefined, trust.policy) ??
      judgeKey(command, trust.published, anchors);
    if (foreign !== undefined) continue;
    commands.push(command);
  }
  return explained(trust, commands, heads, documents);
}

/** Both places hold the commands; one of the two alone is enough to be owed. */
function textsIn({ pending, registryChain }: Heads): string[] {
  const { marks } = registryChain.marks;
  const listed: unknown[] = Array.isArray(pending) ? pending : [];
  const marked: unknown[] = Array.isArray(marks) ? marks.map((mark) => mark?.by) : [];
  return [...new Set([...listed, ...marked])].filter((each) => typeof each === "string");
}

function explained(
  trust: TrustSnapshot,
  commands: readonly ReadCommand<Restricting>[],
  { pending, registryChain }: Heads,
  { restrictions: present = "" }: RegistryDocuments,
): Owed | Refusal {
  let { restrictions } = trust;
  const texts = [restrictionsText(restrictions)];
  for (const command of commands) {
    ({ restrictions } = restricted(restrictions, command));
    texts.push(restrictionsText(restrictions));
  }
  return texts.includes(present)
    ? { trust, commands, restrictions, present, pending, marked: registryChain.marks.marked }
    : stale("the stored restrictions are not what the owed commands make of the recorded ones");
}

/** The records that are owed; what is in force behind them stands in each. */
export function owedDrafts({ trust, commands, restrictions }: Owed): RecordDraft[] {
  const { version, trustPolicyDigest } = trust.head;
  const restrictionsDigest = sha256Digest(restrictionsText(restrictions));
  return commands.map((command) =>
    restrictionDraft(
      { command, cosign: undefined },
      { version, trustPolicyDigest, restrictionsDigest },
    ),
  );
}

/** Writes the records that are owed, if any are; why not. @throws {Fault} when store or signer fail. */
export async function settleOwed(judgement: Judgement<RevokeDeps>): Promise<Refusal | undefined> {
  const { deps } = judgement;
  for (let attempt = 0; ; attempt++) {
    const owed = await readOwed(deps);
    if (owed === undefined || isRefusal(owed)) return owed;
    if (owed.commands.length === 0) {
      return stale("what is marked there is nobody's command; publish a trust policy to go on");
    }
    judgement.believe(owed.trust);
    const { head: from, policy } = owed.trust;
    const tail = {
      chainId: REGISTRY_CHAIN,
      head: { seq: from.seq, hash: from.recordHash },
      marked: owed.marked,
    };
    const batch = { drafts: owedDrafts(owed), marksLeft: [] };
    const { append } = await sealBatch(judgement, tail, batch, policy);
    const restrictions = restrictionsText(owed.restrictions);
    const to: RegistryHead = {
      version: from.version,
      trustPolicyDigest: from.trustPolicyDigest,
      restrictionsDigest: sha256Digest(restrictions),
      seq: append.to.seq,
      recordHash: append.to.hash,
    };
    const change = { from, to, restrictions, append, settles: owed.pending };
    if ((await storeChange(deps, change)) === "appended") return undefined;
    await backOff(judgement, attempt);
  }
}

/**
 * Commits a denial that cannot be recorded now. Everything is refused from then on until somebody records it: more than
 * was ordered, and never less.
 * @throws {Fault} `EVIDENCE_STORE_UNAVAILABLE`.
 */
export async function owe(
  deps: PlaneDeps,
  command: ReadCommand<Restricting>,
): Promise<Refusal | undefined> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const heads = await deps.registry.readHeads({ known: deps.memory.trust?.head.seq ?? 0 });
    const documents = await deps.registry.readDocuments(heads.registry);
    const { plane, anchors, memory, registry } = deps;
    const trust = openRegistry(heads, documents, plane, anchors, memory.trust, true);
    if (isRefusal(trust)) return trust;
    const owed = explained(trust, commandsIn(heads), heads, documents);
    if (isRefusal(owed)) return owed;
    const { restrictions } = restricted(owed.restrictions, command);
    const result = await registry.owe({
      from: trust.head,
      present: owed.present,
      next: restrictionsText(restrictions),
      recorded: restrictionsText(trust.restrictions),
      command: command.jws.compact,
      at: toSeconds(deps.clock()),
      key: { ...commandKey(command), value: command.jws.digest },
    });
    if (result === "appended") return undefined;
    if (result !== "conflict") return whereTaken(deps, command);
  }
  throw new Fault("EVIDENCE_STORE_UNAVAILABLE", "the Registry stayed contended");
}

/**
 * An earlier try has the id: it is committed if it stands there. One that has had its effect and was lifted since, or of
 * which somebody only took the id, does not; which of the two nobody can tell while its record cannot be read.
 */
async function whereTaken(deps: PlaneDeps, command: ReadCommand<Restricting>): Promise<undefined> {
  const { heads, trust } = await readTrust(deps);
  if (textsIn(heads).includes(command.jws.compact)) return undefined;
  if (!isRefusal(trust) && isInForce(trust.restrictions, command)) return undefined;
  throw new Fault(
    "EVIDENCE_STORE_UNAVAILABLE",
    "whether this command has had its effect cannot be read now; send it again, or sign another",
  );
}

const isInForce = (restrictions: Restrictions, command: ReadCommand<Restricting>): boolean =>
  restrictionsText(restricted(restrictions, command).restrictions) ===
  restrictionsText(restrictions);

const TRIES = 5;

const commandsIn = (heads: Heads): ReadCommand<Restricting>[] =>
  textsIn(heads).flatMap((compact) => {
    const command = readCommand(compact);
    return isRefusal(command) || !isRestricting(command) ? [] : [command];
  });
