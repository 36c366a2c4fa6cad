import type { Chain } from "../../continuity/chain.ts";
import type { Contract } from "../../contract/contract.ts";
import type { Step } from "../../contract/step.ts";

/** A step with where it stands, as tokens of a pointer: into the contract, or into a block, behind `chain` and its depth. */
export interface PlacedStep {
  readonly step: Step;
  readonly path: readonly PropertyKey[];
}

type Steps = Pick<Contract, "authorization_details">;

/** The steps of one id, the contract's first, then each block's, root first. The last of them is the effective one. */
export const placedSteps = (id: string, contract: Steps, chain: Chain | undefined): PlacedStep[] =>
  [
    placed(id, contract, []),
    ...(chain?.blocks ?? []).map(({ claims }) => placed(id, claims, ["chain", claims.depth])),
  ].flat();

function placed(
  id: string,
  { authorization_details }: Steps,
  within: readonly PropertyKey[],
): PlacedStep[] {
  const index = authorization_details.findIndex((step) => step.id === id);
  const step = authorization_details[index];
  return step === undefined ? [] : [{ step, path: [...within, "authorization_details", index] }];
}

/** A place of the event, of one in contract or chain. */
export const inEvent = (constraint: string): string =>
  constraint.startsWith("/chain/") ? constraint : `/contract${constraint}`;
