import * as z from "zod";
import { action, arn, scalar, stepId } from "../encoding/members.ts";

/** What is done, under which step, when an obligation stays unmet (PROTOCOL.md §2, "Rollback"). */
export const rollback = z.strictObject({
  when: z.literal("obligationUnmet"),
  step: stepId,
  operation: z.strictObject({ action, resource: arn, parameters: z.record(z.string(), scalar) }),
});

export type Rollback = z.infer<typeof rollback>;
