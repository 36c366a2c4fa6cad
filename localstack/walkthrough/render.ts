import { styleText } from "node:util";
import type { Report, StepResult } from "./report.ts";

/** Where the walkthrough plays. */
export interface Place {
  readonly endpoint: string;
  /** Folder of drafts, contracts and evidence, as a reader writes it. */
  readonly work: string;
  readonly anchor: string;
}

/** Shows the walkthrough to somebody, in the order in which it happens. */
export interface Renderer {
  begin(place: Place): void;
  section(number: number, title: string, headline: string): void;
  /** A step is about to be run; `seconds` since the first. */
  asking(step: Pick<StepResult, "title" | "command">, seconds: number): void;
  /** Part of what it answered, verbatim. */
  show(lines: readonly string[]): void;
  answered(step: StepResult): void;
  end(report: Report, place: Place): void;
}

type Style = Parameters<typeof styleText>[0];
const INDENT = " ".repeat(8);

/** A time line for people, with colour only where it is asked for. */
export function textRenderer(write: (text: string) => void, colour: boolean): Renderer {
  const paint = (style: Style, text: string) =>
    colour ? styleText(style, text, { validateStream: false }) : text;
  const line = (text = "") => write(`${text}\n`);
  return {
    begin({ endpoint, work }) {
      line(paint("bold", "vai-aws: a trust plane for agents on AWS, played from end to end"));
      line("An agent, whose only right in the cloud is to ask the plane, may shift 10 % of the");
      line(
        "traffic of a service and change one setting. Watch it do that, and be refused the rest.",
      );
      line(
        paint("dim", `Local AWS at ${endpoint}, stack deployed by cdk deploy; files in ${work}`),
      );
    },
    section(number, title, headline) {
      line();
      line(paint(["bold", "cyan"], `${number}. ${title}`));
      for (const each of wrapped(headline)) line(`   ${each}`);
    },
    asking({ title, command }, seconds) {
      line(`${paint("dim", `${seconds.toFixed(1).padStart(5)} s`)} ${title}`);
      if (!isBySdk(command)) line(`${INDENT}${paint("dim", command)}`);
    },
    show(lines) {
      for (const each of lines) line(`${INDENT}${paint("dim", "|")} ${each}`);
    },
    answered({ ok, skipped, command, seen, detail, expected }) {
      if (skipped) {
        line(`${INDENT}${paint(["bold", "yellow"], "SKIPPED")}  this endpoint does not enforce it`);
        return;
      }
      const mark = ok ? paint("green", "ok") : paint(["bold", "red"], "NOT AS EXPECTED");
      const said = isBySdk(command) ? command.slice(2) : shortened(detail ?? "");
      const more = said === "" ? "" : `  ${paint("dim", said)}`;
      line(`${INDENT}${mark}  ${paint("bold", seen)}${more}`);
      if (!ok) line(`${INDENT}expected: ${expected}`);
    },
    end({ ok, verdict }, place) {
      line();
      line(paint(["bold", ok ? "green" : "red"], `verdict: ${verdict}`));
      if (ok) for (const each of nextLines(place)) line(each);
    },
  };
}

/** A call without `vai` is not for typing, so it only follows what it showed. */
const isBySdk = (command: string): boolean => command.startsWith("# ");

/** Longest line of a headline, and longest detail; whole details are in the JSON document. */
const WIDTH = 92;

const shortened = (text: string): string =>
  text.length > WIDTH ? `${text.slice(0, WIDTH - 1)}…` : text;

const wrapped = (text: string): string[] =>
  text.match(new RegExp(`.{1,${WIDTH}}(?: |$)`, "g"))?.map((each) => each.trimEnd()) ?? [];

function nextLines({ work, anchor }: Place): string[] {
  return [
    "",
    "The local AWS of this walkthrough has ended; its evidence stays. What to try next:",
    `  npx --no -- vai verify ${work}/evidence --anchor ${anchor}`,
    "  npm run local:up, then npx --no -- vai --help    the same commands by your own hand",
    "  npm test                                         every test, on its own local AWS",
    "  README.md; then lambdas/README.md for authors of agents, infra/README.md for cloud teams,",
    "  lib/audit/README.md for compliance teams",
  ];
}

/** One JSON document at the end, and nothing before. */
export function jsonRenderer(write: (text: string) => void): Renderer {
  const nothing = () => {};
  return {
    ...{ begin: nothing, section: nothing, asking: nothing, show: nothing, answered: nothing },
    end: (report) => write(`${JSON.stringify(report, null, 2)}\n`),
  };
}
