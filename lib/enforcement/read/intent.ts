import type { PlaneId } from "../../config.ts";
import type { Contract } from "../../contract/contract.ts";
import { present } from "../../encoding/present.ts";
import { type ChainHead, genesisHead, headAfter, intentIdOf } from "../../evidence/chain.ts";
import { foldIntent } from "../../evidence/fold.ts";
import type { IntentState } from "../../evidence/intent-state.ts";
import {
  type ChainIdentity,
  type OpenedChain,
  type OpenRecord,
  openChain,
} from "../../evidence/open.ts";
import type { StoredChain } from "../../evidence/ports.ts";
import { openSpooled, type Spooled } from "../../evidence/spool.ts";
import { spoolKey, spoolOf } from "../../lifecycle/break-glass.ts";
import { type Marks, readMarks } from "../../lifecycle/mark.ts";
import type { DecidedIntent } from "../../proof/later-decision.ts";
import { Fault, isRefusal, type Refusal, refuse } from "../../refusal.ts";
import type { PlaneDeps } from "../deps.ts";
import type { TrustSnapshot } from "./trust-snapshot.ts";

/** An intent chain that was opened: its verified records and what they say. */
export interface Intent {
  readonly chainId: string;
  readonly records: readonly OpenRecord[];
  readonly state: IntentState;
  /** Denials that were committed and whose records may still be owed. */
  readonly marks: Marks;
  /** Of an emergency. */
  readonly spool?: Spool;
}

/** Where an emergency's transactions are spooled, and those of them that are not stored yet. */
export interface Spool {
  /** Id of its policy. */
  readonly policy: string;
  readonly behind: readonly Spooled[];
  /** Of an intent whose emergency, if it has one, is not the contract at hand: what is behind is stored, and no more is put. */
  readonly isOther?: true;
}

/** Where the stored part of an intent's chain ends. */
const storedHead = ({ spool, state }: Pick<Intent, "spool" | "state">): ChainHead =>
  spool?.behind[0]?.from ?? state.head;

/** Reads of a chain whose last record is not its head, before it counts as broken; milliseconds between them. */
const READS = 8;
const LONGEST_WAIT = 100;

/** What is known of a chain before it is read. */
interface Known {
  /** What was read ahead. */
  readonly stored?: StoredChain | undefined;
  /** The chain as this invocation opened it before: only what came behind it is read. */
  readonly opened?: Intent;
  /** The emergency policy that a contract at hand names: what it binds may stand in the spool alone. */
  readonly breakGlass?: string | undefined;
}

/**
 * Reads, opens and folds an intent chain; any defect is `EVIDENCE_CHAIN_BROKEN` (VAI-12, VAI-59). Records and
 * head are two reads, and a writer may fall between them again and again on a contended chain: that must refuse
 * no honest caller (OKG-27).
 */
export async function readIntent(
  deps: PlaneDeps,
  chainId: string,
  trust: TrustSnapshot,
  known: Known = {},
): Promise<Intent | Refusal> {
  const { evidence, plane, sleep, random } = deps;
  const before = openedOf(known.opened, plane, chainId);
  const read = (): Promise<StoredChain> => evidence.readChain(chainId, before.head.seq);
  let stored = known.stored ?? (await read());
  for (let reads = 1; reads < READS && isTorn(stored, before); reads++) {
    await sleep(LONGEST_WAIT * random());
    stored = await read();
  }
  const chain = { plane: plane.id, chainId, keys: trust.keys };
  const open = () => openChain(stored, chain, before);
  let opened = open();
  if ("defect" in opened) {
    // DynamoDB isolates a Query from a transaction row by row: what looks torn out may not be visible yet.
    stored = await read();
    opened = open();
  }
  if ("defect" in opened) {
    return refuse("EVIDENCE_CHAIN_BROKEN", `record ${opened.seq} of ${chainId} ${opened.defect}`);
  }
  const marks = readMarks(stored.marks);
  const state = foldIntent(opened.records, opened.head);
  const { spool: own } = known.opened ?? {};
  const named = known.breakGlass ?? (own?.isOther ? undefined : own?.policy);
  const other =
    boundOn(state).length === 0 ? await unheardOf(deps, chainId, trust, named) : undefined;
  const policy = other ?? emergencyOf(state, named);
  if (policy === undefined) return { chainId, records: opened.records, state, marks };
  const spooled = await readSpool(deps, policy, chain, opened);
  if (isRefusal(spooled)) return spooled;
  const { records, head } = spooled.opened;
  const { behind } = spooled;
  const merged = foldIntent(records, head);
  const isOther = other !== undefined && emergencyOf(merged, undefined) === undefined;
  const spool = { policy, behind, ...(isOther && { isOther }) };
  return { chainId, records, state: merged, marks, spool };
}

