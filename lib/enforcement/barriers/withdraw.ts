import { toInstant } from "../../clock.ts";
import type { ReadContract } from "../../contract/contract.ts";
import type { Ending } from "../../evidence/block-tree.ts";
import { contractView } from "../../evidence/intent-state.ts";
import type { ReadRequest, WithdrawRequest } from "../../request/request.ts";
import type { DelegateDeps } from "../deps.ts";
import { isFailure, type Judgement } from "../judgement.ts";
import type { Intent } from "../read/intent.ts";
import { endingKeys, withdrawnDrafts } from "../records/delegation.ts";
import { requestNames } from "../records/issuance.ts";
import { point } from "../stage.ts";
import { RETRY_WITHDRAW } from "../stages/delegation.ts";
import { brokenChain, lostGrant } from "../stages/executor.ts";
import { appendToIntent, type Refused, ready, refused, settled } from "./append.ts";

/** The end is durable. */
export const WITHDRAWN = point("evidence", "withdrawn");

/** A withdrawal of a verified executor. */
export interface AskedToWithdraw {
  readonly contract: ReadContract;
  readonly request: ReadRequest<WithdrawRequest>;
  readonly executor: string;
  readonly intent: Intent;
}

export type Withdrawn =
  | { readonly kind: "appended" | "settled"; readonly intent: Intent; readonly ending: Ending }
  | (Refused & { readonly intent: Intent });

/** Ends a block and all below it. Neither a window nor a halt stands in its way: taking back needs no authority left. */
export async function withdraw(
  judgement: Judgement<DelegateDeps>,
  asked: AskedToWithdraw,
): Promise<Withdrawn> {
  let judged = asked.intent;
  const { contract, request, executor } = asked;
  const { block } = request.claims;
  const requestedAt = toInstant(judgement.now);
  try {
    const result = await appendToIntent<Ending, DelegateDeps>(judgement, asked.intent, {
      prepare: (intent) => {
        judged = intent;
        const retried = judgement.judge(RETRY_WITHDRAW, { ...asked, intent });
        if (isFailure(retried)) return refused(retried);
        if (retried.repeated !== undefined) return settled(retried.repeated);
        const checks = judgement.passes();
        judgement.reach(WITHDRAWN);
        const { tree } = contractView(intent.state, contract.digest);
        const names = { ...requestNames(request.claims), executor, block };
        const exp = tree.blocks.get(block)?.exp ?? 0;
        return ready({
          drafts: withdrawnDrafts(intent, asked, requestedAt, checks),
          keys: endingKeys(contract.digest, names, exp),
        });
      },
      onTaken: () => brokenChain(lostGrant()),
      isBarrier: true,
    });
    if (result.kind === "refused") return { ...result, intent: judged };
    if (result.kind === "settled") {
      return { kind: "settled", intent: judged, ending: result.value };
    }
    judgement.passed(WITHDRAWN);
    const { intent } = result;
    const ending = contractView(intent.state, contract.digest).tree.blocks.get(block)?.ended;
    if (ending === undefined) throw new TypeError("what was appended ends the block");
    return { kind: "appended", intent, ending };
  } catch (fault) {
    return { ...refused(judgement.faulted(fault)), intent: judged };
  }
}
