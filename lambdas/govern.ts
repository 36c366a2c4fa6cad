import { planeDependencies } from "../lib/aws/dependencies.ts";
import { govern } from "../lib/enforcement/govern.ts";
import { type FunctionContext, serveEvent } from "../lib/aws/lambda.ts";

const deps = planeDependencies("govern", process.env);

/** Commands of people (wire.md §10), by direct invocation. */
export const handler = (event: unknown, context: FunctionContext): Promise<unknown> =>
  serveEvent(event, context, deps.clock, (body, invocation) => govern(body, deps, invocation));
