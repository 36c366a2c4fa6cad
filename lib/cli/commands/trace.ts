import { plain } from "../../audit/plain-text.ts";
import { traceLines } from "../../audit/trace-text.ts";
import { intentChain } from "../../evidence/chain.ts";
import type { AddCommand } from "../command.ts";
import {
  addEvidenceOptions,
  type EvidenceOptions,
  integrityExit,
  openEvidence,
  tracedChain,
} from "../evidence-at-hand.ts";
import { CommandError, EXIT, report } from "../io.ts";

interface Options extends EvidenceOptions {
  readonly json?: true;
}

/** `vai trace`: what happened under one intent, and why. */
export const traceCommand: AddCommand = (command, io, end) => {
  addEvidenceOptions(
    command.argument(
      "<id>",
      "the intent, as intent.id of a contract and the answer name it; or a chain: unattributed/<day>/<0-f>, plane/registry",
    ),
  )
    .option("--json", "print the trace as a JSON tree")
    .addHelpText(
      "after",
      "\nExit codes: 0 told, 1 a defect (it is named) or no such intent, 2 unreadable, 3 --from without --anchor: consistent, not trusted.",
    )
    .action(async (given: string, options: Options) => {
      const chainId = given.includes("/") ? given : intentChain(given);
      const trace = await tracedChain(await openEvidence(io, options), chainId);
      if (trace === undefined) {
        throw new CommandError(
          EXIT.no,
          `there is no evidence under ${plain(chainId)}: is the id right, and the plane?`,
        );
      }
      report(io, options.json === true, trace, traceLines(trace));
      end(integrityExit(trace.integrity));
    });
};
