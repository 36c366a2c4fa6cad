import { MetricsCounter } from "../../audit/metrics/metrics.ts";
import { metricsLines } from "../../audit/metrics/metrics-text.ts";
import type { Integrity } from "../../audit/trace.ts";
import { integrityLine } from "../../audit/trace-text.ts";
import { verifyEvidence } from "../../audit/verify-evidence.ts";
import { systemClock, toInstant } from "../../clock.ts";
import { present } from "../../encoding/present.ts";
import { anchorAdvice } from "../anchors.ts";
import type { AddCommand } from "../command.ts";
import {
  addEvidenceOptions,
  type EvidenceAtHand,
  type EvidenceOptions,
  integrityExit,
  openEvidence,
} from "../evidence-at-hand.ts";
import { CommandError, EXIT, type Io, report } from "../io.ts";

interface Options extends EvidenceOptions {
  readonly days: string;
  readonly since?: string;
  readonly json?: true;
}

/** `vai metrics`: what evidence tells of how well contracts fit what is done under them. */
export const metricsCommand: AddCommand = (command, io, end) => {
  addEvidenceOptions(command)
    .option("--days <number>", "count what happened in the last so many days", "7")
    .option("--since <instant>", "count from this instant on (RFC 3339), in place of --days")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nThree counts over verified evidence: requests that were refused because the contract says too little, by issuer and template; identities that expired unused, with the time to first use; violations by adapter, action and actor. What each counts stands in lib/audit/README.md. Exit codes: 0 told, 1 a defect (it is named; the counts are not to be relied on), 2 unreadable, 3 --from without --anchor: consistent, not trusted.",
    )
    .action(async (options: Options) => {
      const since = sinceOf(options);
      const told = await counted(io, await openEvidence(io, options), since);
      const { integrity, records, metrics } = told;
      report(io, options.json === true, { since, records, integrity, ...metrics }, [
        `since ${since}`,
        integrityLine(integrity, records),
        ...(integrity.firstDefect === null
          ? []
          : ["NOT VERIFIED: the counts are not to be relied on"]),
        "",
        ...metricsLines(metrics),
      ]);
      end(integrityExit(integrity));
    });
};

/** Records between two lines of progress. */
const STRIDE = 5_000;

function counted(io: Io, evidence: EvidenceAtHand, since: string) {
  const { pinned } = evidence;
  return evidence.since(since, async (set) => {
    const counter = new MetricsCounter(since);
    let records = 0;
    const found = await verifyEvidence(set, pinned, ({ record }) => {
      counter.take(record);
      records += 1;
      if (io.isTerminal && records % STRIDE === 0) io.err(`… ${records} records`);
    });
    const { anchorProblem, verdict: status, trusted, firstDefect = null, succession } = found;
    if (anchorProblem !== undefined) {
      throw new CommandError(EXIT.no, anchorAdvice(anchorProblem, pinned));
    }
    const integrity: Integrity = {
      ...{ status, trusted, firstDefect, head: null },
      ...present({ succession }),
    };
    return { integrity, records, metrics: counter.result() };
  });
}

const DAY = 24 * 60 * 60 * 1000;

function sinceOf({ since, days }: Options): string {
  if (since === undefined) {
    if (/^\d{1,4}$/.test(days)) return toInstant(systemClock() - Number(days) * DAY);
    throw new CommandError(EXIT.unreadable, "--days must be a whole number");
  }
  const at = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(since) ? Date.parse(since) : Number.NaN;
  if (!Number.isNaN(at)) return toInstant(at);
  throw new CommandError(
    EXIT.unreadable,
    "--since must be an instant such as 2026-05-05T00:00:00Z",
  );
}
