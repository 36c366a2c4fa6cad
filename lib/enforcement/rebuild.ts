import { sha256Digest } from "../encoding/digest.ts";
import type { ChainHead } from "../evidence/chain.ts";
import { intentIdOf, isIntentChain } from "../evidence/chain.ts";
import { foldIntent } from "../evidence/fold.ts";
import { type ChainDefect, type ChainIdentity, openChain } from "../evidence/open.ts";
import type { HeadView, StoredRow, TakenKey } from "../evidence/ports.ts";
import { readMarks } from "../lifecycle/mark.ts";
import { viewOf } from "../lifecycle/view.ts";
import { commandKeys, intentKeys } from "./records/intent-keys.ts";

/** Everything that State holds of one chain, but for marks and counters: those are nowhere else. */
export interface ChainProjection {
  readonly chainId: string;
  readonly head: ChainHead;
  /** What stands on the head while anything is open. */
  readonly seen?: HeadView;
  readonly keys: readonly TakenKey[];
}

/**
 * State is a projection: what it holds of a chain, made from the chain's rows in Evidence alone. Seals and links
 * are verified first, and a chain that does not hold is projected by nobody. Whether rows are missing at its end only
 * State or an older export tells: compare with one (`vai verify`) before State is written.
 * @param now milliseconds.
 */
export function projectChain(
  rows: readonly StoredRow[],
  chain: ChainIdentity,
  now: number,
): ChainProjection | ChainDefect {
  const last = rows.at(-1);
  const end = last && { seq: last.seq, hash: sha256Digest(last.record) };
  const opened = openChain({ rows, head: end }, chain);
  if ("defect" in opened) return opened;
  const { chainId } = chain;
  const { records, head } = opened;
  const commands = records.flatMap(commandKeys);
  if (!isIntentChain(chainId)) return { chainId, head, keys: commands };
  const state = foldIntent(records, head);
  const marks = readMarks({});
  const seen = viewOf({ intentId: intentIdOf(chainId), state, marks, now });
  const keys = [...intentKeys(chainId, state), ...commands];
  return { chainId, head, keys, ...(seen !== undefined && { seen }) };
}
