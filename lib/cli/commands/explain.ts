import { plain } from "../../audit/plain-text.ts";
import { failureDomain, isRetryable, REFUSAL_CODES, type RefusalCode } from "../../refusal.ts";
import type { AddCommand } from "../command.ts";
import { EXPLANATIONS, type Explanation } from "../explanations.ts";
import { CommandError, EXIT, report } from "../io.ts";

interface Explained extends Explanation {
  readonly code: string;
  readonly failureDomain: string;
  readonly retryable: boolean;
}

/** `vai explain`: what a code means, and what to do next. */
export const explainCommand: AddCommand = (command, io) => {
  command
    .argument(
      "[code]",
      "a code of an answer, a record or vai verify; a part of one lists those that have it, none lists all",
    )
    .option("--json", "print as JSON")
    .action((given: string | undefined, options: { json?: true }) => {
      if (given === undefined) {
        const all = [...EXPLANATIONS].map(explained);
        report(io, options.json === true, all, all.map(lineOf));
        return;
      }
      const code = given.trim().toUpperCase();
      const explanation = EXPLANATIONS.get(code);
      const parts = [...EXPLANATIONS].filter(([known]) => known.includes(code)).map(explained);
      if (explanation === undefined && parts.length > 0) {
        return report(io, options.json === true, parts, parts.map(lineOf));
      }
      if (explanation === undefined) {
        const near = nearest(code).join(", ");
        throw new CommandError(
          EXIT.unreadable,
          `there is no code ${plain(given)}; nearest: ${near}`,
        );
      }
      const found = explained([code, explanation]);
      report(io, options.json === true, found, describe(found));
    });
};

const lineOf = ({ code, means }: Explained): string => `${code.padEnd(30)} ${means}`;

function explained([code, explanation]: readonly [string, Explanation]): Explained {
  const isRefusal = (REFUSAL_CODES as readonly string[]).includes(code);
  return {
    code,
    ...explanation,
    failureDomain: isRefusal ? failureDomain(code as RefusalCode) : "context",
    retryable: isRetryable(code as RefusalCode),
  };
}

const describe = ({
  code,
  means,
  failureDomain: domain,
  stages,
  retryable,
  next,
}: Explained): string[] => [
  code,
  `  meaning    ${means}`,
  `  domain     ${domain}`,
  `  stages     ${stages.length === 0 ? "none: not an answer of the plane" : stages.join(", ")}`,
  `  retryable  ${retryable ? "yes, unless something was granted already" : "no"}`,
  `  do         ${next}`,
];

/** The three codes that are written most alike. */
const nearest = (code: string): string[] =>
  [...EXPLANATIONS.keys()]
    .map((known) => ({ known, distance: editDistance(code.slice(0, 64), known) }))
    .sort((left, right) => left.distance - right.distance)
    .slice(0, 3)
    .map(({ known }) => known);

/** Levenshtein: how many letters to insert, delete or replace. */
function editDistance(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...from].entries()) {
    const line = [row + 1];
    for (const [column, other] of [...to].entries()) {
      const replaced = (above[column] ?? 0) + (letter === other ? 0 : 1);
      line.push(Math.min(replaced, (above[column + 1] ?? 0) + 1, (line[column] ?? 0) + 1));
    }
    above = line;
  }
  return above.at(-1) ?? 0;
}
