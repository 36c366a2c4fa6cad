import { governDependencies } from "../lib/aws/function/command-dependencies.ts";
import { type FunctionContext, printLine, serveEvent } from "../lib/aws/function/entry.ts";
import { unending } from "../lib/aws/ports/lifetime.ts";
import { govern } from "../lib/enforcement/govern.ts";

const lifetime = unending();
const deps = governDependencies("govern", process.env, lifetime);

/** Commands of people (PROTOCOL.md §10), by direct invocation. */
export const handler = (event: unknown, context: FunctionContext): Promise<unknown> =>
  serveEvent(
    event,
    context,
    { clock: deps.clock, log: printLine },
    (body, invocation) => govern(body, deps, invocation),
    lifetime,
  );
