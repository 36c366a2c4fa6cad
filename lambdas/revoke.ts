import { revokeDependencies } from "../lib/aws/function/command-dependencies.ts";
import { type FunctionContext, printLine, serveEvent } from "../lib/aws/function/entry.ts";
import { unending } from "../lib/aws/ports/lifetime.ts";
import { revoke } from "../lib/enforcement/revoke.ts";

const lifetime = unending();
const deps = revokeDependencies("revoke", process.env, lifetime);

/** Ends authority at once (PROTOCOL.md §10), by direct invocation or from EventBridge. */
export const handler = (event: unknown, context: FunctionContext): Promise<unknown> =>
  serveEvent(
    event,
    context,
    { clock: deps.clock, log: printLine },
    (body, invocation) => revoke(body, deps, invocation),
    lifetime,
  );
