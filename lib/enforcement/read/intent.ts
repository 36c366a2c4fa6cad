import type { PlaneId } from "../../config.ts";
import type { Contract } from "../../contract/contract.ts";
import { present } from "../../encoding/present.ts";
import { genesisHead, headAfter } from "../../evidence/chain.ts";
import { foldIntent } from "../../evidence/fold.ts";
import type { IntentState } from "../../evidence/intent-state.ts";
import { type OpenedChain, type OpenRecord, openChain } from "../../evidence/open.ts";
import type { StoredChain } from "../../evidence/ports.ts";
import { type Marks, readMarks } from "../../lifecycle/mark.ts";
import type { DecidedIntent } from "../../proof/later-decision.ts";
import { type Refusal, refuse } from "../../refusal.ts";
import type { PlaneDeps } from "../deps.ts";
import type { TrustSnapshot } from "./trust-snapshot.ts";

/** An intent chain that was opened: its verified records and what they say. */
export interface Intent {
  readonly chainId: string;
  readonly records: readonly OpenRecord[];
  readonly state: IntentState;
  /** Denials that were committed and whose records may still be owed. */
  readonly marks: Marks;
}

/** Reads of a chain whose last record is not its head, before it counts as broken; milliseconds between them. */
const READS = 8;
const LONGEST_WAIT = 100;

/** What is known of a chain before it is read. */
interface Known {
  /** What was read ahead. */
  readonly stored?: StoredChain | undefined;
  /** The chain as this invocation opened it before: only what came behind it is read. */
  readonly opened?: Intent;
}

/**
 * Reads, opens and folds an intent chain; any defect is `EVIDENCE_CHAIN_BROKEN` (VAI-12, VAI-59). Records and
 * head are two reads, and a writer may fall between them again and again on a contended chain: that must refuse
 * no honest caller (OKG-27).
 */
export async function readIntent(
  { evidence, plane, sleep, random }: PlaneDeps,
  chainId: string,
  trust: TrustSnapshot,
  known: Known = {},
): Promise<Intent | Refusal> {
  const before = openedOf(known.opened, plane, chainId);
  const read = (): Promise<StoredChain> => evidence.readChain(chainId, before.head.seq);
  let stored = known.stored ?? (await read());
  for (let reads = 1; reads < READS && isTorn(stored, before); reads++) {
    await sleep(LONGEST_WAIT * random());
    stored = await read();
  }
  const open = () => openChain(stored, { plane: plane.id, chainId, keys: trust.keys }, before);
  let opened = open();
  if ("defect" in opened) {
    // DynamoDB isolates a Query from a transaction row by row: what looks torn out may not be visible yet.
    stored = await read();
    opened = open();
  }
  if ("defect" in opened) {
    return refuse("EVIDENCE_CHAIN_BROKEN", `record ${opened.seq} of ${chainId} ${opened.defect}`);
  }
  return {
    chainId,
    records: opened.records,
    state: foldIntent(opened.records, opened.head),
    marks: readMarks(stored.marks),
  };
}

const openedOf = (intent: Intent | undefined, plane: PlaneId, chainId: string): OpenedChain =>
  intent === undefined
    ? { records: [], head: genesisHead(plane.id, chainId) }
    : { records: intent.records, head: intent.state.head };

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
