import type { ReadContract } from "../contract/contract.ts";
import { contractView } from "../evidence/intent-state.ts";
import { turnOf, waitsFor } from "../lifecycle/turn.ts";
import { judgeApprovals } from "../proof/approval-count.ts";
import { decisionsNeeded } from "../proof/decision-needed.ts";
import { gateOfStep } from "../proof/gate.ts";
import { judgeAttestations } from "../proof/judge.ts";
import type { ReadProof } from "../proof/proof.ts";
import { isRefusal, type Refusal } from "../refusal.ts";
import { approvals, type Unlock } from "../unlock.ts";
import type { RefusedAnswer } from "./answer.ts";
import type { IssueDeps } from "./deps.ts";
import type { Intent } from "./read/intent.ts";
import type { TrustSnapshot } from "./read/trust-snapshot.ts";

type Asking = Pick<IssueDeps, "askPeople">;

/**
 * Says outside what people are asked for, once the answer stands: nothing that becomes of it changes one. What was only
 * counted, of a flood, is not said again.
 */
export async function askFor(
  { askPeople }: Asking,
  contract: ReadContract,
  { evidence, unlock = [] }: Pick<RefusedAnswer, "evidence" | "unlock">,
): Promise<void> {
  const needed = evidence === undefined ? [] : decisionsNeeded(contract, unlock);
  if (needed.length > 0) await askPeople?.(needed).catch(() => undefined);
}

/** A contract that was just bound, with what it is judged by; `now` in milliseconds. */
interface Bound {
  readonly contract: ReadContract;
  readonly proof: ReadProof;
  readonly intent: Intent;
  readonly trust: TrustSnapshot;
  readonly plane: string;
  readonly now: number;
}

/** All that a bound contract waits for people for: evaluators, approvers, and the gates whose turn has come. */
export function awaitedOf({
  contract,
  proof,
  intent,
  trust,
  plane,
  now,
}: Bound): readonly Unlock[] {
  const { policy } = trust;
  const { attested, approved, gateApprovals } = contractView(intent.state, contract.digest);
  const shared = { proof, policy, now, isBound: true };
  const decider = proof.decision.claims.iss;
  const gates = contract.claims.authorization_details.flatMap((step): Unlock[] => {
    if (waitsFor(intent.state, contract, step).length > 0) return [];
    const { needed, have } = gateOfStep({
      ...{ contract, step, decider, policy, recorded: gateApprovals, now },
      turnAt: turnOf(intent.state, contract, step),
    });
    return have < needed ? [approvals(needed, have, step.id)] : [];
  });
  return [
    ...unlocksOf(judgeAttestations({ ...shared, plane, contract: contract.claims, attested })),
    ...unlocksOf(judgeApprovals({ ...shared, contract, recorded: approved })),
    ...gates,
  ];
}

const unlocksOf = (judged: object | undefined): readonly Unlock[] =>
  judged !== undefined && isRefusal(judged as Refusal) ? ((judged as Refusal).unlock ?? []) : [];
