import { chainOfFolder, chainOfTable, traceEvidence } from "../../audit/collect.ts";
import { openFolder } from "../../audit/folder.ts";
import { plain } from "../../audit/plain-text.ts";
import type { Integrity } from "../../audit/trace.ts";
import { traceLines } from "../../audit/trace-text.ts";
import type { EvidenceSet } from "../../audit/verify-evidence.ts";
import { evidenceReader } from "../../aws/ports/evidence-reader.ts";
import { intentChain } from "../../evidence/chain.ts";
import { ANCHOR_KEY_HELP, anchorAdvice, anchorKeys, pinnedBy } from "../anchors.ts";
import { asCaller } from "../calling.ts";
import type { AddCommand } from "../command.ts";
import { OUTPUTS_HELP, placeFor, readDeployment } from "../deployment.ts";
import { CommandError, EXIT, type ExitCode, type Io, report } from "../io.ts";
import { collect, readThumbprints } from "./verify.ts";

interface Options {
  readonly anchor: readonly string[];
  readonly anchorKey?: string;
  readonly outputs?: string;
  readonly from?: string;
  readonly json?: true;
}

/** Evidence to trace, and the anchors that it is judged by. */
interface Source {
  readonly set: EvidenceSet;
  readonly pinned: readonly string[];
}

/** `vai trace`: what happened under one intent, and why. */
export const traceCommand: AddCommand = (command, io, end) => {
  command
    .argument(
      "<id>",
      "the intent, as intent.id of a contract and the answer name it; or a chain: unattributed/<day>/<0-f>, plane/registry",
    )
    .option("--from <folder>", "read an export instead of the table; needs no AWS")
    .option(
      "--anchor <thumbprint>",
      "with --from: an anchor that you believe; may be repeated",
      collect,
      [],
    )
    .option("--anchor-key <file>", ANCHOR_KEY_HELP)
    .option("--outputs <file>", OUTPUTS_HELP)
    .option("--json", "print the trace as a JSON tree")
    .addHelpText(
      "after",
      "\nExit codes: 0 told, 1 a defect (it is named) or no such intent, 2 unreadable, 3 --from without --anchor: consistent, not trusted.",
    )
    .action(async (given: string, options: Options) => {
      const chainId = given.includes("/") ? given : intentChain(given);
      const { set, pinned } = await (options.from === undefined
        ? fromTable(io, chainId, options)
        : fromFolder(options.from, chainId, options));
      const trace = await traceEvidence(set, chainId, pinned);
      if (trace === "foreign" || trace === "keyAbsent") {
        throw new CommandError(EXIT.no, anchorAdvice(trace, pinned));
      }
      if (trace === "absent") {
        throw new CommandError(
          EXIT.no,
          `there is no evidence under ${plain(chainId)}: is the id right, and the plane?`,
        );
      }
      report(io, options.json === true, trace, traceLines(trace));
      end(exitCodeOf(trace.integrity));
    });
};

/** As `vai verify` ends: a story that hangs on no anchor is one that anybody can have written. */
function exitCodeOf({ firstDefect, trusted }: Integrity): ExitCode {
  if (firstDefect !== null) return EXIT.no;
  return trusted ? EXIT.done : EXIT.untrusted;
}

async function fromFolder(folder: string, chainId: string, { anchor }: Options): Promise<Source> {
  const opened = await openFolder(folder);
  if (!opened.ok) throw new CommandError(EXIT.unreadable, `${folder}: ${opened.detail}`);
  return { set: await chainOfFolder(opened.value, chainId), pinned: readThumbprints(anchor) };
}

/** The table is judged by the anchors that the deployment names. */
async function fromTable(io: Io, chainId: string, options: Options): Promise<Source> {
  const deployment = readDeployment(io, options.outputs);
  const place = placeFor(deployment, "auditor");
  const reader = evidenceReader(place, deployment.tables.evidence);
  const anchors = anchorKeys(deployment, options.anchorKey);
  const pinned = pinnedBy(deployment, options.anchorKey, anchors);
  const set = await asCaller(io, place, () => chainOfTable(reader, chainId, anchors));
  return { set, pinned };
}
