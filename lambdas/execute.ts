import { issueDependencies } from "../lib/aws/function/dependencies.ts";
import { type FunctionContext, printLine, serveEvent } from "../lib/aws/function/entry.ts";
import { unending } from "../lib/aws/ports/lifetime.ts";
import { execute } from "../lib/enforcement/execute.ts";

const lifetime = unending();
const deps = issueDependencies("execute", process.env, lifetime);

/** Redeems an identity handle (PROTOCOL.md §8), by direct invocation or Function URL. */
export const handler = (event: unknown, context: FunctionContext): Promise<unknown> =>
  serveEvent(
    event,
    context,
    { clock: deps.clock, log: printLine },
    (body, invocation) => execute(body, deps, invocation),
    lifetime,
  );
