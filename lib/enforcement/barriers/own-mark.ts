import { toSeconds } from "../../clock.ts";
import type { Digest } from "../../encoding/digest.ts";
import type { EndTrigger } from "../../evidence/details.ts";
import { contractView } from "../../evidence/intent-state.ts";
import { Fault, isRefusal } from "../../refusal.ts";
import type { Judgement } from "../judgement.ts";
import { type Intent, readIntent } from "../read/intent.ts";
import { endsContract } from "../records/ending.ts";
import type { Batch } from "./append.ts";

/**
 * The plane's own denial of a contract is committed before its records, without KMS (PROTOCOL.md §10): neither a silent
 * signer nor a contended chain keeps alive what was violated. Where not even that can be had the records are tried all
 * the same.
 * @returns the intent with its mark, as it stands now.
 */
export async function markEnding(
  judgement: Judgement,
  start: Intent,
  contractDigest: Digest,
  trigger: EndTrigger,
): Promise<Intent> {
  const { deps } = judgement;
  const { chainId } = start;
  const at = toSeconds(deps.clock());
  try {
    await deps.denials.mark({
      chainId,
      mark: { at, code: "CONTRACT_REVOKED", trigger, contractDigest },
    });
    const marked = await readIntent(deps, chainId, judgement.requireTrust(), { opened: start });
    return isRefusal(marked) ? start : marked;
  } catch (fault) {
    if (fault instanceof Fault) return start;
    throw fault;
  }
}

/** A batch behind which the contract has ended takes the plane's own marks on it away: it records them. */
export function takingOwnMarks(batch: Batch, { marks, state }: Intent, digest: Digest): Batch {
  const { marks: stored } = marks.stored;
  const isEnded = contractView(state, digest).ended !== undefined || endsContract(batch.drafts);
  if (!isEnded || !Array.isArray(stored) || stored.length === 0) return batch;
  const isOwn = (mark: { contractDigest?: unknown; by?: unknown } | null): boolean =>
    mark?.contractDigest === digest && mark.by === undefined;
  return { ...batch, marksLeft: stored.filter((mark) => !isOwn(mark)) };
}