/** The policy of the chain's emergency: what it has bound says; until then the contract at hand. */
function emergencyOf(state: IntentState, named: string | undefined): string | undefined {
  const bound = boundOn(state);
  return bound.length === 0 ? named : bound.find(({ breakGlass }) => breakGlass)?.breakGlass;
}

const boundOn = ({ contracts }: IntentState) =>
  [...contracts.values()].flatMap((view) => view.bound ?? []);

/**
 * The policy of an emergency that stands in the spool alone, where neither the chain nor the contract at hand tells of it:
 * whoever writes for another contract of the intent would take its evidence the place. A bucket that does not answer keeps
 * nobody from what is no emergency.
 */
async function unheardOf(
  { breakGlass }: PlaneDeps,
  chainId: string,
  { policy }: TrustSnapshot,
  named: string | undefined,
): Promise<string | undefined> {
  const id = intentIdOf(chainId);
  const found = await Promise.all(
    policy.breakGlass.map(async (each) => {
      if (each.spool !== true || each.id === named) return [];
      const keys = await breakGlass.keys(spoolOf(each.id, id), "").catch(noneOfFault);
      return keys.length > 0 ? [each.id] : [];
    }),
  );
  return found.flat()[0];
}

function noneOfFault(fault: unknown): readonly string[] {
  if (fault instanceof Fault) return [];
  throw fault;
}

/**
 * What is spooled behind a stored head, whatever the policy says of spooling now (PROTOCOL.md §10, "Break-glass"). Places
 * before the head were stored, or lost to what was.
 */
async function readSpool(
  { breakGlass }: PlaneDeps,
  policy: string,
  chain: ChainIdentity,
  stored: OpenedChain,
): Promise<{ readonly opened: OpenedChain; readonly behind: readonly Spooled[] } | Refusal> {
  const id = intentIdOf(chain.chainId);
  const last = spoolKey(policy, id, stored.head.seq);
  const keys = await breakGlass.keys(spoolOf(policy, id), last);
  const behind: Spooled[] = [];
  let opened = stored;
  for (const key of keys) {
    const next = opened.head.seq + 1;
    const [text, ...others] = await breakGlass.read(key);
    const isOne = key === spoolKey(policy, id, next) && others.length === 0;
    const spooled = isOne ? openSpooled(text ?? "", chain, opened) : undefined;
    if (spooled === undefined) {
      const why = "is spooled behind the chain, and does not follow it";
      return refuse("EVIDENCE_CHAIN_BROKEN", `record ${next} of ${chain.chainId}: ${key} ${why}`);
    }
    const { from, to, rows } = spooled;
    behind.push({ from, to, rows });
    opened = spooled.opened;
  }
  return { opened, behind };
}

function openedOf(intent: Intent | undefined, plane: PlaneId, chainId: string): OpenedChain {
  if (intent === undefined) return { records: [], head: genesisHead(plane.id, chainId) };
  const head = storedHead(intent);
  return { records: intent.records.slice(0, head.seq), head };
}

const isTorn = ({ rows, head }: StoredChain, before: OpenedChain): boolean =>
  (rows.at(-1)?.seq ?? before.head.seq) !== (head?.seq ?? 0);

/** The same intent after records were appended to it by this course; `left`: the marks that they left, if they took any. */
export function extendIntent(
  intent: Intent,
  appended: readonly OpenRecord[],
  left?: readonly unknown[],
): Intent {
  const records = [...intent.records, ...appended];
  const head = headAfter(appended, intent.state.head);
  const { marked, marks } = intent.marks.stored;
  const stored = present({ marked, marks: left ?? marks });
  return { ...intent, records, state: foldIntent(records, head), marks: readMarks(stored) };
}

/** The intent as its chain tells it, for a decision that would take the place of the earlier ones. */
export const decided = ({ state: { opens, intent, decidedAt } }: Intent): DecidedIntent => ({
  ...{ intentDigest: opens?.intentDigest, intent, decidedAt },
});

/** An intent belongs for ever to the issuer and digest of its first record (PROTOCOL.md §3, §5). */
export function judgeOwnership({ state }: Intent, contract: Contract): Refusal | undefined {
  const { opens } = state;
  if (opens === undefined) return undefined;
  return opens.issuer === contract.iss && opens.intentDigest === contract.intent.digest
    ? undefined
    : refuse(
        "CONTRACT_MISMATCH",
        "the intent belongs to another issuer or intent digest",
        "/contract/intent",
      );
}
