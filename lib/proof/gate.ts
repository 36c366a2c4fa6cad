import { toSeconds } from "../clock.ts";
import type { ReadContract } from "../contract/contract.ts";
import { gateOf, type Step } from "../contract/step.ts";
import { isRefusal } from "../refusal.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import { approvalsByName } from "./approval.ts";
import { approvalsNeeded } from "./approval-count.ts";
import { approvalsOf } from "./heard.ts";

/** A gate's approver may have a clock that is behind by so many seconds. */
const CLOCK_SKEW = 60;

/** By what a gate of approval is judged. Milliseconds, but where it says otherwise. */
export interface GateInput {
  readonly contract: ReadContract;
  readonly step: Step;
  /** The contract's decider. */
  readonly decider: string;
  readonly policy: TrustPolicy;
  /** Approvals of gates that `approve` recorded, as compact JWS. */
  readonly recorded: readonly string[];
  /** Names of who asks for the step, and of everybody above them in a chain; absent: the contract's actor alone. */
  readonly agents?: readonly string[];
  /** When the last of what the step comes behind was completed; absent where it comes behind nothing. */
  readonly turnAt?: number | undefined;
  readonly now: number;
}

/** How a gate stands: who is asked for how many, and until when those that count hold. */
export interface Gate {
  readonly needed: number;
  readonly have: number;
  /** Seconds; absent while it is closed, and where nobody has to open it. */
  readonly until?: number;
}

/**
 * How the gate of a step stands (PROTOCOL.md §2, "Order and gates"). Only what was approved by itself counts, of people who
 * may approve now and have no part in what comes behind it (VAI-61, POC-34), and not before the step's turn had come: a yes that was given before step one had shown its effect
 * is no yes to step two.
 */
export function gateOfStep(input: GateInput): Gate {
  const { contract, step, decider, policy, recorded, agents = [], turnAt, now } = input;
  if (gateOf(step) !== "approval") return { needed: 0, have: 0 };
  const needed = Math.max(1, approvalsNeeded(contract.claims, policy));
  const approvals = approvalsOf(
    { presented: [], recorded },
    { contract, decider, policy, isBound: true, now: toSeconds(now) },
  );
  if (isRefusal(approvals)) return { needed, have: 0 };
  const earliest = turnAt === undefined ? 0 : toSeconds(turnAt) - CLOCK_SKEW;
  const names = approvalsByName(
    approvals
      .filter(({ claims }) => claims.step === step.id && claims.iat >= earliest)
      .filter(({ claims }) => !agents.includes(claims.iss)),
  );
  const last = names[needed - 1];
  return { needed, have: names.length, ...(last !== undefined && { until: last.claims.exp }) };
}
