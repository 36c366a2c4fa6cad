import { setImmediate as tick } from "node:timers/promises";
import { EVERYTHING, type Touch } from "./schedule/touch.ts";

/** What a plane depends on, by what it is needed for. */
const DEPENDENCIES = [
  "heads:read",
  "evidence:read",
  "evidence:write",
  "index:read",
  "denial:write",
  "revoked:read",
  "revoked:write",
  "iam:read",
  "iam:write",
  "state:write",
  "signer:key",
  "signer:sign",
  "planeSigner:key",
  "planeSigner:sign",
  "breakGlass:read",
  "breakGlass:write",
  "target:read",
  "sts",
  "sts:cut",
  "reader",
  "target:key",
  "target:preRead",
  "target:call",
  "target:readBack",
] as const;
export type Dependency = (typeof DEPENDENCIES)[number];

export const WAYS_TO_FAIL = ["error", "timeout", "throttle"] as const;
type WayToFail = (typeof WAYS_TO_FAIL)[number];

/** One planned failure: calls `from` to `to` of a dependency, counted from 1 and from the moment of planning. */
export interface PlannedFault {
  readonly at: Dependency;
  readonly how?: WayToFail | "packedPolicyTooLarge" | "denied" | "die" | "bug";
  readonly from?: number;
  readonly to?: number;
  /** Whether the call has had its effect before it fails. */
  readonly applied?: boolean;
}

const SHAPES = {
  error: ["InternalServerError", 500],
  timeout: ["TimeoutError", undefined],
  throttle: ["ThrottlingException", 400],
  denied: ["AccessDenied", 403],
  packedPolicyTooLarge: ["PackedPolicyTooLargeException", 400],
} as const;

/** An error as the AWS SDK would throw it. */
function sdkError(how: keyof typeof SHAPES): Error {
  const [name, httpStatusCode] = SHAPES[how];
  const error = new Error(`injected: ${how}`);
  error.name = name;
  return Object.assign(error, { $metadata: { ...(httpStatusCode && { httpStatusCode }) } });
}

interface Armed extends Required<PlannedFault> {
  seen: number;
}

/** A call as a {@link Gate} sees it. */
export interface GatedCall {
  readonly at: Dependency | "sleep";
  readonly touches: readonly Touch[];
  /** Types of the records that it writes. */
  readonly writes: readonly string[];
}

/** Decides when a call is made. */
export type Gate = <T>(call: GatedCall, effect: () => Promise<T>) => Promise<T>;

/** Lets everything pass, a turn of the event loop later. */
export const OPEN: Gate = async (_, effect) => {
  await tick();
  return effect();
};

/** Failures on order. Every call to a dependency goes through {@link through}, and takes a turn of the event loop. */
export class Faults {
  #armed: Armed[] = [];
  readonly counts = new Map<Dependency, number>();
  /** Through which every call goes. */
  gate: Gate = OPEN;
  #onDeath: () => void = () => {};

  plan(...faults: readonly PlannedFault[]): void {
    for (const fault of faults) {
      const from = fault.from ?? 1;
      const to = fault.to ?? Number.POSITIVE_INFINITY;
      this.#armed.push({ how: "error", applied: false, ...fault, from, to, seen: 0 });
    }
  }

  clear(): void {
    this.#armed = [];
  }

  /** Plans the death of the process at one call; resolves when it has happened. */
  death(fault: Omit<PlannedFault, "how">): Promise<void> {
    this.plan({ to: fault.from ?? 1, ...fault, how: "die" });
    return new Promise((resolve) => {
      this.#onDeath = resolve;
    });
  }

  /** @param seen what the call touches and writes; without it nobody knows that it is independent of anything. */
  through<T>(
    at: Dependency,
    effect: () => T | Promise<T>,
    { touches = EVERYTHING, writes = [] }: Partial<Omit<GatedCall, "at">> = {},
  ): Promise<T> {
    this.counts.set(at, (this.counts.get(at) ?? 0) + 1);
    return this.gate({ at, touches, writes }, () => this.#made(at, effect));
  }

  async #made<T>(at: Dependency, effect: () => T | Promise<T>): Promise<T> {
    const due = this.#armed.filter((each) => each.at === at && this.#isDue(each));
    const [fault] = due;
    if (fault === undefined) return effect();
    if (fault.applied) await effect();
    if (fault.how === "die") {
      this.#onDeath();
      // A process that died answers nobody: its promise stays open for ever.
      return new Promise<T>(() => {});
    }
    throw fault.how === "bug" ? new TypeError("injected: a bug") : sdkError(fault.how);
  }

  #isDue(armed: Armed): boolean {
    armed.seen += 1;
    return armed.from <= armed.seen && armed.seen <= armed.to;
  }
}
