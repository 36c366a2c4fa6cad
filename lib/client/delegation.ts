import * as z from "zod";
import { toSeconds } from "../clock.ts";
import type { Held } from "../continuity/narrowing.ts";
import { wholeDelegation } from "../contract/delegation.ts";
import { step } from "../contract/step.ts";
import { numericDate } from "../encoding/members.ts";
import { present } from "../encoding/present.ts";
import { designate, handedOn } from "../request/request.ts";
import { withType } from "./contract.ts";
import type { HandedOnAsk } from "./request.ts";

const END =
  "must be an instant of whole seconds, such as 2026-05-05T04:10:00Z, or seconds since 1970";

/** Seconds since 1970, or an instant of whole seconds as people write it; what is neither is told by both. */
const end = z.union([
  z.iso
    .datetime({ precision: 0, error: END })
    .or(z.iso.datetime({ precision: 3 }).regex(/\.000Z$/))
    .transform((text) => toSeconds(Date.parse(text))),
  numericDate,
]);

/** What is handed on, as an executor writes it: whom it designates, and for which steps; the rest has a default. */
export const delegationDraft = z.strictObject({
  designate,
  steps: z.array(z.preprocess(withType, step)).min(1),
  /** Absent: those that are held. */
  deliveries: handedOn.deliveries.optional(),
  /** Absent: when what is held ends. */
  exp: end.optional(),
  /** Absent, or a member of it: as little as can be said, so that nobody hands on further by oversight. */
  delegation: wholeDelegation.partial().optional(),
  /** Whether the delegator keeps its own authority; absent: no. */
  retain: z.boolean().default(false),
});
export type DelegationDraft = z.infer<typeof delegationDraft>;

/** What a draft asks for, with nothing left out; the same each time, so that it can be asked again. */
export const handedOnBy = (
  draft: DelegationDraft,
  held: Held & { readonly depth: number },
): HandedOnAsk => ({
  designate: draft.designate,
  authorization_details: draft.steps,
  deliveries: draft.deliveries ?? [...(held.deliveries as HandedOnAsk["deliveries"])],
  exp: draft.exp ?? held.exp,
  delegation: {
    ...{ maxDepth: held.depth + 1, retain: false, labels: [...held.delegation.labels], planes: [] },
    ...present(draft.delegation ?? {}),
  },
  retain: draft.retain,
});
