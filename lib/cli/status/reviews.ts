import { toInstant } from "../../clock.ts";
import { openUses } from "../../enforcement/read/open-uses.ts";
import type { BreakGlassStore } from "../../lifecycle/ports.ts";
import type { Restrictions } from "../../trust/restrictions.ts";

/** A use under an emergency policy that waits for its review. */
interface OpenReview {
  readonly policy: string;
  readonly contractDigest: string;
  readonly intentId: string;
  readonly incident: string;
  /** RFC 3339: when it was begun, and until when it is to be reviewed. */
  readonly at: string;
  readonly due: string;
  readonly isOverdue: boolean;
}

/** Reviews that are open, by the bucket alone. */
export interface Reviews {
  /** The one that is due first before the others. */
  readonly open: readonly OpenReview[];
  /** Objects in the place of a use that nobody of the plane has put. */
  readonly unreadable: number;
}

/** @param now milliseconds. @throws {Fault} `DEPENDENCY_UNAVAILABLE`. */
export async function reviewsIn(
  breakGlass: BreakGlassStore,
  restrictions: Restrictions,
  now: number,
): Promise<Reviews> {
  const { uses, unreadable } = await openUses({ breakGlass }, { restrictions });
  const open = uses
    .toSorted((one, other) => one.due - other.due)
    .map(({ policy, contract: { claims, digest }, at, due }) => ({
      ...{ policy, contractDigest: digest, intentId: claims.intent.id },
      incident: claims.breakGlass?.incident ?? "",
      ...{ at: toInstant(at * 1000), due: toInstant(due * 1000), isOverdue: due * 1000 <= now },
    }));
  return { open, unreadable };
}
