import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { awsErrorAnswer } from "../aws-error.ts";
import { claimedCredentials } from "../credential.ts";
import { AnswerLostError, type Exchange, type Step } from "../exchange.ts";
import { type Call, callOf } from "../feed/call.ts";
import { type KnownCallers, roleNameOf, sessionNameOf } from "../feed/caller.ts";
import { type HeldCall, holdFor, instant } from "./distance.ts";

/** Which calls a rule hits; an absent member hits all. */
const match = z.strictObject({
  /** Name in signatures, such as `dynamodb`. */
  service: z.string().optional(),
  /** Name of the API reference, such as `TransactWriteItems`. */
  operation: z.string().optional(),
  /** Name of the caller's session, once it was seen: at its AssumeRole, or on an earlier call. */
  session: z.string().optional(),
  /** Name of the caller's role, known as early as the session. */
  role: z.string().optional(),
});

const action = z.union([
  /** An error instead of the call. */
  z.strictObject({
    status: z.int().min(400).max(599),
    errorCode: z.string().min(1),
    message: z.string().default("Injected by the local AWS."),
  }),
  /** The service's own error for too many requests, instead of the call. */
  z.strictObject({ throttle: z.literal(true) }),
  /** The call is made so much later. */
  z.strictObject({ latencyMs: z.int().min(1).max(60_000) }),
  /** The answer leaves so long after the call came, or when the emulator has it: AWS's distance. */
  z.strictObject({ distanceMs: z.int().min(1).max(60_000) }),
  /** The call is made, and nobody learns its answer: the connection ends. */
  z.strictObject({ dropAnswer: z.literal(true) }),
  /** AWS's clock is so far ahead (behind when negative): signatures, policies, sessions, Date. */
  z.strictObject({ skewSeconds: z.int().min(-86_400).max(86_400) }),
]);

/** What is to go wrong: the first rule that matches a call hits it. */
export const faultRule = z.strictObject({
  match,
  do: action,
  /** Calls that are hit; default all until the rules are cleared. */
  times: z.int().min(1).optional(),
  /** Matching calls that pass before the first one is hit; default 0. */
  skip: z.int().min(0).default(0),
});

export type FaultRule = z.input<typeof faultRule>;
type Rule = z.output<typeof faultRule>;
type Action = Rule["do"];

/** A rule and how often it has hit. */
export interface AppliedRule {
  readonly rule: FaultRule;
  readonly hits: number;
  /** What a distance has held, in the order of the ends; the newest {@link KEPT_CALLS}. */
  readonly held?: readonly HeldCall[];
}

/** Calls that each distance remembers. */
const KEPT_CALLS = 20_000;

interface Counted {
  readonly rule: Rule;
  matched: number;
  hits: number;
  readonly held: HeldCall[];
}

/** The error that each service gives for too many requests (service API references). */
const THROTTLES: Readonly<Record<string, readonly [status: number, errorCode: string]>> = {
  s3: [503, "SlowDown"],
  ec2: [503, "RequestLimitExceeded"],
  lambda: [429, "TooManyRequestsException"],
  sts: [400, "Throttling"],
  iam: [400, "Throttling"],
  cloudformation: [400, "Throttling"],
};

const hits = new WeakMap<Exchange, Counted>();

const hitOf = (exchange: Exchange): Action | undefined => hits.get(exchange)?.rule.do;

/** Seconds by which AWS's clock is ahead for this request; 0 unless a rule says so. */
export function skewOf(exchange: Exchange): number {
  const hit = hitOf(exchange);
  return hit !== undefined && "skewSeconds" in hit ? hit.skewSeconds : 0;
}

/** Whether a rule answered in the place of the emulator, so that nobody checked the signature. */
export function isAnswered(exchange: Exchange): boolean {
  const hit = hitOf(exchange);
  return hit !== undefined && ("errorCode" in hit || "throttle" in hit);
}

/** The faults that are in force; none at the start. */
export class Faults {
  readonly #callers: KnownCallers;
  #rules: Counted[] = [];

  constructor(callers: KnownCallers) {
    this.#callers = callers;
  }

  add(rule: Rule): void {
    this.#rules.push({ rule, matched: 0, hits: 0, held: [] });
  }

  clear(): void {
    this.#rules = [];
  }

  list(): AppliedRule[] {
    return this.#rules.map(({ rule, hits: count, held }) => ({
      ...{ rule, hits: count },
      ...("distanceMs" in rule.do && { held }),
    }));
  }

  /**
   * On the outside of the recorder: decides what hits the call, makes it late, loses its answer.
   * A call whose answer is lost is recorded as what it was.
   */
  readonly choose: Step = async (exchange, next) => {
    if (this.#rules.length === 0) return next();
    const from = instant();
    const call = await callOf(exchange);
    const counted = this.#hit(exchange, call);
    if (counted === undefined) return next();
    hits.set(exchange, counted);
    const hit = counted.rule.do;
    if ("distanceMs" in hit) {
      const { answer, held } = await holdFor(hit.distanceMs, call, from, next);
      if (counted.held.push(held) > KEPT_CALLS) counted.held.shift();
      return answer;
    }
    if ("latencyMs" in hit) await sleep(hit.latencyMs);
    const answer = await next();
    if (!("dropAnswer" in hit)) return answer;
    if (!Buffer.isBuffer(answer.body)) answer.body.resume();
    throw new AnswerLostError();
  };

  /** On the inside of the recorder: an error in the place of the call is recorded like AWS's own. */
  readonly answer: Step = async (exchange, next) => {
    const hit = hitOf(exchange);
    if (hit === undefined) return next();
    if ("errorCode" in hit) {
      const { status, errorCode: code, message } = hit;
      return awsErrorAnswer(exchange, { status, code, message });
    }
    if (!("throttle" in hit)) return next();
    const { service } = await callOf(exchange);
    const [status, code] = THROTTLES[service] ?? [400, "ThrottlingException"];
    return awsErrorAnswer(exchange, { status, code, message: "Rate exceeded" });
  };

  #hit(exchange: Exchange, call: Call): Counted | undefined {
    const arn = this.#callers.of(claimedCredentials(exchange)[0]?.accessKeyId)?.arn;
    for (const counted of this.#rules) {
      const { rule } = counted;
      if (!matches(rule.match, call, arn)) continue;
      counted.matched += 1;
      if (counted.matched <= rule.skip || counted.hits === rule.times) continue;
      counted.hits += 1;
      return counted;
    }
    return undefined;
  }
}

function matches(
  { service, operation, session, role }: Rule["match"],
  call: Call,
  arn: string | undefined,
): boolean {
  return (
    (service === undefined || service === call.service) &&
    (operation === undefined || operation === call.operation) &&
    (session === undefined || session === sessionNameOf(arn)) &&
    (role === undefined || role === roleNameOf(arn))
  );
}
