import type { ReadContract } from "../contract/contract.ts";
import { callsOf, gateOf, type Step } from "../contract/step.ts";
import { contractView, type IdentityView, type IntentState } from "../evidence/intent-state.ts";
import { phaseOf } from "./state.ts";

type Named = Pick<ReadContract, "digest">;

/** When the last of what a step comes behind was completed, in milliseconds. */
export function turnOf(
  state: IntentState,
  contract: Named,
  { after = [] }: Step,
): number | undefined {
  const ends = after.flatMap((id) =>
    identitiesOf(state, contract, id)
      .filter((each) => each.state === "COMPLETED")
      .map(({ endedAt }) => Date.parse(endedAt ?? "")),
  );
  return ends.length === 0 ? undefined : Math.max(...ends);
}

/** The steps that a step still waits for. */
export const waitsFor = (
  state: IntentState,
  contract: Named,
  { after = [] }: Step,
): readonly string[] => after.filter((id) => !isDone(identitiesOf(state, contract, id)));

/**
 * Whether a step will never be completed: it was not, and its uses are spent, or those of a step that it comes behind.
 * `now` in milliseconds.
 */
export function isNeverDone(
  state: IntentState,
  contract: Pick<ReadContract, "claims" | "digest">,
  id: string,
  now: number,
): boolean {
  const own = identitiesOf(state, contract, id);
  const step = contract.claims.authorization_details.find((each) => each.id === id);
  if (step === undefined || own.some((each) => each.state === "COMPLETED")) return false;
  const isOpen = own.some((each) => !["ended", "expired"].includes(phaseOf(each, now)));
  const isSpent = (contractView(state, contract.digest).uses.get(id) ?? 0) >= callsOf(step);
  const { after = [] } = step;
  return !isOpen && (isSpent || after.some((each) => isNeverDone(state, contract, each, now)));
}

const identitiesOf = (
  { identities }: IntentState,
  { digest }: Named,
  step: string,
): IdentityView[] =>
  [...identities.values()].filter((each) => each.contractDigest === digest && each.step === step);

const isDone = (identities: readonly IdentityView[]): boolean =>
  identities.some(({ state }) => state === "COMPLETED") &&
  identities.every(({ end }) => end !== undefined);

/** What a step of a bound contract waits for: steps, or people behind whom it could be asked for. */
type Wait =
  | { readonly step: string; readonly after: readonly string[] }
  | { readonly step: string; readonly gate: "approval" };

/**
 * What the steps of a contract wait for, as operators see it (PROTOCOL.md §10, Views). A gate counts as open once it is on
 * record that it was; whether it still is, approvals end, enforcement judges at each use.
 */
export function waitsOf(
  state: IntentState,
  contract: Named & { readonly steps: readonly Step[] },
): readonly Wait[] {
  const { uses, opened } = contractView(state, contract.digest);
  return contract.steps.flatMap((step): Wait[] => {
    if (gateOf(step) === "rollback" || (uses.get(step.id) ?? 0) >= callsOf(step)) return [];
    const after = waitsFor(state, contract, step);
    if (after.length > 0) return [{ step: step.id, after }];
    const isShut = gateOf(step) === "approval" && !opened.includes(step.id);
    return isShut ? [{ step: step.id, gate: "approval" }] : [];
  });
}
