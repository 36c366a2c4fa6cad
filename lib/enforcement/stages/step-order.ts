import type { Chain } from "../../continuity/chain.ts";
import type { ReadContract } from "../../contract/contract.ts";
import { gateOf, type Step } from "../../contract/step.ts";
import { contractView } from "../../evidence/intent-state.ts";
import { isNeverDone, turnOf, waitsFor } from "../../lifecycle/turn.ts";
import { gateOfStep } from "../../proof/gate.ts";
import { type Refusal, refuseUntil } from "../../refusal.ts";
import { approvals, NEW_CONTRACT, stepsFirst } from "../../unlock.ts";
import type { Judgement } from "../judgement.ts";
import type { Intent } from "../read/intent.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import { stage } from "../stage.ts";
import { holdersOf } from "./executor.ts";

interface Ordered {
  readonly contract: ReadContract;
  readonly chain: Chain | undefined;
  readonly step: Step | undefined;
  readonly trust: TrustSnapshot;
  readonly intent: Intent;
}

/** Stage `state`: the step's turn has come, and its gate is open (PROTOCOL.md §2, "Order and gates"). */
export const STEP_ORDER = stage<Ordered, Judgement>("state")
  .check("order", judgeOrder)
  .take("gate", judgeGate);

/** An unknown step, and one that nobody asks for, is judged later, as `STEP_MISMATCH`. */
function judgeOrder(
  { contract, step, intent: { state } }: Ordered,
  { now }: Judgement,
): Refusal | undefined {
  if (step === undefined) return undefined;
  const waiting = waitsFor(state, contract, step);
  const isInVain = waiting.some((id) => isNeverDone(state, contract, id, now));
  return waiting.length === 0
    ? undefined
    : refuseUntil(
        [isInVain ? NEW_CONTRACT : stepsFirst(waiting)],
        "STEP_OUT_OF_ORDER",
        `step ${step.id} comes behind ${waiting.join(", ")}, not completed yet`,
        "/request/step",
      );
}

function judgeGate(
  { contract, chain, step, trust, intent: { state } }: Ordered,
  { now }: Judgement,
): { readonly gateUntil: number | undefined } | Refusal {
  if (step === undefined || gateOf(step) !== "approval") return { gateUntil: undefined };
  const { bound, gateApprovals } = contractView(state, contract.digest);
  const { decider = "" } = bound ?? {};
  const gate = gateOfStep({
    ...{ contract, step, decider, policy: trust.policy, recorded: gateApprovals, now },
    agents: holdersOf(contract.claims, chain).map(({ agent }) => agent),
    turnAt: turnOf(state, contract, step),
  });
  return gate.have < gate.needed
    ? refuseUntil(
        [approvals(gate.needed, gate.have, step.id)],
        "STEP_GATE_CLOSED",
        `the gate of step ${step.id} needs ${gate.needed} approvals, ${gate.have} count`,
        "/request/step",
      )
    : { gateUntil: gate.until };
}
