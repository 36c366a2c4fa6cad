import type { CallError, CallOutcome, FunctionAnswer, ReadBack } from "../actions/descriptor.ts";
import type { Obligation } from "../contract/contract.ts";
import { present } from "../encoding/present.ts";

/** What became of the bounded call, as answer and evidence say it (PROTOCOL.md §4). */
export interface Outcome {
  readonly status: "succeeded" | "failed" | "unknown";
  readonly error?: CallError;
  /** What a function answered that was asked. */
  readonly response?: FunctionAnswer;
  readonly readBack?: { readonly matches: boolean };
  readonly obligations: readonly { readonly name: string; readonly met: boolean }[];
}

/**
 * The outcome from the call and what was seen after it. A `readBack` obligation is met by a call that succeeded
 * and was seen to have worked within `dueSeconds` of the call's answer. A call whose answer was lost stays unknown even if the target looks right:
 * somebody else may have set it so.
 */
export function callOutcome(
  call: CallOutcome,
  seen: ReadBack | undefined,
  obligations: readonly Obligation[],
  seenAfterSeconds: number,
): Outcome {
  const matches = call.status === "succeeded" && seen?.matches === true;
  return {
    status: call.status,
    ...(call.status !== "succeeded" && { error: call.error }),
    ...present({ response: call.response }),
    ...(seen !== undefined && { readBack: { matches: seen.matches } }),
    obligations: obligations.map(({ kind, name, dueSeconds }) => ({
      name,
      met: kind === "readBack" && matches && seenAfterSeconds <= dueSeconds,
    })),
  };
}
