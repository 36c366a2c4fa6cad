import { type FunctionContext, printLine } from "../lib/aws/function/entry.ts";
import { serveStream } from "../lib/aws/function/watch.ts";
import { systemClock } from "../lib/clock.ts";

/** Changed and removed records of the Evidence table, from its stream; told by log line and metric, never thrown. */
export const handler = (event: unknown, context: FunctionContext): Promise<void> =>
  serveStream(event, context, { clock: systemClock, log: printLine });
