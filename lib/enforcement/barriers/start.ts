import { contractView, type IdentityView } from "../../evidence/intent-state.ts";
import type { TakenKey } from "../../evidence/ports.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import { CALL_TIMEOUT } from "../../execution/run.ts";
import { type Refusal, refuse } from "../../refusal.ts";
import { type Failure, isFailure, type Judgement } from "../judgement.ts";
import type { Intent } from "../read/intent.ts";
import type { Point } from "../stage.ts";
import type { Grant } from "../stages/authority.ts";
import { type Context, RECHECK } from "../stages/context.ts";
import { TIME_LEFT, TRUST_AGAIN } from "../stages/order.ts";
import { PROOF } from "../stages/proof.ts";
import {
  type Appended,
  appendToIntent,
  type Refused,
  ready,
  refused,
  type Settled,
} from "./append.ts";
import { type Judged, rejudge } from "./rejudge.ts";

/** An identity whose issuance is durable, about to be used. */
export interface Issued extends Judged {
  readonly intent: Intent;
  /** The assumptions as they were seen before. */
  readonly context: Context;
  /** Of a rollback: the identity whose effect it takes back. What that one supposed of the world is not asked again. */
  readonly rollsBack?: string;
  /** The chain as it stands: another redemption may have been faster, or the contract may have ended meanwhile. */
  readonly settle: (intent: Intent) => Settled<IdentityView> | Refused | undefined;
  /** What a redemption takes with its start, and what to make of a key that somebody else holds. */
  readonly redemption?: {
    readonly keys: readonly TakenKey[];
    readonly onTaken: () => Failure;
  };
}

/** Milliseconds that what comes after barrier 2 may take inside the identity's window. */
export type Needed = number;

/** Barrier 2 is behind. */
export interface Started {
  readonly kind: "started";
  readonly intent: Intent;
  /** The assumptions that were seen again beside the sealing. */
  readonly rechecked: Context;
}

/**
 * Barrier 2: what is about to be used is durable, or nothing is used (VAI-06). Beside its sealing everything that could
 * have changed is looked at again: trust, assumptions, the time that is left.
 */
export async function start(
  judgement: Judgement,
  at: Point,
  issued: Issued,
  drafts: readonly RecordDraft[],
  needed: Needed,
): Promise<Started | Settled<IdentityView> | Refused> {
  let rechecked: Context = [];
  const lookAgain = async (): Promise<Failure | undefined> => {
    const { contract } = issued.request;
    const { step } = issued.wish;
    const trust = judgement.requireTrust();
    const [changed, seen] = await Promise.all([
      rejudge(judgement, issued),
      issued.rollsBack === undefined
        ? judgement.anew().ask(RECHECK, { contract, step, trust, context: issued.context })
        : { rechecked: [] },
    ]);
    if (changed !== undefined) return changed;
    judgement.passed(TRUST_AGAIN);
    if (isFailure(seen)) return seen;
    rechecked = seen.rechecked;
    const late = judgeTimeLeft(issued.grant, judgement.deps.clock(), needed);
    if (late !== undefined) return { stage: TIME_LEFT.name, check: "timeLeft", refusal: late };
    judgement.passed(TIME_LEFT);
    return undefined;
  };
  const result: Appended<IdentityView> = await appendToIntent(judgement, issued.intent, {
    // Or the outcome could no longer be sealed.
    until: judgement.invocation.deadline,
    isBarrier: true,
    prepare: (intent) => {
      const settledOrRefused = issued.settle(intent) ?? judgeObjections(judgement, issued, intent);
      judgement.reach(at);
      return settledOrRefused ?? ready({ drafts, keys: issued.redemption?.keys ?? [] });
    },
    meanwhile: lookAgain,
    ...(issued.redemption !== undefined && { onTaken: issued.redemption.onTaken }),
  }).catch((fault: unknown) => refused(judgement.faulted(fault)));
  if (result.kind !== "appended") return result;
  judgement.passed(at);
  return { kind: "started", intent: result.intent, rechecked };
}

/** An objection that was recorded since barrier 1 still stops what was granted (PROTOCOL.md §3, "Attestations"). */
function judgeObjections(
  judgement: Judgement,
  { request, intent: before }: Issued,
  intent: Intent,
): Refused | undefined {
  const attested = ({ state }: Intent): number =>
    contractView(state, request.contract.digest).attested.length;
  if (attested(intent) === attested(before)) return undefined;
  const proved = judgement.anew().judge(PROOF, { ...request, intent });
  return isFailure(proved) ? refused(proved) : undefined;
}

/** A fresh instant: what is begun must be able to end inside the window. */
export const judgeTimeLeft = (
  { expiresAt }: Grant,
  now: number,
  needed: Needed = CALL_TIMEOUT,
): Refusal | undefined =>
  expiresAt - now < needed || expiresAt <= now
    ? refuse(
        "IDENTITY_EXPIRED",
        `the identity ends in less than the ${needed} ms that its use may take`,
      )
    : undefined;
