import type { Verdict } from "../evidence/record.ts";
import { failureDomain, type Refusal } from "../refusal.ts";

/** A dependency that failed is an error of ours, not a judgement about the caller. */
export const outcomeOf = ({ code }: Refusal): Verdict["outcome"] =>
  failureDomain(code) === "platform" ? "ERROR" : "DENY";
