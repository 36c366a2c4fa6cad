import { invokeFunction } from "../../aws/people/invoke.ts";
import { systemClock } from "../../clock.ts";
import { asCaller } from "../calling.ts";
import { type Deployment, placeFor } from "../deployment.ts";
import { CommandError, EXIT, type ExitCode, type Io, report } from "../io.ts";
import { readCommandAnswer } from "../read-answer.ts";
import { orderLines } from "./lines.ts";
import { type OrderSendingOptions, patienceOf } from "./options.ts";
import { awaited, type OrderAnswer, sinceBefore } from "./reached.ts";
import type { SignedOrder } from "./sign.ts";

/** Milliseconds between two askings; the function's reserved concurrency is for whoever has to stop something. */
const PAUSE = 2_000;

/** Where an order goes, and what of it is said before the answer. */
export interface Sending {
  readonly to: "govern" | "revoke";
  readonly event: SignedOrder;
  readonly preface?: readonly string[];
}

/**
 * Sends an order, and the very same again until it is on record and has reached every point, or its patience ends; then
 * prints what came of it. Asking again for the same does nothing twice (PROTOCOL.md §10).
 */
export async function sendOrder(
  io: Io,
  deployment: Deployment,
  { to, event, preface = [] }: Sending,
  options: OrderSendingOptions,
): Promise<ExitCode> {
  const patience = patienceOf(options);
  const name = deployment.functions[to];
  const place = placeFor(deployment, "operator", options.profile);
  const ask = (): Promise<OrderAnswer> =>
    asCaller(io, place, async () =>
      readCommandAnswer(await invokeFunction(place, name, event), name),
    );
  const first = await ask();
  const last = await askedAgain(io, first, ask, patience);
  // What this command itself asked for again was not there before it.
  const answer = last.ok && first.ok ? { ...last, deduplicated: first.deduplicated } : last;
  report(io, options.json === true, answer, [
    ...preface,
    ...orderLines(answer, event, options.outputs),
  ]);
  return exitCodeOf(answer);
}

async function askedAgain(
  io: Io,
  first: OrderAnswer,
  ask: () => Promise<OrderAnswer>,
  patience: number,
): Promise<OrderAnswer> {
  const until = systemClock() + patience;
  let answer = first;
  let told = "";
  while (awaited(answer).length > 0 && systemClock() + PAUSE <= until) {
    const what = awaited(answer).join(", ");
    if (io.isTerminal && what !== told) {
      io.err(
        `waiting for ${what}, until ${new Date(until).toISOString()} at the latest; interrupting takes nothing back`,
      );
    }
    told = what;
    await io.sleep(PAUSE);
    const next = await ask().catch((error: unknown) => keptOr(error, answer));
    answer = sinceBefore(answer, next);
  }
  return answer;
}

/** A call that failed takes nothing back of what was answered before. */
function keptOr(error: unknown, before: OrderAnswer): OrderAnswer {
  if (error instanceof CommandError) return before;
  throw error;
}

/** What is denied and has not come everywhere is neither done nor refused: a script must not take it for either. */
function exitCodeOf(answer: OrderAnswer): ExitCode {
  if (!answer.ok) return EXIT.no;
  return awaited(answer).length === 0 ? EXIT.done : EXIT.untrusted;
}
