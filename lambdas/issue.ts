import { askPeopleOf } from "../lib/aws/function/ask-people.ts";
import { issueDependencies } from "../lib/aws/function/dependencies.ts";
import { type FunctionContext, printLine, serveEvent } from "../lib/aws/function/entry.ts";
import { unending } from "../lib/aws/ports/lifetime.ts";
import { issue } from "../lib/enforcement/issue.ts";

const lifetime = unending();
const ports = issueDependencies("issue", process.env, lifetime);
const deps = { ...ports, askPeople: askPeopleOf(ports, process.env, lifetime) };

/** Direct invocation or Function URL; the answer is PROTOCOL.md §4's, whatever the event. */
export const handler = (event: unknown, context: FunctionContext): Promise<unknown> =>
  serveEvent(
    event,
    context,
    { clock: deps.clock, log: printLine },
    (body, invocation) => issue(body, deps, invocation),
    lifetime,
  );
