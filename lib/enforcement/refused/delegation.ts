import type { Digest } from "../../encoding/digest.ts";
import { readJws } from "../../encoding/jws.ts";
import { CHAIN_CEILING } from "../../evidence/chain.ts";
import { contractView } from "../../evidence/intent-state.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import { Fault } from "../../refusal.ts";
import type { RefusedAnswer } from "../answer.ts";
import { appendToIntent, type Batch, type Refused, ready, settled } from "../barriers/append.ts";
import type { DelegateDeps } from "../deps.ts";
import type { Failure, Judgement } from "../judgement.ts";
import { type Intent, judgeOwnership } from "../read/intent.ts";
import {
  delegationRequested,
  rejectedDelegation,
  unverifiedDelegation,
} from "../records/delegation.ts";
import { isBound, withOpening } from "../records/issuance.ts";
import { verdictOutcome } from "../records/refusal.ts";
import { brokenChain, lostGrant } from "../stages/executor.ts";
import { answerRefusal, countOnIntent, recordOnIntent, recordUnattributed } from "./flood.ts";

type Judging = Judgement<DelegateDeps>;

/** A refusal before the executor is verified: on a chain that accuses nobody. */
export function refuseUnverifiedDelegation(
  judgement: Judging,
  failure: Failure,
): Promise<RefusedAnswer> {
  const drafts = unverifiedDelegation(judgement, failure, verifiedParts(judgement));
  return answerRefusal(failure, () => recordUnattributed(judgement, drafts));
}

/** What is verified of an event may stand in evidence; the rest is only its digest (VAI-03). */
function verifiedParts({ about, raw }: Judging): object {
  const { request, contract } = (raw ?? {}) as Record<string, unknown>;
  const isSaid = about.request !== undefined && readJws(request, "vai-request+jwt").ok;
  return {
    ...(isSaid && { request }),
    ...(about.contract !== undefined && contract !== undefined && { contract }),
  };
}

type Asked = Parameters<typeof delegationRequested>[0];

/** A verified executor's refusal, where it belongs: nobody but an intent's issuer writes on its chain (PROTOCOL.md §5). */
export function refuseDelegation(
  judgement: Judging,
  asked: Asked,
  { failure, intent }: Refused & { readonly intent: Intent },
): Promise<RefusedAnswer> {
  const { contract } = asked;
  if (failure.refusal.code === "EVIDENCE_CHAIN_BROKEN") {
    return refuseUnverifiedDelegation(judgement, brokenChain(failure.refusal));
  }
  if (judgeOwnership(intent, contract.claims) !== undefined) {
    return refuseUnverifiedDelegation(judgement, failure);
  }
  const batchOf = (latest: Intent): Batch => ({
    drafts: withOpening(latest, { contract }, [
      delegationRequested(asked, isBound(latest, contract), verdictOutcome(failure.refusal)),
      ...rejectedDelegation(judgement, failure),
    ]),
  });
  // It takes no key, so nobody holds one of its.
  const onTaken = () => brokenChain(lostGrant());
  return answerRefusal(failure, () => recordOnIntent(judgement, intent, { batchOf, onTaken }));
}

/** What a retry is of: the block that was granted, or ended. */
interface Repeated {
  readonly use: "delegate" | "withdraw";
  readonly block: Digest;
  readonly contractDigest: Digest;
}

/**
 * A retry's first is recorded, later ones are counted (VAI-64), as each of them where the chain is long: of many blocks they
 * would take the room that is kept for uses. It is honest whether or not its record finds room: the block's own evidence is
 * what answers.
 */
export async function recordRepeated(
  judgement: Judging,
  start: Intent,
  { use, block, contractDigest }: Repeated,
): Promise<void> {
  const draft: RecordDraft = {
    type: "RetryDeduplicated",
    verdict: { outcome: "ALLOW" },
    detail: { use, block },
  };
  const isTold = ({ state }: Intent): boolean =>
    state.head.seq >= CHAIN_CEILING ||
    contractView(state, contractDigest).tree.blocks.get(block)?.retried.includes(use) === true;
  try {
    const first = await appendToIntent<Intent, DelegateDeps>(judgement, start, {
      prepare: (intent) => (isTold(intent) ? settled(intent) : ready({ drafts: [draft] })),
    });
    if (first.kind !== "settled") return;
    const scope = { name: `retries/${block}`, isOfRetries: true } as const;
    await countOnIntent(judgement, first.value, scope);
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
  }
}
