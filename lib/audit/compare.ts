import { type Digest, sha256Digest } from "../encoding/digest.ts";
import type { Head } from "./chain-ledger.ts";
import type { Manifest } from "./manifest.ts";
import { parseJson } from "./parse-json.ts";
import { inside } from "./plain-text.ts";

/** What of an earlier export is no longer in a later one, or stands otherwise there. */
export interface Lost {
  readonly chainId: string;
  readonly what: "gone" | "shorter" | "rewritten";
  /** Number of the chain's last record in the earlier export. */
  readonly seq: number;
  /** The same in the later one; absent for a chain that is gone. */
  readonly now?: number;
}

/** What became of the chains of an earlier export. */
export interface Comparison {
  readonly lost: readonly Lost[];
  /** Chains that grew, and whose earlier end could not be looked up in the later export's records. */
  readonly unseen: readonly string[];
  readonly same: number;
  readonly grown: number;
  readonly added: number;
}

/** Two manifests that say nothing of each other; a predicate whose subject is the later one. */
export function incomparable(before: Manifest, after: Manifest): string | undefined {
  if (before.plane !== after.plane)
    return `is of ${after.plane}, the earlier one of ${before.plane}`;
  if (after.intent !== undefined && after.intent !== before.intent) {
    return `holds the intent ${after.intent} alone, the earlier one ${before.intent === undefined ? "the whole plane" : `the intent ${before.intent}`}`;
  }
  return Date.parse(after.createdAt) < Date.parse(before.createdAt)
    ? `was made at ${after.createdAt}, before the earlier one (${before.createdAt}): exchange the two`
    : undefined;
}

/**
 * Compares the ends of chains: none may be gone or shorter, and the record that ended one must still stand at its number.
 * `ends` are the hashes of the later export's records at these places, see {@link hashesAt}; without them a chain that grew
 * is not looked into. Neither manifest is signed, and no record is judged here: that is `verifyEvidence`'s.
 */
export function compareManifests(
  before: Manifest,
  after: Manifest,
  ends?: ReadonlyMap<string, Digest>,
): Comparison {
  const now = new Map(after.chains.map((chain) => [chain.id, chain]));
  const lost: Lost[] = [];
  const unseen: string[] = [];
  let [same, grown] = [0, 0];
  for (const { id: chainId, seq, hash } of before.chains) {
    const later = now.get(chainId);
    if (later === undefined) lost.push({ chainId, what: "gone", seq });
    else if (later.seq < seq) lost.push({ chainId, what: "shorter", seq, now: later.seq });
    else if (later.seq === seq && later.hash === hash) same++;
    else if (later.seq > seq && ends === undefined) unseen.push(chainId);
    else if (later.seq > seq && ends?.get(placeOf({ id: chainId, seq })) === hash) grown++;
    else lost.push({ chainId, what: "rewritten", seq, now: later.seq });
  }
  const known = new Set(before.chains.map(({ id }) => id));
  const added = after.chains.filter(({ id }) => !known.has(id)).length;
  return { lost, unseen, same, grown, added };
}

/** The hashes of the records that stand where an earlier export's chains ended. */
export async function hashesAt(
  heads: readonly Head[],
  records: AsyncIterable<string | undefined> | Iterable<string | undefined>,
): Promise<ReadonlyMap<string, Digest>> {
  const wanted = new Set(heads.map(placeOf));
  const found = new Map<string, Digest>();
  for await (const line of records) {
    const record = line === undefined ? undefined : parseJson(line);
    const [id, seq] = [inside(record, "chain", "id"), inside(record, "chain", "seq")];
    const place = placeOf({ id: String(id), seq: Number(seq) });
    // The first one: a second record of one number is a defect, and the verifier names it.
    if (line !== undefined && wanted.has(place) && !found.has(place))
      found.set(place, sha256Digest(line));
  }
  return found;
}

const placeOf = ({ id, seq }: Pick<Head, "id" | "seq">): string => `${id}#${seq}`;
