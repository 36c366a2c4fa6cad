import { present } from "../../encoding/present.ts";
import type { RefusedAnswer } from "../../enforcement/answer.ts";
import type { CommandAnswer } from "../../enforcement/commands/command.ts";
import type { PointState } from "../../enforcement/points/iam-points.ts";
import { SIGNALS } from "../../enforcement/records/denial.ts";
import { intentIdOf, isIntentChain } from "../../evidence/chain.ts";
import { refusalNext, refusedLines } from "../answers.ts";
import { nextLine } from "../next-line.ts";
import { vaiLine } from "../self.ts";
import { awaited, type OrderAnswer, progressAt, roleName, standingOf } from "./reached.ts";
import { claimsOf, type SignedOrder } from "./sign.ts";
import { doneLine } from "./told.ts";

/** An answer to an order as a person reads it; `outputs` as the command was given it. */
export const orderLines = (answer: OrderAnswer, order: SignedOrder, outputs?: string): string[] =>
  answer.ok
    ? [
        doneLine(answer, claimsOf(order)),
        ...notedLines(answer, order),
        ...standingLines(answer),
        ...recordLines(answer),
        ...outstandingLines(answer),
        ...traceLines(answer, outputs),
      ]
    : [
        ...refusedLines(answer),
        ...standingLines(answer),
        ...adviceLines(answer, order),
        ...refusalNext(answer, outputs),
      ];

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
    failed:
      point.point === "session"
        ? "FAILED: IAM was not seen to deny them, so delivered credentials may go on until they end"
        : "FAILED: IAM did not take it, so delivered credentials go on until they end",
    awaited: "not reached yet",
  };
  const where = point.role === undefined ? "" : `${roleName(point.role)} `;
  return `${point.point.padEnd(10)} ${where}${words[progressAt(point, answer)]}`;
}

const secondsOf = ({ requestedAt, acknowledgedAt = "" }: PointState): string =>
  ((Date.parse(acknowledgedAt) - Date.parse(requestedAt)) / 1000).toFixed(2);

function recordLines({ evidence, state }: CommandAnswer): string[] {
  if (evidence !== undefined) return [`evidence   ${evidence.chainId} ${evidence.seq}`];
  return [
    state === "NOTED"
      ? "evidence   none: the intent has no room left for what ends nothing"
      : "evidence   owed: the denial stands, and sweep writes its record; until then the same mark in State is all that holds it",
  ];
}

/** Whoever signalled must not take for an end what is none. */
function notedLines({ state }: CommandAnswer, order: SignedOrder): string[] {
  const claims = claimsOf(order);
  if (state !== "NOTED" || claims.do !== "signal") return [];
  return [
    `meaning    it is recorded and ends nothing: the contract's revokeOn does not list ${SIGNALS[claims.kind]}`,
    `do         to end it all the same: ${vaiLine("revoke", "contract", claims.contractDigest, "--reason", "TEXT")}`,
  ];
}

/** What exit code 3 means: neither to be begun anew nor to be taken for done. */
function outstandingLines(answer: CommandAnswer): string[] {
  const outstanding = awaited(answer);
  return outstanding.length === 0
    ? []
    : [`do         it stands; the same command again goes on, for ${outstanding.join(", ")}`];
}

const traceLines = ({ evidence }: CommandAnswer, outputs: string | undefined): string[] =>
  evidence !== undefined && isIntentChain(evidence.chainId)
    ? [
        `next       ${nextLine(["trace", intentIdOf(evidence.chainId)], [], present({ outputs })).line}`,
      ]
    : [];

/** What the person who gave the order can do about its refusal, where that is not the order's own matter. */
function adviceLines({ code }: RefusedAnswer, order: SignedOrder): string[] {
  switch (code) {
    case "ACTOR_AUTH_INVALID":
      return [
        `do         compare with ${vaiLine("trust", "show")}: --as must be a name under operators, --key its key, and its \`may\`, if there is`,
        "           one, must list the verb",
      ];
    case "CONTRACT_UNKNOWN":
      return [
        `do         the plane has never seen it: give the contract's file, ${vaiLine("revoke", isDelegation(order) ? "delegation" : "contract", "FILE")}`,
      ];
    case "CHAIN_BROKEN":
      return isDelegation(order) ? UNRECORDED : [];
    case "APPROVAL_REQUIRED":
      return order.cosign === undefined ? ALONE : [`do         ${SECOND_NAME}`];
    default:
      return [];
  }
}

const isDelegation = (order: SignedOrder): boolean => claimsOf(order).do === "revokeDelegation";

const UNRECORDED = [
  `do         nobody was handed that under this contract: compare digest and contract with ${vaiLine("chain", "show", "FILE")}`,
];
const ALONE = [
  "do         it takes two names: give --cosign-key FILE, or write the order with --out FILE for another operator or an auditor,",
  `           who sends it with ${vaiLine("order", "send", "FILE", "--key", "KEY")}`,
];
const SECOND_NAME = `the second key must be of another name than the first, of an operator who may do it or an auditor: ${vaiLine("trust", "show")} lists them`;
