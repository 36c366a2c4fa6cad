import { breakGlassPolicyOf } from "../../contract/break-glass.ts";
import type { ReadContract } from "../../contract/contract.ts";
import { useKey } from "../../lifecycle/break-glass.ts";
import { type Refusal, refusalOf } from "../../refusal.ts";
import type { BreakGlassPolicy } from "../../trust/policy.ts";
import { closedUnder } from "../../trust/restrictions.ts";
import type { PlaneDeps } from "../deps.ts";
import type { TrustSnapshot } from "./trust-snapshot.ts";

/** Where a use under break-glass is to stand, and what stands there by now. */
export interface PlaceOfUse {
  readonly policy: BreakGlassPolicy;
  /** How many uses before it are reviewed. */
  readonly closed: number;
  readonly key: string;
  /** In all versions; or why nobody could see. */
  readonly found: readonly string[] | Refusal;
}

/** Looked at beside nothing, for a contract of an emergency; every other costs no read. */
export async function placeOfUse(
  { breakGlass }: Pick<PlaneDeps, "breakGlass">,
  contract: ReadContract,
  { policy: trusted, restrictions }: TrustSnapshot,
): Promise<PlaceOfUse | undefined> {
  const policy = breakGlassPolicyOf(contract.claims, trusted);
  if (policy === undefined) return undefined;
  const closed = closedUnder(restrictions, policy.id);
  const key = useKey(policy.id, closed);
  const found = await breakGlass.read(key).catch(refusalOf);
  return { policy, closed, key, found };
}
