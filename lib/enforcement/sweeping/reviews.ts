import { toInstant } from "../../clock.ts";
import { intentChain, intentIdOf } from "../../evidence/chain.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import { Fault, isRefusal } from "../../refusal.ts";
import { appendToIntent, ready, settled } from "../barriers/append.ts";
import type { SweepDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import { type Intent, readIntent } from "../read/intent.ts";
import { type OpenUse, openUses } from "../read/open-uses.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import { withOpening } from "../records/issuance.ts";

/** What a run saw of the reviews. */
export interface Reviews {
  /** Uses whose review is late, one that cannot be read among them; absent where nobody could see. */
  readonly overdue?: number;
  /** Chains that their record could not be written to. */
  readonly failed: number;
}

/**
 * Uses under break-glass that nobody has reviewed in time are told on their contract's chain, once (VAI-126). Their places
 * are looked at in the bucket, so that no table keeps one from being late.
 */
export async function sweepReviews(
  judging: (about: unknown) => Judgement<SweepDeps>,
  deps: SweepDeps,
  trust: TrustSnapshot,
): Promise<Reviews> {
  try {
    const { uses, unreadable } = await openUses(deps, trust);
    const late = uses.filter(({ due }) => due * 1000 <= deps.clock());
    const told = await Promise.all(
      late.map((use) => {
        const judgement = judging({ contract: use.contract.digest });
        judgement.believe(trust);
        return tellOverdue(judgement, use, trust).catch(isFault);
      }),
    );
    const failed = told.filter((done) => !done).length;
    return { overdue: late.length + unreadable, failed };
  } catch (fault) {
    isFault(fault);
    return { failed: 1 };
  }
}

function isFault(fault: unknown): false {
  if (fault instanceof Fault) return false;
  throw fault;
}

async function tellOverdue(
  judgement: Judgement<SweepDeps>,
  use: OpenUse,
  trust: TrustSnapshot,
): Promise<boolean> {
  const { claims, digest } = use.contract;
  const chainId = intentChain(claims.intent.id);
  const start = await readIntent(judgement.deps, chainId, trust, { breakGlass: use.policy });
  if (isRefusal(start)) return false;
  judgement.learn({
    intentId: intentIdOf(chainId),
    contract: { id: claims.jti, digest },
    actor: { id: claims.actor.id, kind: claims.actor.kind },
  });
  const draft: RecordDraft = {
    type: "BreakGlassReviewOverdue",
    verdict: { outcome: "DENY" },
    detail: { policy: use.policy, reviewDue: toInstant(use.due * 1000) },
  };
  const done = await appendToIntent<Intent, SweepDeps>(judgement, start, {
    prepare: (intent) =>
      isTold(intent, digest)
        ? settled(intent)
        : ready({ drafts: withOpening(intent, use, [draft]) }),
  });
  return done.kind !== "refused";
}

const isTold = ({ records }: Intent, digest: string): boolean =>
  records.some(
    ({ record: { event, contract } }) =>
      event.type === "BreakGlassReviewOverdue" && contract?.digest === digest,
  );
