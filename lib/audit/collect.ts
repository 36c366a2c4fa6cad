import type { PublicJwk } from "../encoding/jwk.ts";
import { present } from "../encoding/present.ts";
import { REGISTRY_CHAIN } from "../evidence/chain.ts";
import type { AnchorProblem } from "./anchor-problem.ts";
import { byCodeUnit, type EvidenceReader, publishedPolicy } from "./export.ts";
import { pairSeals } from "./pair-seals.ts";
import { parseJson } from "./parse-json.ts";
import { inside } from "./plain-text.ts";
import type { Export } from "./read-export.ts";
import type { ReadRecord } from "./read-record.ts";
import { readSeal } from "./read-seal.ts";
import { type Trace, traceChain } from "./trace.ts";
import { type SealedRow, type Transaction, transactionsOf } from "./transaction.ts";
import { type EvidenceSet, verifyEvidence } from "./verify-evidence.ts";

/** The evidence of one chain, with `plane/registry`, out of an export folder. */
export async function chainOfFolder(folder: Export, chainId: string): Promise<EvidenceSet> {
  const wanted = new Set<unknown>([chainId, REGISTRY_CHAIN]);
  const [records, seals] = await Promise.all([
    linesWhere(folder.records, (line) => wanted.has(claimedChain(line))),
    linesWhere(folder.seals, (line) => wanted.has(sealedChain(line))),
  ]);
  const chains = folder.manifest.chains.filter(({ id }) => wanted.has(id));
  const count = chains.reduce((sum, { seq }) => sum + seq, 0);
  const { trustPolicies } = folder.manifest;
  return {
    ...folder,
    transactions: pairSeals(records, seals),
    noted: { chains, records: count, trustPolicies },
  };
}

async function linesWhere(
  lines: Export["records"],
  isWanted: (line: string) => boolean,
): Promise<string[]> {
  const found: string[] = [];
  for await (const line of lines) {
    if (line !== undefined && isWanted(line)) found.push(line);
  }
  return found;
}

/** The chain that a record says it belongs to; nothing is believed by it, it only picks lines. */
const claimedChain = (line: string): unknown => inside(parseJson(line), "chain", "id");

/** The same of a seal. */
function sealedChain(line: string): unknown {
  const seal = readSeal(line);
  return "problem" in seal ? undefined : seal.statement.predicate.chain.id;
}

/** The evidence of one chain, with `plane/registry`, out of the table. */
export async function chainOfTable(
  reader: EvidenceReader,
  chainId: string,
  anchors: readonly PublicJwk[],
): Promise<EvidenceSet> {
  const [own, registry] = await Promise.all([
    chainId === REGISTRY_CHAIN ? [] : rowsOf(reader, chainId),
    rowsOf(reader, REGISTRY_CHAIN),
  ]);
  return {
    trustPolicies: registry.flatMap(({ record }) => publishedPolicy(record)),
    anchors,
    // As an export has them: chains stand in the order of their ids.
    transactions: transactionsOf(
      chainId < REGISTRY_CHAIN ? [...own, ...registry] : [...registry, ...own],
    ),
  };
}

/** The evidence of several chains, with `plane/registry`, out of the table: read one chain after the other, while it is judged. */
export async function chainsOfTable(
  reader: EvidenceReader,
  chainIds: Iterable<string>,
  anchors: readonly PublicJwk[],
): Promise<EvidenceSet> {
  const registry = await rowsOf(reader, REGISTRY_CHAIN);
  const ids = [...new Set([...chainIds, REGISTRY_CHAIN])].sort(byCodeUnit);
  async function* transactions(): AsyncGenerator<Transaction> {
    for (const id of ids) {
      yield* transactionsOf(id === REGISTRY_CHAIN ? registry : await rowsOf(reader, id));
    }
  }
  return {
    trustPolicies: registry.flatMap(({ record }) => publishedPolicy(record)),
    anchors,
    transactions: transactions(),
  };
}

async function rowsOf(reader: EvidenceReader, chainId: string): Promise<SealedRow[]> {
  const rows: SealedRow[] = [];
  for await (const row of reader.chain(chainId)) rows.push(row);
  return rows;
}

/** Why there is no story: nothing is recorded under that name, or nothing hangs on the anchors that were named. */
type Untold = "absent" | AnchorProblem;

/**
 * Verifies the evidence of one chain and tells its story, or why there is none. Records that do not hold are in the
 * integrity, not in the story.
 */
export async function traceEvidence(
  set: EvidenceSet,
  chainId: string,
  pinned: readonly string[],
): Promise<Trace | Untold> {
  const records: ReadRecord[] = [];
  const report = await verifyEvidence(set, pinned, (read) => records.push(read));
  const { firstDefect, trusted, verdict } = report;
  if (report.anchorProblem !== undefined) return report.anchorProblem;
  const head = report.chains.find(({ id }) => id === chainId);
  const trace = traceChain(chainId, records, {
    status: verdict,
    trusted,
    ...present({ succession: report.succession }),
    firstDefect: firstDefect ?? null,
    head: head === undefined ? null : { seq: head.seq, hash: head.hash },
  });
  return trace.events.length === 0 && firstDefect?.chainId !== chainId ? "absent" : trace;
}
