import { VERSION } from "../config.ts";
import type { Digest } from "../encoding/digest.ts";
import type { About, Check, Source } from "../evidence/record.ts";
import { isRefusal, type Refusal, type Stage } from "../refusal.ts";
import type { Invocation, PlaneDeps } from "./deps.ts";
import type { TrustSnapshot } from "./trust-snapshot.ts";

/** A named check: `undefined` or a value when it holds, a refusal when it does not. */
export type NamedCheck = readonly [name: string, check: () => Refusal | undefined];

/**
 * How far one request has come: the stage that is being judged, what was checked, and what is verified about it
 * so far. Evidence says only what stands here, so an unverified event accuses nobody.
 */
export class Course {
  readonly invocation: Invocation;
  readonly eventDigest: Digest;
  /** One instant for all checks, in milliseconds. */
  readonly now: number;
  readonly source: Source;
  stage: Stage = "parse";
  about: About = {};
  /** The trust that was read last, expired or not: under its keys evidence is read and written. */
  #trust: TrustSnapshot | undefined;
  #passed: string[] = [];
  #failed: string | undefined;

  constructor(deps: PlaneDeps, invocation: Invocation, eventDigest: Digest) {
    this.invocation = invocation;
    this.eventDigest = eventDigest;
    this.now = deps.clock();
    this.source = {
      component: deps.component,
      version: VERSION,
      account: deps.plane.account,
      region: deps.plane.region,
      requestId: invocation.requestId,
    };
  }

  /** Enters a stage; entering again, after a lost condition, judges its checks anew. */
  enter(stage: Stage): void {
    this.stage = stage;
  }

  learn(more: About): void {
    this.about = { ...this.about, ...more };
  }

  /** Takes note of the trust that was just read. */
  read(trust: TrustSnapshot): void {
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

  /** Runs checks in order; the first refusal decides. */
  judge(checks: readonly NamedCheck[]): Refusal | undefined {
    for (const [name, check] of checks) {
      const refusal = check();
      this.note(name, refusal);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /** Remembers how one check ended, and hands its result on. */
  note<T>(name: string, result: T | Refusal): T | Refusal {
    if (isRefusal(result)) this.#failed = name;
    else if (!this.#passed.includes(name)) this.#passed.push(name);
    return result;
  }

  /** Takes over how another judgement of the same request failed: at which stage, in which check. */
  adopt(other: Course): void {
    this.stage = other.stage;
    this.#failed = other.#failed;
  }

  /**
   * Every check of `all` by name: those that held, the one that failed, and those after it, not run (VAI-04), even
   * if they held before a lost condition made everything be judged again.
   */
  checks(all: readonly string[]): Check[] {
    const end = this.#failed === undefined ? all.length : all.indexOf(this.#failed);
    return all.map((name, index) => {
      if (index === end) return { name, result: "fail" };
      return { name, result: index < end && this.#passed.includes(name) ? "pass" : "notRun" };
    });
  }
}
