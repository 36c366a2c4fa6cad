import type { KeyPort } from "../encoding/jws.ts";
import type { Answer, RefusedAnswer } from "../enforcement/answer.ts";
import type { DelegatedAnswer, WithdrawnAnswer } from "../enforcement/delegate.ts";
import { type Again, againAfter, waitBefore } from "./again.ts";
import {
  type Ask,
  type DelegationAsk,
  type HandleRedemption,
  signedBy,
  type Unsigned,
  unsignedDelegate,
  unsignedExecute,
  unsignedIssue,
  unsignedWithdraw,
  type Withdrawal,
} from "./request.ts";

/** A function of the plane that agents ask. */
type AgentFunction = "issue" | "execute" | "delegate";

/** How an agent's client reaches the plane. */
export interface ClientPorts {
  /** The plane's id. */
  readonly plane: string;
  readonly key: KeyPort;
  /** Sends an event and gives what came back, parsed. Throws where no answer came. */
  readonly send: (to: AgentFunction, event: unknown) => Promise<unknown>;
  /** Milliseconds. */
  readonly now: () => number;
  readonly newId: () => string;
  /** Milliseconds. */
  readonly sleep: (milliseconds: number) => Promise<unknown>;
  /** How often one thing is asked at most; default 4. */
  readonly tries?: number;
}

/** What came of asking. */
export interface Asked<Granted> {
  /** The last one; absent where none came. */
  readonly answer?: Granted | RefusedAnswer;
  /** What `send` threw the last time, where no answer came. */
  readonly error?: unknown;
  /** Whether it may be asked again, with this very key if `same`. */
  readonly again: Again;
  readonly idempotencyKey: string;
  readonly tries: number;
}

/** What makes a message one of a kind is the client's; the idempotency key may be given, to go on with an earlier ask. */
type Wished<Ask> = Ask extends unknown
  ? Omit<Ask, "plane" | "jti" | "iat" | "idempotencyKey"> & { readonly idempotencyKey?: string }
  : never;

/** What an agent asks of its plane. Each asks again by itself while that can do nothing twice. */
export interface PlaneClient {
  issue(ask: Wished<Ask>): Promise<Asked<Extract<Answer, { ok: true }>>>;
  execute(ask: Wished<HandleRedemption>): Promise<Asked<Extract<Answer, { ok: true }>>>;
  delegate(ask: Wished<DelegationAsk>): Promise<Asked<DelegatedAnswer>>;
  withdraw(ask: Wished<Withdrawal>): Promise<Asked<WithdrawnAnswer>>;
}

const TRIES = 4;

/** The client of one key. A retry has the same content and idempotency key, and a new `jti` and `iat`: it stays fresh. */
export function planeClient(ports: ClientPorts): PlaneClient {
  const asking = asker(ports);
  return {
    issue: (ask) =>
      asking("issue", ask.idempotencyKey, (message) => unsignedIssue({ ...ask, ...message }), {
        runs: (ask.delivery ?? "execute") === "execute",
        delivery: ask.delivery ?? "execute",
      }),
    execute: (ask) =>
      asking("execute", ask.idempotencyKey, (message) => unsignedExecute({ ...ask, ...message }), {
        runs: true,
      }),
    delegate: (ask) =>
      asking(
        "delegate",
        ask.idempotencyKey,
        (message) => unsignedDelegate({ ...ask, ...message }),
        { runs: false },
      ),
    withdraw: (ask) =>
      asking(
        "delegate",
        ask.idempotencyKey,
        (message) => unsignedWithdraw({ ...ask, ...message }),
        { runs: false },
      ),
  };
}

type Message = Pick<Ask, "plane" | "jti" | "iat" | "idempotencyKey">;

function asker({ plane, key, send, now, newId, sleep, tries: most = TRIES }: ClientPorts) {
  return async <Granted extends { readonly ok: true }>(
    to: AgentFunction,
    given: string | undefined,
    make: (message: Message) => Unsigned,
    what: Parameters<typeof againAfter>[1],
  ): Promise<Asked<Granted>> => {
    const idempotencyKey = given ?? newId();
    for (let tries = 1; ; tries++) {
      const iat = Math.floor(now() / 1000);
      const event = await signedBy(make({ plane, jti: newId(), iat, idempotencyKey }), key);
      const came = await answerOf<Granted>(send(to, event));
      const again = againAfter(came.answer, what);
      if (again !== "same" || tries >= most) return { ...came, again, idempotencyKey, tries };
      await sleep(waitBefore(came.answer, tries));
    }
  };
}

/** What is no answer counts as none: something between that answers in the plane's place must not end a wish. */
async function answerOf<Granted>(
  sent: Promise<unknown>,
): Promise<Pick<Asked<Granted>, "answer" | "error">> {
  try {
    const value = await sent;
    if (isAnswer<Granted>(value)) return { answer: value };
    return { error: new TypeError("what came back is no answer of the plane") };
  } catch (error) {
    return { error };
  }
}

function isAnswer<Granted>(value: unknown): value is Granted | RefusedAnswer {
  if (typeof value !== "object" || value === null || !("ok" in value)) return false;
  if (value.ok === true) return "deduplicated" in value;
  const { code, stage, retryable } = value as Partial<RefusedAnswer>;
  return (
    value.ok === false &&
    typeof code === "string" &&
    typeof stage === "string" &&
    typeof retryable === "boolean"
  );
}
