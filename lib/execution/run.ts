import type { ClientSettings } from "../actions/client-settings.ts";
import type {
  ActionDescriptor,
  CallOutcome,
  Operation,
  PreRead,
  ReadBack,
} from "../actions/descriptor.ts";
import type { Clock } from "../clock.ts";
import { credentialsOf, type IssuedSession } from "../issuance/session.ts";
import { Fault } from "../refusal.ts";
import { type Entitled, operationOf } from "./entitled.ts";

/** Milliseconds: the bounded call is aborted after these; its outcome is then unknown. */
export const CALL_TIMEOUT = 5_000;

type Place = Omit<ClientSettings, "credentials" | "timeoutMilliseconds">;

/**
 * The one bounded call that somebody is entitled to, with the issued session's credentials and no others (VAI-76). Missing credentials are a
 * failed call with that name, made nowhere (ADV-39); any other surprise leaves the outcome unknown.
 */
export async function runBoundedCall(
  descriptor: ActionDescriptor,
  entitled: Entitled,
  preRead: PreRead,
  session: IssuedSession | undefined,
  place: Place,
): Promise<CallOutcome> {
  const operation = operationOf(entitled);
  try {
    await descriptor.load?.();
  } catch {
    // Nothing is there that could have called.
    return { status: "failed", error: { name: "ClientNotLoaded", kind: "other" } };
  }
  try {
    const settings = {
      ...place,
      credentials: credentialsOf(session),
      timeoutMilliseconds: CALL_TIMEOUT,
    };
    return await descriptor.call(operation, preRead, settings);
  } catch (error) {
    return error instanceof Fault && error.code === "CREDENTIALS_MISSING"
      ? { status: "failed", error: { name: "CREDENTIALS_MISSING", kind: "denied" } }
      : { status: "unknown", error: { name: "UnexpectedError", kind: "other" } };
  }
}

/**
 * What the reader role sees afterwards; `undefined` when it cannot see, or the action has nothing that could be seen:
 * unknown is never fine (VAI-88).
 */
export async function readBack(
  descriptor: ActionDescriptor,
  operation: Operation,
  settings: Omit<ClientSettings, "timeoutMilliseconds">,
  timeoutMilliseconds = CALL_TIMEOUT,
): Promise<ReadBack | undefined> {
  try {
    return await descriptor.readBack?.(operation, { ...settings, timeoutMilliseconds });
  } catch {
    return undefined;
  }
}

/** Milliseconds between two looks at a target that does not show the effect yet. */
const PAUSE = 500;
/** Milliseconds: no look is given less. */
const SHORTEST_LOOK = 1_000;

/**
 * The same again and again until the effect is seen or it is too late; what was seen last. At least one look, and none
 * that could come back much later than `until`, in milliseconds since the epoch.
 */
export async function readBackUntil(
  look: (timeoutMilliseconds: number) => Promise<ReadBack | undefined>,
  until: number,
  { clock, sleep }: { readonly clock: Clock; sleep(milliseconds: number): Promise<void> },
): Promise<ReadBack | undefined> {
  for (;;) {
    const left = Math.min(CALL_TIMEOUT, until - clock());
    const seen = await look(Math.max(SHORTEST_LOOK, left));
    if (seen?.matches === true || clock() + PAUSE > until) return seen;
    await sleep(PAUSE);
  }
}
