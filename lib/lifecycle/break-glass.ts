import * as z from "zod";
import { type ReadContract, readContract } from "../contract/contract.ts";
import { canonicalize } from "../encoding/canonical-json.ts";
import { numericDate } from "../encoding/members.ts";
import { isRefusal } from "../refusal.ts";
import type { BreakGlassPolicy } from "../trust/policy.ts";

/** Under which everything of emergencies is put. */
export const BREAK_GLASS = "break-glass/";

/** Seconds in an hour. */
const HOUR = 3600;

/** The place of a use: its number is how many before it are reviewed, so that two uses have one only if both want it. */
export const useKey = (policy: string, closed: number): string =>
  `${BREAK_GLASS}${policy}/${String(closed).padStart(9, "0")}/use`;

/** Where transactions of an intent under an emergency policy are put before they are stored. */
export const spoolOf = (policy: string, intentId = ""): string =>
  `${BREAK_GLASS}${policy}/spool/${intentId === "" ? "" : `${intentId}/`}`;

/** The place of a transaction, by the number of its first record: no two writers take one. */
export const spoolKey = (policy: string, intentId: string, first: number): string =>
  `${spoolOf(policy, intentId)}${String(first).padStart(6, "0")}`;

const schema = z.strictObject({ contract: z.string(), at: numericDate, due: numericDate });

/** A use under break-glass that somebody has begun. */
export interface Use {
  readonly contract: ReadContract;
  /** Seconds: when it was begun, and until when it is to be reviewed. */
  readonly at: number;
  readonly due: number;
}

/** What stands in the place of a use; `undefined` of what nobody here has put so. */
export function readUse(text: string): Use | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const read = schema.safeParse(value);
  if (!read.success) return undefined;
  const contract = readContract(read.data.contract);
  return isRefusal(contract) ? undefined : { ...read.data, contract };
}

/** Seconds: until when a use of a contract that ends at `exp` is to be reviewed. */
export const reviewDueOf = (exp: number, { reviewHours }: BreakGlassPolicy): number =>
  exp + reviewHours * HOUR;

/** What is put there; `at` in seconds. */
export const useText = (
  { jws, claims }: ReadContract,
  policy: BreakGlassPolicy,
  at: number,
): string => canonicalize({ contract: jws.compact, at, due: reviewDueOf(claims.exp, policy) });
