import { Dice } from "../fuzz/dice.ts";
import type { FaultKind } from "../matrix/faults.ts";
import type { FunctionName } from "../matrix/functions.ts";
import { PEOPLE_KINDS, type PeopleKind } from "./kinds.ts";

const DELIVERIES = ["execute", "handle", "credentials"] as const;
export type Delivery = (typeof DELIVERIES)[number];

/** How a request is refused, and by which code; `unattributed`: before anybody is verified. */
export const REFUSALS = {
  outOfBounds: { code: "PARAMETER_OUT_OF_BOUNDS", isAttributed: true },
  usedUp: { code: "CONTRACT_CONSUMED", isAttributed: true },
  otherStep: { code: "STEP_MISMATCH", isAttributed: true },
  flood: { code: "PARAMETER_OUT_OF_BOUNDS", isAttributed: true },
  conflict: { code: "IDEMPOTENCY_CONFLICT", isAttributed: true },
  forged: { code: "REQUEST_SIGNATURE_INVALID", isAttributed: false },
  garbage: { code: "REQUEST_MALFORMED", isAttributed: false },
} as const;
type RefusalName = keyof typeof REFUSALS;

/** A call of a governed action that goes wrong. */
export interface Fault {
  readonly by: FunctionName;
  readonly name: string;
  readonly nth: number;
  readonly fault: FaultKind;
}

/** One governed action of the run. */
export type Action = { readonly number: number; readonly delivery: Delivery } & (
  | { readonly kind: "granted" }
  | { readonly kind: "refused"; readonly refusal: RefusalName }
  | { readonly kind: "revoked"; readonly isRacing: boolean }
  | { readonly kind: "faulted"; readonly fault: Fault }
  /** `isAgreed`: the word that is said is a yes, and said in time. */
  | { readonly kind: PeopleKind; readonly isAgreed: boolean }
);

/** Of twenty actions. */
const SHARES = {
  ...{ granted: 6, refused: 4, revoked: 1, faulted: 1 },
  ...(Object.fromEntries(PEOPLE_KINDS.map((kind) => [kind, 1])) as Record<PeopleKind, 1>),
} as const;
type Kind = keyof typeof SHARES;
const KINDS = Object.entries(SHARES).flatMap(([kind, share]) =>
  Array.from({ length: share }, () => kind as Kind),
);

/** Calls that an execution and a redemption both make, each twice, by their names at the door. */
const TWICE = [
  "dynamodb:TransactWriteItems evidence+state",
  "dynamodb:BatchGetItem evidence+registry+state",
  "kms:Sign",
] as const;
/** And once: the session's, and the bounded call itself. */
const ONCE = ["sts:AssumeRole exec-dynamodb", "dynamodb:UpdateItem sample-settings"] as const;
const WAYS = ["failed", "lost", "throttled", "slow", "stopped"] as const satisfies FaultKind[];

/** The same seed gives the same actions, in the same order. */
export function planOf(actions: number, seed: number): Action[] {
  const dice = new Dice(seed);
  const plan: Action[] = [];
  while (plan.length < actions) {
    for (const kind of shuffled(KINDS, dice)) {
      if (plan.length < actions) plan.push(actionOf(kind, plan.length + 1, dice));
    }
  }
  return plan;
}

function actionOf(kind: Kind, number: number, dice: Dice): Action {
  // Each delivery in turn, so that none is rare by chance.
  const delivery = DELIVERIES[(number + dice.roll(2)) % DELIVERIES.length] ?? "execute";
  const common = { number, delivery };
  switch (kind) {
    case "granted":
      return { ...common, kind };
    case "refused":
      return {
        ...{ number, kind, refusal: dice.pick(Object.keys(REFUSALS) as RefusalName[]) },
        delivery: "execute",
      };
    case "revoked":
      return { number, delivery: "handle", kind, isRacing: dice.hits(2) };
    case "faulted":
      return { number, ...faulted(dice), kind };
    default:
      return { number, kind, delivery: "execute", isAgreed: dice.hits(2) };
  }
}

/** Of `execute` or a redemption: what goes wrong there may have been done, and nobody knows. */
function faulted(dice: Dice): { readonly delivery: Delivery; readonly fault: Fault } {
  const isHandle = dice.hits(2);
  const isOnce = dice.hits(3);
  const name = dice.pick<string>(isOnce ? ONCE : TWICE);
  const nth = isOnce ? 1 : 1 + dice.roll(2);
  const fault = { by: isHandle ? "execute" : "issue", name, nth, fault: dice.pick(WAYS) } as const;
  return { delivery: isHandle ? "handle" : "execute", fault };
}

function shuffled<T>(from: readonly T[], dice: Dice): T[] {
  const left = [...from];
  return from.map(() => left.splice(dice.roll(left.length), 1)[0] as T);
}
