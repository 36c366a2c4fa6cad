import type { FaultRule } from "../../localstack/front-door/faults/faults.ts";

/** Milliseconds that a function waits for one try where something goes wrong: less than deployed, as silence takes time. */
export const PATIENCE = 600;

/** What becomes of one call with all its tries, in the front door's own terms. */
export interface Fault {
  readonly do: FaultRule["do"];
  /** The same for calls by which targets are used and read, which wait longer (`CALL_TIMEOUT`). */
  readonly ofTarget?: FaultRule["do"];
  /** The function does nothing more once the call was made. */
  readonly stops?: true;
}

/** How a call to AWS can go wrong. */
export const FAULTS = {
  /** It fails before anything was done. */
  failed: { do: { status: 503, errorCode: "ServiceUnavailable", message: "Injected." } },
  /** It is done, and nobody learns its answer. */
  lost: { do: { dropAnswer: true } },
  /** It is given up, and done all the same, later. */
  silent: { do: { latencyMs: 1_000 }, ofTarget: { latencyMs: 5_400 } },
  throttled: { do: { throttle: true } },
  /** Of a look at a target: later than the second within which some effects have to be seen. */
  slow: { do: { latencyMs: 200 }, ofTarget: { latencyMs: 1_200 } },
  /** It is done, and its answer held until the function is stopped. */
  stopped: { do: { dropAnswer: true }, stops: true },
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultKind = keyof typeof FAULTS;
export const FAULT_KINDS = Object.keys(FAULTS) as readonly FaultKind[];
