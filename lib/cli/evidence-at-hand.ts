import type { Command } from "commander";
import { chainOfFolder, chainOfTable, chainsOfTable, traceEvidence } from "../audit/collect.ts";
import { openFolder } from "../audit/folder.ts";
import { chainsClaiming } from "../audit/identity.ts";
import { COUNTED } from "../audit/metrics/metrics.ts";
import type { Integrity, Trace } from "../audit/trace.ts";
import type { EvidenceSet } from "../audit/verify-evidence.ts";
import { evidenceReader } from "../aws/ports/evidence-reader.ts";
import { ANCHOR_KEY_HELP, anchorAdvice, anchorKeys, pinnedBy } from "./anchors.ts";
import { asCaller } from "./calling.ts";
import { collect, readThumbprints } from "./commands/verify.ts";
import { OUTPUTS_HELP, placeFor, readDeployment } from "./deployment.ts";
import { CommandError, EXIT, type ExitCode, type Io } from "./io.ts";

/** Where evidence is read, and by which anchors it is judged. */
export interface EvidenceOptions {
  readonly anchor: readonly string[];
  readonly anchorKey?: string;
  readonly outputs?: string;
  readonly from?: string;
}

export const addEvidenceOptions = (command: Command): Command =>
  command
    .option("--from <folder>", "read an export instead of the table; needs no AWS")
    .option(
      "--anchor <thumbprint>",
      "with --from: an anchor that you believe; may be repeated",
      collect,
      [],
    )
    .option("--anchor-key <file>", ANCHOR_KEY_HELP)
    .option("--outputs <file>", OUTPUTS_HELP);

/** Evidence at hand, of the table or of an export. */
export interface EvidenceAtHand {
  readonly pinned: readonly string[];
  /** One chain, with what it is judged by. @throws {CommandError}. */
  chain(chainId: string): Promise<EvidenceSet>;
  /** Chains that are said to speak of an identity; nobody vouches for it. @throws {CommandError}. */
  chainsOf(identityId: string): Promise<readonly string[]>;
  /** Whole chains, of which those that nothing is counted by since an instant may be left out. @throws {CommandError}. */
  since<T>(instant: string, use: (set: EvidenceSet) => Promise<T>): Promise<T>;
}

/** @throws {CommandError} for an export that cannot be read, and where no anchor is at hand. */
export const openEvidence = async (io: Io, options: EvidenceOptions): Promise<EvidenceAtHand> =>
  options.from === undefined ? ofTable(io, options) : ofFolder(options.from, options);

async function ofFolder(folder: string, { anchor }: EvidenceOptions): Promise<EvidenceAtHand> {
  const opened = await openFolder(folder);
  if (!opened.ok) throw new CommandError(EXIT.unreadable, `${folder}: ${opened.detail}`);
  return {
    pinned: readThumbprints(anchor),
    chain: (chainId) => chainOfFolder(opened.value, chainId),
    chainsOf: (identityId) => chainsClaiming(opened.value, identityId),
    since: (_, use) => use(opened.value),
  };
}

/** The table is judged by the anchors that the deployment names. */
function ofTable(io: Io, { anchorKey, outputs }: EvidenceOptions): EvidenceAtHand {
  const deployment = readDeployment(io, outputs);
  const place = placeFor(deployment, "auditor");
  const reader = evidenceReader(place, deployment.tables.evidence);
  const anchors = anchorKeys(deployment, anchorKey);
  return {
    pinned: pinnedBy(deployment, anchorKey, anchors),
    chain: (chainId) => asCaller(io, place, () => chainOfTable(reader, chainId, anchors)),
    chainsOf: (identityId) => asCaller(io, place, () => reader.chainsOf(identityId)),
    since: (instant, use) =>
      asCaller(io, place, async () => {
        const chains = await reader.chainsSince(instant, COUNTED);
        return use(await chainsOfTable(reader, chains, anchors));
      }),
  };
}

/** The story of one chain, verified; nothing where there is no such chain. @throws {CommandError} where no anchor fits. */
export async function tracedChain(
  { chain, pinned }: EvidenceAtHand,
  chainId: string,
): Promise<Trace | undefined> {
  const trace = await traceEvidence(await chain(chainId), chainId, pinned);
  if (trace === "foreign" || trace === "keyAbsent") {
    throw new CommandError(EXIT.no, anchorAdvice(trace, pinned));
  }
  return trace === "absent" ? undefined : trace;
}

/** As `vai verify` ends: a story that hangs on no anchor is one that anybody can have written. */
export function integrityExit({ firstDefect, trusted }: Integrity): ExitCode {
  if (firstDefect !== null) return EXIT.no;
  return trusted ? EXIT.done : EXIT.untrusted;
}
