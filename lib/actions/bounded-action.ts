import type * as z from "zod";
import { readBy } from "../encoding/schema.ts";
import { refuse } from "../refusal.ts";
import type { SeenAction } from "./descriptor.ts";

/** What follows from an action's rules for its parameters, where IAM sees of the call nothing but its target. */
type Derived = "knows" | "judgeParameters" | "carriesInIam" | "iamBounds" | "requestKeys";

/**
 * An action whose parameters are the members of one schema, and are held by the trust plane and the adapter: IAM has no
 * condition key for any of them.
 * @param rules strict: what it does not name is no parameter of the action (VAI-43).
 */
export const boundedAction = (rules: z.ZodObject, own: Omit<SeenAction, Derived>): SeenAction => ({
  ...own,
  knows: (parameter) => Object.hasOwn(rules.shape, parameter),
  judgeParameters(operation) {
    const read = readBy(rules, operation.parameters);
    if (read.ok) return undefined;
    const place = `/request/operation/parameters${read.pointer}`;
    return refuse("PARAMETER_OUT_OF_BOUNDS", `${read.pointer.slice(1)} ${read.detail}`, place);
  },
  carriesInIam: () => false,
  iamBounds: () => [],
  requestKeys: () => [],
});
