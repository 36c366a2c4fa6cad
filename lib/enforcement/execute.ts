import type { Answer } from "./answer.ts";
import type { Invocation, IssueDeps } from "./deps.ts";
import { issue } from "./issue.ts";

/** Redeems an identity handle: being built; until then everything is judged as an `issue` event. */
export const execute = (
  event: unknown,
  deps: IssueDeps,
  invocation: Invocation,
): Promise<Answer> => issue(event, deps, invocation);
