import { writeExport } from "../../audit/export.ts";
import { evidenceReader } from "../../aws/ports/evidence-reader.ts";
import { systemClock, toInstant } from "../../clock.ts";
import { jwkThumbprint } from "../../encoding/jwk.ts";
import { ANCHOR_KEY_HELP, anchorKeys } from "../anchors.ts";
import { asCaller } from "../calling.ts";
import type { AddCommand } from "../command.ts";
import { OUTPUTS_HELP, placeFor, readDeployment } from "../deployment.ts";
import { CommandError, EXIT, type Io, report } from "../io.ts";
import { counted } from "../plural.ts";
import { vaiLine } from "../self.ts";

interface Options {
  readonly intent?: string;
  readonly outputs?: string;
  readonly anchorKey?: string;
  readonly json?: true;
}

/** `vai export`: evidence as files that anybody can verify. */
export const exportCommand: AddCommand = (command, io) => {
  command
    .argument("<folder>", "a new or empty folder")
    .option("--intent <id>", "only this intent, with the plane's registry chain")
    .option("--anchor-key <file>", ANCHOR_KEY_HELP)
    .option("--outputs <file>", OUTPUTS_HELP)
    .option("--json", "print the manifest as JSON")
    .action(async (folder: string, options: Options) => {
      const deployment = readDeployment(io, options.outputs);
      const place = placeFor(deployment, "auditor");
      const reader = evidenceReader(place, deployment.tables.evidence);
      const anchors = anchorKeys(deployment, options.anchorKey);
      const result = await asCaller(io, place, () =>
        writeExport(folder, reader, {
          plane: deployment.plane,
          createdAt: toInstant(systemClock()),
          intent: options.intent,
          anchors,
          ...(io.isTerminal && { onProgress: progressOn(io) }),
        }),
      );
      if ("problem" in result) {
        const exitCode = result.of === "folder" ? EXIT.unreadable : EXIT.no;
        throw new CommandError(exitCode, result.problem);
      }
      report(io, options.json === true, { ...result, verified: false }, [
        `${folder}: ${counted(result.records, "record")}, ${counted(result.seals, "seal")}, ${counted(result.chains.length, "chain")}, ${counted(result.trustPolicies, "trust policy", "trust policies")}`,
        `unverified: copied as the table holds it. Whoever is given the folder verifies it in a checkout of this repository, without AWS`,
        `next       ${vaiLine("verify", folder, ...anchors.flatMap((each) => ["--anchor", jwkThumbprint(each)]))}`,
      ]);
    });
};

/** Chains between two lines of progress. */
const STRIDE = 100;

const progressOn =
  (io: Io) =>
  (records: number, chains: number): void => {
    if (chains % STRIDE === 0) io.err(`… ${records} records, ${chains} chains`);
  };
