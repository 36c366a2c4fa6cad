import { mustRecheck } from "../../contract/assumption.ts";
import type { Contract } from "../../contract/contract.ts";
import { gateOf, type Step } from "../../contract/step.ts";
import { type Refusal, refuse } from "../../refusal.ts";
import type { EnforcementEntry } from "./enforcement-map.ts";
import { inEvent } from "./step-place.ts";

/**
 * The counter of issuances, the order of steps and their gates are kept by the trust plane before there are any
 * credentials, in every delivery; calls within a session are not counted.
 */
const AT_ISSUANCE = /^(?:\/chain\/\d+)?\/authorization_details\/\d+\/(?:limits\/calls|after|gate)$/;

/**
 * Who enforces what once the caller holds the credentials: no adapter stands before the call any more, so whatever
 * IAM does not carry is `DIRECT_MODE_FORBIDDEN` (PROTOCOL.md §4, VAI-44). An assumption that is read only at issuance is
 * judged before there are any credentials, so it stays.
 */
export function directMode(
  entries: readonly EnforcementEntry[],
  contract: Contract,
  step: Step,
): readonly EnforcementEntry[] | Refusal {
  const held = entries.map(({ constraint, enforcedBy }) => ({
    constraint,
    enforcedBy: enforcedBy.filter((enforcer) => enforcer !== "adapter"),
  }));
  const lost = held.find(
    ({ constraint, enforcedBy }) =>
      !enforcedBy.includes("iam") &&
      !AT_ISSUANCE.test(constraint) &&
      !isJudgedBefore(constraint, contract, step),
  );
  if (contract.rollback !== undefined) return forbidden("/rollback");
  if (gateOf(step) === "refreshContext") return forbidden("/assumptions");
  return lost === undefined ? held : forbidden(lost.constraint);
}

const forbidden = (constraint: string): Refusal =>
  refuse(
    "DIRECT_MODE_FORBIDDEN",
    `IAM cannot hold ${constraint}, so the caller may not hold the credentials`,
    inEvent(constraint),
  );

function isJudgedBefore(
  constraint: string,
  { assumptions = [], risk }: Contract,
  step: Step,
): boolean {
  const [, list, index] = constraint.split("/");
  const assumption = list === "assumptions" ? assumptions[Number(index)] : undefined;
  return assumption !== undefined && !mustRecheck(assumption, risk, gateOf(step));
}
