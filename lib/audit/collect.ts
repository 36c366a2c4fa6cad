import type { PublicJwk } from "../encoding/jwk.ts";
import { intentChain, REGISTRY_CHAIN } from "../evidence/chain.ts";
import type { AnchorProblem } from "./anchor-problem.ts";
import { type EvidenceReader, publishedPolicy } from "./export.ts";
import type { ExportFolder } from "./folder.ts";
import { type Trace, type TracedRecord, traceIntent } from "./trace.ts";
import { type EvidenceSet, verifyEvidence } from "./verify-evidence.ts";

/** The evidence of one intent, with `plane/registry`, out of an export folder. */
export async function intentOfFolder(folder: ExportFolder, intentId: string): Promise<EvidenceSet> {
  const wanted = new Set([intentChain(intentId), REGISTRY_CHAIN]);
  const records: string[] = [];
  for await (const line of folder.records) {
    if (wanted.has(claimedChain(line))) records.push(line);
  }
  const chains = folder.manifest.chains.filter(({ id }) => wanted.has(id));
  const count = chains.reduce((sum, { seq }) => sum + seq, 0);
  const { trustPolicies } = folder.manifest;
  return { ...folder, records, noted: { chains, records: count, trustPolicies } };
}

/** The chain that an envelope says it belongs to; nothing is believed by it, it only picks lines. */
function claimedChain(line: string): string {
  try {
    const { payload } = JSON.parse(line);
    return JSON.parse(Buffer.from(payload, "base64").toString("utf8")).predicate.chain.id;
  } catch {
    return "";
  }
}

/** The evidence of one intent, with `plane/registry`, out of the table. */
export async function intentOfTable(
  reader: EvidenceReader,
  intentId: string,
  anchors: readonly PublicJwk[],
): Promise<EvidenceSet> {
  const [own, registry] = await Promise.all([
    envelopesOf(reader, intentChain(intentId)),
    envelopesOf(reader, REGISTRY_CHAIN),
  ]);
  return {
    trustPolicies: registry.flatMap(publishedPolicy),
    anchors,
    records: [...own, ...registry],
  };
}

async function envelopesOf(reader: EvidenceReader, chainId: string): Promise<string[]> {
  const envelopes: string[] = [];
  for await (const { envelope } of reader.chain(chainId)) envelopes.push(envelope);
  return envelopes;
}

/** Why there is no story: nothing is recorded of the intent, or nothing hangs on the anchors that were named. */
type Untold = "absent" | AnchorProblem;

/**
 * Verifies the evidence of one intent and tells its story, or why there is none. Records that do not hold are in the
 * integrity, not in the story.
 */
export async function traceEvidence(
  set: EvidenceSet,
  intentId: string,
  pinned: readonly string[],
): Promise<Trace | Untold> {
  const records: TracedRecord[] = [];
  const report = await verifyEvidence(set, pinned, ({ statement, hash }) =>
    records.push({ predicate: statement.predicate, hash }),
  );
  const { firstDefect, trusted, verdict } = report;
  if (report.anchorProblem !== undefined) return report.anchorProblem;
  const head = report.chains.find(({ id }) => id === intentChain(intentId));
  const trace = traceIntent(intentId, records, {
    status: verdict,
    trusted,
    firstDefect: firstDefect ?? null,
    head: head === undefined ? null : { seq: head.seq, hash: head.hash },
  });
  return trace.events.length === 0 && firstDefect?.chainId !== intentChain(intentId)
    ? "absent"
    : trace;
}
