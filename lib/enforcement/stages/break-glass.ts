import type { ReadContract } from "../../contract/contract.ts";
import { readUse, type Use } from "../../lifecycle/break-glass.ts";
import { isRefusal, type Refusal, refuseUntil } from "../../refusal.ts";
import { NEW_CONTRACT, reviewOf } from "../../unlock.ts";
import type { PlaneDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import type { PlaceOfUse } from "../read/place-of-use.ts";
import { stage } from "../stage.ts";

interface Emergency {
  readonly contract: ReadContract;
  /** Of a contract under break-glass. */
  readonly use: PlaceOfUse | undefined;
}

/**
 * Stage `state`: the use before this one was reviewed (PROTOCOL.md §10, "Break-glass", VAI-126). The place of the next use
 * follows from the number of reviews, so whoever sets that back in a table finds the place taken.
 */
export const REVIEWED = stage<Emergency, Judgement<PlaneDeps>>("state").check(
  "breakGlassReviewed",
  ({ contract, use }) => use && (isRefusal(use.found) ? use.found : judgeUses(use.found, contract)),
);

/** Whether a place is free for a contract, or its own already: a use whose grant was not recorded may be tried again. */
export function judgeUses(found: readonly string[], contract: ReadContract): Refusal | undefined {
  const uses = found.map(readUse);
  const other = uses.find((use) => use?.contract.digest !== contract.digest);
  return uses.every((use) => use?.contract.digest === contract.digest) ? undefined : taken(other);
}

/** Somebody's use stands there; of what cannot be read nobody can close the review. */
export const taken = (use: Use | undefined): Refusal =>
  refuseUntil(
    use === undefined ? [NEW_CONTRACT] : [reviewOf(use.contract.digest)],
    "BREAK_GLASS_REVIEW_OVERDUE",
    use === undefined
      ? "what stands in the place of the use before cannot be read; governance has to name another emergency policy"
      : `the use under contract ${use.contract.digest} was not reviewed yet`,
    "/contract/breakGlass/policy",
  );
