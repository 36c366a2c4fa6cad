import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Answer,
  AnswerLostError,
  type Exchange,
  type Step,
} from "../../localstack/front-door/exchange.ts";
import { Faults, faultRule } from "../../localstack/front-door/faults/faults.ts";
import { buffered } from "../../localstack/front-door/feed/answer-facts.ts";
import { callOf } from "../../localstack/front-door/feed/call.ts";
import { KnownCallers } from "../../localstack/front-door/feed/caller.ts";
import { createFrontDoor } from "../../localstack/front-door/front-door.ts";
import { LOOPBACK } from "../../localstack/machine/ports.ts";
import { callName } from "./call-name.ts";
import { FAULTS, type Fault, type FaultKind } from "./faults.ts";

/** One call of a function, with all its tries: the nth of its name. */
export interface CallPlace {
  readonly name: string;
  readonly nth: number;
}

/** What is to become of one call. */
export interface Planned extends CallPlace {
  readonly fault: FaultKind;
}

/** A call as it was seen to come, with when it came and was answered. */
export interface SeenCall extends CallPlace {
  readonly from: number;
  to: number;
}

export interface Door {
  /** Where the function sends. */
  readonly endpoint: string;
  readonly calls: readonly SeenCall[];
  /** Whether the planned call came. */
  readonly isHit: boolean;
  /** Resolves when the function is to be stopped; from then on nothing of it passes. */
  readonly stopped: Promise<void>;
  /** Ends when what was on its way has arrived: nothing of it is done later. */
  close(): Promise<void>;
}

/** Milliseconds by which the next call comes later than it was sent. */
export type Delay = () => number;

/** The sample tables, instances and so on are targets; the plane's own tables are not. */
const isOfTarget = (name: string): boolean => / sample-/.test(name);

/**
 * A front door of one function's own, before the front door of the local AWS: what goes wrong there goes wrong for this
 * function alone, so that cells of the matrix do not meet. Everything else is the same: the faults are the front door's, and
 * what passes is signed, judged by IAM and in the feed.
 * @param besides what goes wrong too, unless the planned call is the same; it counts as no hit.
 */
export async function openDoor(
  upstream: URL,
  planned?: Planned,
  delay?: Delay,
  besides?: Planned,
): Promise<Door> {
  const doorway = new Doorway(planned, delay, besides);
  const server = createFrontDoor(
    {
      upstream: { host: upstream.hostname, port: Number(upstream.port) },
      ...{ rootKey: "", account: "" },
    },
    [doorway.pass],
  );
  server.listen(0, LOOPBACK);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://${LOOPBACK}:${port}`,
    calls: doorway.calls,
    get isHit() {
      return doorway.isHit;
    },
    stopped: doorway.stopped,
    async close() {
      await doorway.settled();
      server.closeAllConnections();
      server.close();
    },
  };
}

class Doorway {
  readonly calls: SeenCall[] = [];
  readonly stopped: Promise<void>;
  isHit = false;
  readonly #planned: Planned | undefined;
  readonly #besides: Planned | undefined;
  readonly #delay: Delay;
  /** Calls by the SDK's id of one invocation: its tries are one call. */
  readonly #known = new Map<string, SeenCall>();
  readonly #passing = new Set<Promise<unknown>>();
  #isStopped = false;
  #stop = (): void => {};

  constructor(planned: Planned | undefined, delay: Delay = () => 0, besides?: Planned) {
    this.#planned = planned;
    this.#besides = besides;
    this.#delay = delay;
    this.stopped = new Promise((resolve) => {
      this.#stop = resolve;
    });
  }

  readonly pass: Step = async (exchange, next) => {
    const work = this.#through(exchange, next);
    this.#passing.add(work);
    try {
      return await work;
    } finally {
      this.#passing.delete(work);
    }
  };

  async settled(): Promise<void> {
    while (this.#passing.size > 0) await Promise.allSettled(this.#passing);
  }

  async #through(exchange: Exchange, next: () => Promise<Answer>): Promise<Answer> {
    // Whole in memory: a call that was given up is made all the same.
    await exchange.body();
    const call = await callOf(exchange);
    if (this.#isStopped) throw new AnswerLostError();
    const seen = this.#seen(exchange, callName(call));
    const later = this.#delay();
    if (later > 0) await sleep(later);
    const make = async (): Promise<Answer> => buffered(isWakening(seen) ? ACCEPTED : await next());
    const fault = this.#faultOf(seen);
    try {
      const answer = await (fault === undefined
        ? make()
        : broken(fault, isOfTarget(seen.name), exchange, make));
      // What it was to be told comes too late.
      if (this.#isStopped) throw new AnswerLostError();
      return answer;
    } finally {
      seen.to = performance.now();
      if (fault?.stops === true) this.#end();
    }
  }

  #seen(exchange: Exchange, name: string): SeenCall {
    const id = exchange.header("amz-sdk-invocation-id");
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const nth = this.calls.filter((each) => each.name === name).length + 1;
    const seen = { name, nth, from: performance.now(), to: Number.POSITIVE_INFINITY };
    this.calls.push(seen);
    this.#known.set(id, seen);
    return seen;
  }

  #faultOf({ name, nth }: CallPlace): Fault | undefined {
    const isOf = (planned: Planned | undefined): planned is Planned =>
      planned?.name === name && planned.nth === nth;
    if (isOf(this.#planned)) {
      this.isHit = true;
      return FAULTS[this.#planned.fault];
    }
    return isOf(this.#besides) ? FAULTS[this.#besides.fault] : undefined;
  }

  #end(): void {
    this.#isStopped = true;
    this.#stop();
  }
}

/** The matrix sweeps by itself, by its own clock: the deployed `sweep` is not to do it first. */
const isWakening = ({ name }: CallPlace): boolean => name.startsWith("lambda:Invoke");
const ACCEPTED: Answer = { status: 202, headers: ["content-length", "0"], body: Buffer.alloc(0) };

/** The front door's own fault, for this one exchange. */
function broken(
  { do: plain, ofTarget = plain }: Fault,
  isTarget: boolean,
  exchange: Exchange,
  make: () => Promise<Answer>,
): Promise<Answer> {
  const faults = new Faults(new KnownCallers());
  faults.add(faultRule.parse({ match: {}, do: isTarget ? ofTarget : plain }));
  return faults.choose(exchange, () => faults.answer(exchange, make));
}
