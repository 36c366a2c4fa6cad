import { present } from "../../encoding/present.ts";
import type { RefusedAnswer } from "../../enforcement/answer.ts";
import type { CommandAnswer } from "../../enforcement/commands/command.ts";
import type { PointState } from "../../enforcement/points/iam-points.ts";
import { refusalNext, refusedLines } from "../answers.ts";
import { nextLine } from "../next-line.ts";
import { vaiLine } from "../self.ts";
import { type OrderAnswer, progressAt, roleName, standingOf } from "./reached.ts";

/** An answer to an order as a person reads it; `outputs` as the command was given it. */
export const answerLines = (answer: OrderAnswer, outputs?: string): string[] =>
  answer.ok
    ? [
        doneLine(answer),
        ...standingLines(answer),
        ...recordLines(answer),
        ...traceLines(answer, outputs),
      ]
    : [
        ...refusedLines(answer),
        ...standingLines(answer),
        ...secondNameLines(answer),
        ...refusalNext(answer, outputs),
      ];

const doneLine = ({ state, deduplicated }: CommandAnswer): string =>
  `${state.toLowerCase().padEnd(10)} ${deduplicated ? "by this very order, before" : "now"}`;

function standingLines(answer: OrderAnswer): string[] {
  const standing = standingOf(answer);
  if (standing === undefined) return [];
  return [
    ...standing.points.map((each) => pointLine(each, answer)),
    `in flight  ${standing.inFlight}${standing.inFlight === 0 ? "" : ": may be running, for one function timeout at most"}`,
  ];
}

function pointLine(point: PointState, answer: OrderAnswer): string {
  const words = {
    reached: `reached after ${secondsOf(point)} s`,
    failed: "FAILED: IAM did not take it, so delivered credentials go on until they end",
    awaited: "not reached yet",
  };
  const where = point.role === undefined ? "" : `${roleName(point.role)} `;
  return `${point.point.padEnd(10)} ${where}${words[progressAt(point, answer)]}`;
}

const secondsOf = ({ requestedAt, acknowledgedAt = "" }: PointState): string =>
  ((Date.parse(acknowledgedAt) - Date.parse(requestedAt)) / 1000).toFixed(2);

const recordLines = ({ evidence }: CommandAnswer): string[] => [
  evidence === undefined
    ? "evidence   owed: the denial stands, and sweep writes its record; until then the same mark in State is all that holds it"
    : `evidence   ${evidence.chainId} ${evidence.seq}`,
];

const INTENT = "intent/";

const traceLines = ({ evidence }: CommandAnswer, outputs: string | undefined): string[] =>
  evidence?.chainId.startsWith(INTENT) === true
    ? [
        `next       ${nextLine(["trace", evidence.chainId.slice(INTENT.length)], [], present({ outputs })).line}`,
      ]
    : [];

/** Said where it is needed, and how to come by it. */
const secondNameLines = ({ code }: RefusedAnswer): string[] =>
  code === "APPROVAL_REQUIRED"
    ? [
        "do         it takes two names: give --cosign-key FILE, or write the order with --out FILE for another operator or an auditor,",
        `           who sends it with ${vaiLine("lift", "send", "FILE", "--key", "KEY")}`,
      ]
    : [];
