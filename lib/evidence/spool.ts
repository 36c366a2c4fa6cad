import * as z from "zod";
import { canonicalize } from "../encoding/canonical-json.ts";
import { sha256Digest } from "../encoding/digest.ts";
import { present } from "../encoding/present.ts";
import { type ChainHead, headAfter } from "./chain.ts";
import { type ChainIdentity, type OpenedChain, type OpenRecord, openChain } from "./open.ts";
import type { EvidenceRow } from "./row.ts";
import { rowOf } from "./seal.ts";

/** A transaction that is sealed and may not be stored yet. */
export interface Spooled {
  readonly from: ChainHead;
  readonly to: ChainHead;
  readonly rows: readonly EvidenceRow[];
}

const schema = z.array(z.strictObject({ record: z.string(), seal: z.string().optional() })).min(1);

/** The rows of a transaction as they are spooled: what is evidence of them, byte for byte. */
export const spoolText = (rows: readonly EvidenceRow[]): string =>
  canonicalize(rows.map(({ record, seal }) => ({ record, ...present({ seal }) })));

/**
 * A spooled transaction, verified behind what was opened before it as a stored one is; `undefined` of what is none. Whoever
 * can put objects but holds no key of the plane puts nothing behind a chain.
 */
export function openSpooled(
  text: string,
  chain: ChainIdentity,
  before: OpenedChain,
): (Spooled & { readonly opened: OpenedChain }) | undefined {
  const read = schema.safeParse(parse(text));
  if (!read.success) return undefined;
  const from = before.head;
  const sealSeq = from.seq + read.data.length;
  const stored = read.data.map(({ record, seal }, index) => {
    const seq = from.seq + 1 + index;
    return { chainId: chain.chainId, seq, record, sealSeq, ...present({ seal }) };
  });
  const head = { seq: sealSeq, hash: sha256Digest(stored.at(-1)?.record ?? "") };
  const opened = openChain({ rows: stored, head }, chain, before);
  if ("defect" in opened) return undefined;
  const own: readonly OpenRecord[] = opened.records.slice(before.records.length);
  const rows = own.map(({ record, hash }, index) => {
    const { record: text = "", seal } = stored[index] ?? {};
    return rowOf({ record, text, hash }, sealSeq, seal);
  });
  return { from, to: headAfter(own, from), rows, opened };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
