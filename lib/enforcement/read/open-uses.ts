import { BREAK_GLASS, readUse, type Use, useKey } from "../../lifecycle/break-glass.ts";
import { closedUnder } from "../../trust/restrictions.ts";
import type { PlaneDeps } from "../deps.ts";
import type { TrustSnapshot } from "./trust-snapshot.ts";

/** A use under break-glass whose review is open, in the place that follows from the reviews before. */
export interface OpenUse extends Use {
  readonly policy: string;
  readonly closed: number;
}

/** What waits for a review. */
export interface OpenUses {
  readonly uses: readonly OpenUse[];
  /** Objects in such places that nobody here has put so: no review closes them. */
  readonly unreadable: number;
}

/**
 * Looked for in the bucket alone: no table, and no policy that was replaced since, hides a use from its review.
 * @throws {Fault} `DEPENDENCY_UNAVAILABLE`.
 */
export async function openUses(
  { breakGlass }: Pick<PlaneDeps, "breakGlass">,
  { restrictions }: Pick<TrustSnapshot, "restrictions">,
): Promise<OpenUses> {
  const policies = await breakGlass.names(BREAK_GLASS);
  const found = await Promise.all(
    policies.map(async (policy) => {
      const closed = closedUnder(restrictions, policy);
      const texts = await breakGlass.read(useKey(policy, closed));
      return texts.map((text) => {
        const use = readUse(text);
        return use && { ...use, policy, closed };
      });
    }),
  );
  const all = found.flat();
  const uses = all.filter((use) => use !== undefined);
  return { uses, unreadable: all.length - uses.length };
}
