import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PlayStage } from "./stage.ts";

/** Traces the intent of the first contract with `vai trace`. */
export function trace({ vai, step, work }: PlayStage): Promise<void> {
  const file = JSON.parse(readFileSync(join(work, "shift.json"), "utf8"));
  const args = ["trace", file.proof.intent.id as string];
  return step({
    id: "trace",
    title: "An auditor asks what happened under the first contract, and why.",
    command: vai.line(args),
    expected: "unanchored",
    run: async () => {
      const { text } = await vai.run(args);
      const integrity = /^Integrity: (.*?)(?= \()/m.exec(text)?.[1] ?? "not verified";
      return { seen: integrity, lines: excerpt(text.split("\n")), value: undefined };
    },
  });
}

/** Of the granted identity what a stranger asks first; the whole is what the command prints. */
const TOLD = /decided|made the contract out|^ +percent:|^ +from .* until|called|call ended|^ +end /;

/** Some sentences on the granted identity; the time line before it is only counted. */
function excerpt(lines: readonly string[]): string[] {
  const granted = lines.findIndex((line) => /^ {2}limits/.test(line));
  const start = lines.findLastIndex((line, at) => at < granted && line.startsWith("Identity "));
  const end = lines.findIndex((line, at) => at > start && line === "");
  const events = lines.filter((line) => / #\d+ /.test(line)).length;
  const told = lines.slice(start, end < 0 ? undefined : end).filter((line) => TOLD.test(line));
  return [
    `… ${events} lines, one for each record; then, of the granted identity, among others:`,
    ...told.map((line) =>
      line
        .trim()
        .replace(/^(use|end) +/, "")
        .slice(0, 120),
    ),
  ];
}
