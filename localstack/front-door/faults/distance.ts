import { setTimeout as sleep } from "node:timers/promises";
import type { Answer } from "../exchange.ts";
import { buffered } from "../feed/answer-facts.ts";
import type { Call } from "../feed/call.ts";

/** A call whose answer left no earlier than its distance allows, as a bench looks at it. */
export interface HeldCall {
  /** Service and operation, such as `dynamodb:Query`. */
  readonly name: string;
  /** Milliseconds that the call was to take. */
  readonly distanceMs: number;
  /** When its headers had come and when its answer left: milliseconds since the epoch, with fractions. */
  readonly from: number;
  readonly to: number;
  /** Milliseconds until the emulator had answered in full; above the distance the emulator is what was waited for. */
  readonly emulatorMs: number;
  /** Bytes of the answer's body. */
  readonly bytes: number;
  /** The DynamoDB tables that it names, each with how many keys it asks of it. */
  readonly tables: Readonly<Record<string, number>>;
}

/**
 * Makes a call take as long as it takes at AWS: the larger of the distance and of the emulator's own time. Adding the
 * distance to that time would count twice what AWS's figure has in it already, the work of the service.
 */
export async function holdFor(
  distanceMs: number,
  { service, operation, inputs }: Call,
  from: number,
  next: () => Promise<Answer>,
): Promise<{ readonly answer: Answer; readonly held: HeldCall }> {
  const answer = await buffered(await next());
  const emulatorMs = instant() - from;
  // Rounded, because a timer that is told a fraction waits to its end and a little more.
  if (emulatorMs < distanceMs) await sleep(Math.round(distanceMs - emulatorMs));
  const bytes = answer.body.length;
  const about = { bytes, tables: keysByTable(inputs) };
  const name = `${service}:${operation}`;
  return { answer, held: { name, distanceMs, from, to: instant(), emulatorMs, ...about } };
}

/** Now, in milliseconds since the epoch with fractions: comparable between the processes of one machine. */
export const instant = (): number => performance.timeOrigin + performance.now();

function keysByTable({ TableName, RequestItems }: Call["inputs"]): Record<string, number> {
  if (typeof TableName === "string") return { [TableName]: 1 };
  const asked = Object.entries((RequestItems ?? {}) as Record<string, { Keys?: unknown[] }>);
  return Object.fromEntries(asked.map(([table, { Keys }]) => [table, Keys?.length ?? 0]));
}
