import { VERSION } from "../config.ts";
import type { Digest } from "../encoding/digest.ts";
import type { Would } from "../evidence/details.ts";
import type { About, Check, Source } from "../evidence/record.ts";
import { isRefusal, type Refusal, refusalOf, type StageName } from "../refusal.ts";
import type { Invocation, IssueDeps, PlaneDeps } from "./deps.ts";
import { digestOfEvent } from "./read/event.ts";
import type { TrustSnapshot } from "./read/trust-snapshot.ts";
import type { Judging, Looking, Misplaced, Order, Point } from "./stage.ts";

/** A refusal with the place where it fell: the stage, and the check of it. */
export interface Failure {
  readonly stage: StageName;
  readonly check: string;
  readonly refusal: Refusal;
  /** Of a request that was only watched: what enforcing would have answered. */
  readonly would?: Would;
}

export const isFailure = (value: object): value is Failure =>
  "refusal" in value && "check" in value;

const isMisplaced = (value: unknown): value is Misplaced =>
  typeof value === "object" && value !== null && "stage" in value && "refusal" in value;

/**
 * The judgement of one request: what it depends on, how far it has come, what was checked, and what is verified so far.
 * Evidence says only what stands here, so an unverified event accuses nobody.
 */
export class Judgement<Deps extends PlaneDeps = IssueDeps> {
  readonly deps: Deps;
  readonly invocation: Invocation;
  /** The event as it came. */
  readonly raw: unknown;
  readonly eventDigest: Digest;
  /** One instant for all checks, in milliseconds. */
  readonly now: number;
  readonly source: Source;
  #order: Order;
  readonly #passed = new Set<string>();
  #about: About = {};
  #at: { readonly stage: StageName; readonly check: string };
  #trust: TrustSnapshot | undefined;

  constructor(
    deps: Deps,
    invocation: Invocation,
    order: Order,
    raw: unknown,
    eventDigest = digestOfEvent(raw),
  ) {
    this.deps = deps;
    this.invocation = invocation;
    this.raw = raw;
    this.eventDigest = eventDigest;
    this.now = deps.clock();
    this.#order = order;
    this.#at = { stage: "parse", check: "parse" };
    this.source = {
      component: deps.component,
      version: VERSION,
      account: deps.plane.account,
      region: deps.plane.region,
      requestId: invocation.requestId,
    };
  }

  /** Another judgement of the same request, at a fresh instant. */
  anew(): Judgement<Deps> {
    return new Judgement(this.deps, this.invocation, this.#order, this.raw, this.eventDigest);
  }

  get about(): About {
    return this.#about;
  }

  learn(more: About): void {
    this.#about = { ...this.#about, ...more };
  }

  /** Takes note of the trust that was just read, expired or not: under its keys evidence is read and written. */
  believe(trust: TrustSnapshot): void {
    this.#trust = trust;
    const { version, trustPolicyDigest: digest } = trust.head;
    this.learn({ trustPolicy: { version, digest } });
  }

  get trust(): TrustSnapshot | undefined {
    return this.#trust;
  }

  /** The same, where stage `contract` has read it. */
  requireTrust(): TrustSnapshot {
    if (this.#trust === undefined) throw new TypeError("no trust was read");
    return this.#trust;
  }

  /** Runs the checks of a stage in order; the first refusal decides. */
  judge<In extends object, Out extends object>(
    { name, steps }: Judging<In, Out, Judgement<Deps>>,
    subject: In,
  ): Out | Failure {
    let found: object = subject;
    for (const { name: check, run } of steps) {
      if (check !== undefined) this.#at = { stage: name, check };
      const result = run(found as never, this as never);
      const failure = this.#failureIn(result);
      if (failure !== undefined) return failure;
      found = this.#pass(check, found, result);
    }
    return found as Out;
  }

  /** The same for a stage that has to ask somebody. */
  async ask<In extends object, Out extends object>(
    { name, steps }: Looking<In, Out, Judgement<Deps>>,
    subject: In,
  ): Promise<Out | Failure> {
    let found: object = subject;
    for (const { name: check, run } of steps) {
      if (check !== undefined) this.#at = { stage: name, check };
      const result = await run(found as never, this as never);
      const failure = this.#failureIn(result);
      if (failure !== undefined) return failure;
      found = this.#pass(check, found, result);
    }
    return found as Out;
  }

  #failureIn(result: unknown): Failure | undefined {
    if (isRefusal(result)) return this.fail(result);
    return isMisplaced(result) ? { ...this.fail(result.refusal), stage: result.stage } : undefined;
  }

  #pass(check: string | undefined, found: object, result: unknown): object {
    if (check !== undefined) this.#passed.add(check);
    return result === undefined ? found : { ...found, ...(result as object) };
  }

  /** From here on the request passes other places. */
  follow(order: Order): void {
    this.#order = order;
  }

  /** Has come to a place that is no table; what fails from here on fails there. */
  reach({ name: stage, names: [check = ""] }: Point): void {
    this.#at = { stage, check };
  }

  /** What that place stands for has happened. */
  passed({ names: [check = ""] }: Point): void {
    this.#passed.add(check);
  }

  /** A refusal at the place that this judgement has come to. */
  fail(refusal: Refusal): Failure {
    return { ...this.#at, refusal };
  }

  /** An exception there: a fault of a dependency, or a bug. It ends in a refusal and never in authority. */
  faulted(fault: unknown): Failure {
    return this.fail(refusalOf(fault));
  }

  /** The checks that held so far, in order. */
  passes(): Check[] {
    const held = this.#names().filter((name) => this.#passed.has(name));
    return held.map((name) => ({ name, result: "pass" }));
  }

  /**
   * Every check by name, in order: those that held, the one that failed, and those after it, not run (VAI-04), even
   * if they held before a lost condition made everything be judged again. Where none failed, all that held.
   */
  checks({ check: failed }: Failure): Check[] {
    const all = this.#names();
    const found = all.indexOf(failed);
    const end = found < 0 ? all.length : found;
    return all.map((name, index) => {
      if (index === end) return { name, result: "fail" };
      return { name, result: index < end && this.#passed.has(name) ? "pass" : "notRun" };
    });
  }

  #names(): readonly string[] {
    return this.#order.flatMap(({ names }) => names);
  }
}

/** The moment at which an answer is given, by the trust that was read last. */
export const momentOf = <Deps extends PlaneDeps>(
  judgement: Judgement<Deps>,
): { readonly now: number } & Pick<TrustSnapshot, "limits" | "published"> => {
  const { limits, published } = judgement.requireTrust();
  return { now: judgement.deps.clock(), limits, published };
};
