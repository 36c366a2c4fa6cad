import type { ReadContract } from "../contract/contract.ts";
import { callsOf, gateOf, type Step } from "../contract/step.ts";
import { contractView, type IdentityView, type IntentState } from "../evidence/intent-state.ts";

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
