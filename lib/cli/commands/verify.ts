import { coverageOf, unmetDemands } from "../../audit/coverage.ts";
import { openFolder } from "../../audit/folder.ts";
import { plain } from "../../audit/plain-text.ts";
import type { Succession } from "../../audit/succession.ts";
import type { Defect } from "../../audit/verdict.ts";
import { type EvidenceReport, verifyEvidence } from "../../audit/verify-evidence.ts";
import { parsePlaneId } from "../../config.ts";
import { anchorAdvice } from "../anchors.ts";
import type { AddCommand } from "../command.ts";
import { coverageLines, unendedLines, unmetLines } from "../evidence-lines.ts";
import { CommandError, EXIT, type ExitCode, report } from "../io.ts";
import { counted } from "../plural.ts";

const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/;

export const collect = (value: string, before: readonly string[]): string[] => [...before, value];

/** Thumbprints that a command was given. @throws {CommandError} for what cannot be one. */
export function readThumbprints(given: readonly string[], option = "--anchor"): readonly string[] {
  const bad = given.find((each) => !THUMBPRINT.test(each));
  if (bad === undefined) return given;
  throw new CommandError(
    EXIT.unreadable,
    `${option} ${plain(bad)} is not a thumbprint: it has 43 characters of base64url (RFC 7638)${option === "--anchor" ? ', as outputs.json "anchor" shows it' : ""}`,
  );
}

/** `vai verify`: evidence without AWS, without network, without our word. */
export const verifyCommand: AddCommand = (command, io, end) => {
  command
    .argument("<folder>", "folder written by vai export")
    .option(
      "--anchor <thumbprint>",
      "thumbprint of an anchor that you believe; may be repeated",
      collect,
      [],
    )
    .option("--plane <id>", "demand that it is this plane's: vai:<account>:<region>:<name>")
    .option("--whole", "demand that it is an export of the whole plane, not of one intent")
    .option("--intent <id>", "demand that this intent's evidence is in it")
    .option("--json", "print the report as JSON")
    .addHelpText(
      "after",
      "\nExit codes: 0 complete or unanchored, 1 a defect (the first is named) or a demand that is not met, 2 unreadable, 3 no --anchor, or one that was replaced later: consistent, not trusted.",
    )
    .action(async (folder: string, options: Options) => {
      const pinned = readThumbprints(options.anchor);
      requirePlaneId(options.plane);
      const opened = await openFolder(folder);
      if (!opened.ok) throw new CommandError(EXIT.unreadable, `${folder}: ${opened.detail}`);
      const found = await verifyEvidence(opened.value, pinned);
      const coverage = coverageOf(opened.value.manifest, found);
      const unmet = unmetDemands(options, coverage, found);
      report(
        io,
        options.json === true,
        { ...found, chains: found.chains.length, coverage, unmet },
        [
          ...unmetLines(unmet),
          ...describe(found, pinned),
          ...coverageLines(coverage),
          ...unendedLines(found),
        ],
      );
      end(unmet.length > 0 ? EXIT.no : exitCodeOf(found));
    });
};

interface Options {
  readonly anchor: readonly string[];
  readonly plane?: string;
  readonly whole?: true;
  readonly intent?: string;
  readonly json?: true;
}

/** A name alone is no plane: another account may have one of the same name. @throws {CommandError}. */
function requirePlaneId(given: string | undefined): void {
  if (given === undefined || parsePlaneId(given) !== undefined) return;
  throw new CommandError(
    EXIT.unreadable,
    `--plane ${given} is not a plane's id: vai:<account>:<region>:<name>, as outputs.json "plane" shows it`,
  );
}

function exitCodeOf({ firstDefect, trusted }: EvidenceReport): ExitCode {
  if (firstDefect !== undefined) return EXIT.no;
  return trusted ? EXIT.done : EXIT.untrusted;
}

/** The end of a chain of trust policies that an older anchor began, whose successor's public key is not at hand. */
const UNPINNED = "not signed by a given anchor";
const ANCHOR_HINT =
  "if the anchor was replaced since, export anew with --anchor-key FILE of the newer one, and give its thumbprint as a second --anchor, when you know it from elsewhere";

function describe(found: EvidenceReport, pinned: readonly string[]): string[] {
  const { verdict, firstDefect, records, seals, chains, trustPolicies, trusted } = found;
  const amount = `${counted(records, "record")}, ${counted(seals, "seal")}, ${counted(chains.length, "chain")}, ${counted(trustPolicies, "trust policy", "trust policies")}`;
  if (firstDefect !== undefined) return defectLines(found, firstDefect, pinned, amount);
  if (found.succession !== undefined) return successionLines(found.succession, pinned, amount);
  if (!trusted) {
    return [
      `consistent, but not trusted (${amount})`,
      "the export vouches for its own anchor: give --anchor <thumbprint> that you know from elsewhere",
    ];
  }
  return [
    `${verdict} (${amount})`,
    `every record is under a seal of a key that anchor ${pinned.join(" or ")} vouches for, and no chain has a gap`,
    "no checkpoint covers the ends of the chains: records cut off before the export was made would not show",
  ];
}

/** An anchor that was replaced is no tampering; whether it was replaced by the right people no export can say. */
const successionLines = (
  { upTo, isChecked, by }: Succession,
  pinned: readonly string[],
  amount: string,
): string[] => [
  `consistent, not trusted: the anchor was replaced after trust policy version ${upTo} (${amount})`,
  `the anchor ${pinned.join(" or ")} signed the trust policies up to version ${upTo}${isChecked ? "" : " (by their own word: its public key is not in the export)"}; ${by.join(", then ")} signed those after it`,
  "an anchor that was replaced looks so, and so does a plane that somebody took over: ask those who keep the anchor, in writing, whether the newer one is theirs",
  `if it is: ${by.map((each) => `--anchor ${each}`).join(" ")}, which vouches for the older trust policies too, as each names the one before it`,
];

function defectLines(
  { verdict, anchorProblem, ...found }: EvidenceReport,
  { chainId, seq, what, code }: Defect,
  pinned: readonly string[],
  amount: string,
): string[] {
  const named = `${verdict}: ${plain(chainId)} record ${seq} ${plain(what, 400)} [${code}]`;
  if (anchorProblem !== undefined) {
    return [anchorAdvice(anchorProblem, pinned), named, `(${amount})`];
  }
  const hint = what.includes(UNPINNED) ? [ANCHOR_HINT] : [];
  return [named, `(${amount})`, ...otherDefects(found), ...hint];
}

function otherDefects({
  defects,
  defectCount,
}: Pick<EvidenceReport, "defects" | "defectCount">): string[] {
  if (defectCount < 2) return [];
  const listed = defectCount > defects.length ? `the first ${defects.length}` : "all";
  return [`${counted(defectCount - 1, "more defect")}: --json lists ${listed}`];
}
