import { invokeFunction } from "../../aws/people/invoke.ts";
import { present } from "../../encoding/present.ts";
import type { RefusedAnswer } from "../../enforcement/answer.ts";
import type { CommandAnswer } from "../../enforcement/commands/command.ts";
import { intentIdOf, isIntentChain } from "../../evidence/chain.ts";
import { refusalNext, refusedLines } from "../answers.ts";
import { asCaller } from "../calling.ts";
import { type Deployment, placeFor } from "../deployment.ts";
import { EXIT, type ExitCode, type Io, report } from "../io.ts";
import { nextLine } from "../next-line.ts";
import { readCommandAnswer } from "../read-answer.ts";
import { vaiLine } from "../self.ts";
import type { DeliveryOptions } from "./options.ts";

/** What goes to `govern`, and in words what was done when it took it. */
export interface Delivery {
  readonly event: Readonly<Record<string, unknown>>;
  /** What is said before the answer. */
  readonly preface?: readonly string[];
  /** What the answer's state is of. */
  readonly object: string;
  /** Commands that come next. */
  readonly next?: readonly string[];
}

/**
 * Sends something that somebody has signed, once, and prints what came of it. Whoever gets no answer sends the very same
 * again: it is answered with what it did (PROTOCOL.md §10).
 */
export async function deliver(
  io: Io,
  deployment: Deployment,
  delivery: Delivery,
  options: DeliveryOptions,
): Promise<ExitCode> {
  const { govern } = deployment.functions;
  const place = placeFor(deployment, "operator", options.profile);
  const answer = await asCaller(io, place, async () =>
    readCommandAnswer(await invokeFunction(place, govern, delivery.event), govern),
  );
  report(io, options.json === true, answer, [
    ...(delivery.preface ?? []),
    ...(answer.ok
      ? doneLines(answer, delivery, options)
      : [...refusedLines(answer), ...adviceLines(answer), ...refusalNext(answer, options.outputs)]),
  ]);
  return answer.ok ? EXIT.done : EXIT.no;
}

function doneLines(
  { state, deduplicated, evidence }: CommandAnswer,
  { object, next = [] }: Delivery,
  { outputs }: DeliveryOptions,
): string[] {
  const traced =
    evidence !== undefined && isIntentChain(evidence.chainId)
      ? [nextLine(["trace", intentIdOf(evidence.chainId)], [], present({ outputs })).line]
      : [];
  return [
    `${state.toLowerCase().padEnd(10)} ${object}, ${deduplicated ? "before" : "now"}`,
    ...(evidence === undefined ? [] : [`evidence   ${evidence.chainId} ${evidence.seq}`]),
    ...[...next, ...traced].map((line) => `next       ${line}`),
  ];
}

/** What the person who spoke can do about a refusal, where its code alone does not say it. */
function adviceLines({ code }: RefusedAnswer): string[] {
  switch (code) {
    case "CONTRACT_UNKNOWN":
      return [
        `do         nobody has bound it yet: ${vaiLine("register", "FILE")}, with the file of vai contract sign`,
      ];
    case "APPROVAL_SIGNATURE_INVALID":
    case "ATTESTATION_MALFORMED":
    case "DECISION_SIGNATURE_INVALID":
      return [
        `do         compare with ${vaiLine("trust", "show")}: the name, its key, and its roles or class`,
      ];
    default:
      return [];
  }
}
