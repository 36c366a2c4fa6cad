import { delegateDependencies } from "../lib/aws/function/delegate-dependencies.ts";
import { type FunctionContext, printLine, serveEvent } from "../lib/aws/function/entry.ts";
import { unending } from "../lib/aws/ports/lifetime.ts";
import { delegate } from "../lib/enforcement/delegate.ts";

const lifetime = unending();
const deps = delegateDependencies("delegate", process.env, lifetime);

/** Hands authority on, and takes it back (PROTOCOL.md §8), by direct invocation or Function URL. */
export const handler = (event: unknown, context: FunctionContext): Promise<unknown> =>
  serveEvent(
    event,
    context,
    { clock: deps.clock, log: printLine },
    (body, invocation) => delegate(body, deps, invocation),
    lifetime,
  );
