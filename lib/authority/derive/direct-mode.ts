import { mustRecheck } from "../../contract/assumption.ts";
import type { Contract } from "../../contract/contract.ts";
import { type Refusal, refuse } from "../../refusal.ts";
import type { EnforcementEntry } from "./enforcement-map.ts";

/** The counter of issuances is kept by the trust plane in every delivery; calls within a session are not counted. */
const ISSUANCES = /^\/authorization_details\/\d+\/limits\/calls$/;

/**
 * Who enforces what once the caller holds the credentials: no adapter stands before the call any more, so whatever
 * IAM does not carry is `DIRECT_MODE_FORBIDDEN` (PROTOCOL.md §4, VAI-44). An assumption that is read only at issuance is
 * judged before there are any credentials, so it stays.
 */
export function directMode(
  entries: readonly EnforcementEntry[],
  contract: Contract,
): readonly EnforcementEntry[] | Refusal {
  const held = entries.map(({ constraint, enforcedBy }) => ({
    constraint,
    enforcedBy: enforcedBy.filter((enforcer) => enforcer !== "adapter"),
  }));
  const lost = held.find(
    ({ constraint, enforcedBy }) =>
      !enforcedBy.includes("iam") &&
      !ISSUANCES.test(constraint) &&
      !isJudgedBefore(constraint, contract),
  );
  if (contract.rollback !== undefined) return forbidden("/rollback");
  return lost === undefined ? held : forbidden(lost.constraint);
}

const forbidden = (constraint: string): Refusal =>
  refuse(
    "DIRECT_MODE_FORBIDDEN",
    `IAM cannot hold ${constraint}, so the caller may not hold the credentials`,
    `/contract${constraint}`,
  );

function isJudgedBefore(constraint: string, { assumptions = [], risk }: Contract): boolean {
  const [, list, index] = constraint.split("/");
  const assumption = list === "assumptions" ? assumptions[Number(index)] : undefined;
  return assumption !== undefined && !mustRecheck(assumption, risk);
}
