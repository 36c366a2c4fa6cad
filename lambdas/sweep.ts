import { sweepDependencies } from "../lib/aws/function/command-dependencies.ts";
import { type FunctionContext, printLine, serveEvent } from "../lib/aws/function/entry.ts";
import { unending } from "../lib/aws/ports/lifetime.ts";
import { sweep } from "../lib/enforcement/sweep.ts";

const lifetime = unending();
const deps = sweepDependencies("sweep", process.env, lifetime);

/** Ends what nobody else has ended (PROTOCOL.md §10), each minute; its event is not read. */
export const handler = (event: unknown, context: FunctionContext): Promise<unknown> =>
  serveEvent(
    event,
    context,
    { clock: deps.clock, log: printLine },
    (_, invocation) => sweep(deps, invocation),
    lifetime,
  );
