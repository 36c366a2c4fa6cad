import { intentIdOf } from "../../evidence/chain.ts";
import type { Append, AppendResult, HeadView } from "../../evidence/ports.ts";
import { viewOf } from "../../lifecycle/view.ts";
import type { PlaneDeps } from "../deps.ts";
import type { Intent } from "../read/intent.ts";

/** Stores sealed records in one transaction. A lost answer is read back before it counts as failed. */
export async function store({ evidence }: PlaneDeps, step: Append): Promise<AppendResult> {
  try {
    return await evidence.append(step);
  } catch (fault) {
    if (await isDurable(evidence, step)) return "appended";
    throw fault;
  }
}

async function isDurable(
  evidence: PlaneDeps["evidence"],
  { chainId, from, rows: [first] }: Append,
): Promise<boolean> {
  try {
    const { rows } = await evidence.readChain(chainId, from.seq);
    return (
      first !== undefined &&
      rows.some(({ seq, record }) => seq === first.seq && record === first.record)
    );
  } catch {
    return false;
  }
}

/** What operators are to see of an intent; {@link viewOf}. */
export const seenOf = ({ chainId, state, marks }: Intent, now: number): HeadView | null =>
  viewOf({ intentId: intentIdOf(chainId), state, marks, now }) ?? null;
