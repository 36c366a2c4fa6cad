import { systemClock } from "../../clock.ts";
import { asCaller } from "../calling.ts";
import type { AddCommand } from "../command.ts";
import { OUTPUTS_HELP, placeFor, readDeployment } from "../deployment.ts";
import { CommandError, EXIT, type Io, report } from "../io.ts";
import { statusLines } from "../status/lines.ts";
import { readStatus, type StatusProgress } from "../status/read.ts";
import { statusOf } from "../status/status.ts";

interface Options {
  readonly within: string;
  readonly blocked: string;
  readonly profile?: string;
  readonly outputs?: string;
  readonly json?: true;
}

/** `vai status`: what is alive, stopped and refused, with what an operator may read. */
export const statusCommand: AddCommand = (command, io) => {
  command
    .option("--within <seconds>", "contracts whose window ends within so many seconds", "300")
    .option("--blocked <number>", "how many refusals of today and yesterday (UTC) at most", "20")
    .option(
      "--profile <name>",
      "AWS profile that may read the plane's views (default: the local AWS's operator)",
    )
    .option("--outputs <file>", OUTPUTS_HELP)
    .option("--json", "print as JSON")
    .action(async (options: Options) => {
      const deployment = readDeployment(io, options.outputs);
      const [within, blocked] = [whole(options, "within"), whole(options, "blocked")];
      const place = placeFor(deployment, "operator", options.profile);
      const now = systemClock();
      const progress = io.isTerminal ? progressOn(io) : undefined;
      const seen = await asCaller(io, place, () =>
        readStatus(place, deployment, { now, blocked, progress }),
      );
      const status = statusOf(seen, { plane: deployment.plane, now, within });
      report(io, options.json === true, status, statusLines(status));
    });
};

/** Open intents between two lines of progress. */
const STRIDE = 500;

const progressOn = (io: Io): StatusProgress => ({
  views: (read) => {
    if (read % STRIDE === 0) io.err(`… ${read} open intents`);
  },
  marks: (looked, of) => {
    if (of > STRIDE) io.err(`… looked for owed records on ${looked} of ${of} intents`);
  },
});

function whole(options: Options, name: "within" | "blocked"): number {
  if (/^\d{1,6}$/.test(options[name])) return Number(options[name]);
  throw new CommandError(EXIT.unreadable, `--${name} must be a whole number`);
}
