import type { Answer, RefusedAnswer } from "../../lib/enforcement/answer.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import { type Continued, continued } from "./continued.ts";
import { type Order, orderAt } from "./delegating.ts";
import type { SignedChange } from "./forge.ts";
import type { Mutation } from "./governed.ts";
import { type Branch, digestOf, type Hand } from "./handing.ts";
import type { KeyName } from "./keys.ts";
import { type Change, changed } from "./mutate.ts";
import { granted, type Plane, refused } from "./plane.ts";

/**
 * A request of somebody. Texts `@NAME` in its changes stand for the digest of the last block of a branch, of the root for
 * `@root`, of a handle, or for `@contract` of the contract.
 */
interface Ask {
  /** Name of the branch whose chain is presented; `null`: none. Default the last one. */
  readonly under?: string | null;
  /** Default whoever holds that branch. */
  readonly by?: KeyName;
  /** Blocks instead, as `branch:depth`, presented in this order; the request is for the last of them. */
  readonly blocks?: readonly string[];
  /** Change of the list as it is presented. */
  readonly list?: Change;
  readonly request?: SignedChange;
  readonly event?: Change;
  /** Name of the handle that is redeemed. */
  readonly redeem?: string;
  /** Name of a request that is sent once more, to the letter but for these. */
  readonly again?: string;
}

/** What happens before, in turn. */
type Act =
  | { readonly hand: Hand }
  /** Ends a branch. */
  | { readonly end: string }
  /** Granted; `as`: the handle, and the request itself. */
  | { readonly granted: Ask; readonly as?: string }
  /** Signed, and not sent. */
  | { readonly signed: Ask; readonly as: string }
  | { readonly publish: SignedChange }
  | { readonly order: Order; readonly cosign?: true }
  /** Seconds. */
  | { readonly pass: number };

/** One attack on the use of a chain. */
export interface UseAttack {
  readonly policy?: Change;
  readonly contract?: SignedChange;
  readonly root?: SignedChange;
  /** Default: handed on to `refunds`, and by them to `ledger`. */
  readonly before?: readonly Act[];
  readonly attack: Ask;
}

/** How it stands before, unless said. */
export const HANDED: readonly Act[] = [{ hand: { to: "refunds" } }, { hand: { to: "ledger" } }];

interface Sent {
  readonly event: unknown;
  readonly isRedemption: boolean;
}

/** Where a use is played: a contract on a plane, in memory or deployed. */
export interface UseGround {
  readonly contract: { readonly digest: string };
  readonly branches: ReadonlyMap<string, Branch>;
  /** Milliseconds. */
  readonly now: number;
  branch(name: string): Branch;
  hand(hand: Hand): Promise<void>;
  end(name: string): Promise<void>;
  event(mutation: Mutation): unknown;
  redemption(handle: unknown, mutation: Mutation): unknown;
  issue(event: unknown): Promise<Answer>;
  execute(event: unknown): Promise<Answer>;
  publish(change: SignedChange): Promise<void>;
  order(claims: Order, cosign?: true): Promise<void>;
  /** Seconds. */
  pass(seconds: number): void;
}

/** A plane on which authority is handed on and used, act by act. */
export class UsePlay {
  readonly on: UseGround;
  readonly #handles = new Map<string, string>();
  readonly #sent = new Map<string, Sent>();

  constructor(on: UseGround) {
    this.on = on;
  }

  async act(act: Act): Promise<void> {
    const { on } = this;
    if ("hand" in act) return on.hand(this.#named(act.hand));
    if ("end" in act) return on.end(act.end);
    if ("pass" in act) return on.pass(act.pass);
    if ("publish" in act) return on.publish(act.publish);
    if ("order" in act) return on.order(act.order, act.cosign);
    if ("signed" in act) {
      this.#sent.set(act.as, this.sent(act.signed));
      return undefined;
    }
    const sent = this.sent(act.granted);
    const answer = granted(await this.send(sent));
    if (act.as === undefined) return undefined;
    this.#sent.set(act.as, sent);
    if (answer.handle !== undefined) this.#handles.set(act.as, answer.handle);
    return undefined;
  }

  send({ event, isRedemption }: Sent): Promise<Answer> {
    return isRedemption ? this.on.execute(event) : this.on.issue(event);
  }

  /** What is sent for a request. */
  sent(ask: Ask): Sent {
    const { again, redeem } = ask;
    const { on } = this;
    const first = again === undefined ? undefined : this.#sent.get(again);
    if (first !== undefined) {
      return { ...first, event: changed(first.event, this.#named(ask.event), on.now) };
    }
    const mutation = this.#mutation(ask);
    const isRedemption = redeem !== undefined;
    const event = isRedemption
      ? on.redemption(this.#handles.get(redeem), mutation)
      : on.event(mutation);
    return { event, isRedemption };
  }

  #mutation({ under, by, blocks, list, request, event }: Ask): Mutation {
    const { branches } = this.on;
    const name = under === undefined ? [...branches.keys()].at(-1) : under;
    const held = name === null || name === undefined ? undefined : this.on.branch(name);
    const chain = blocks === undefined ? held?.blocks : blocks.map((each) => this.#blockOf(each));
    const presented = list === undefined ? chain : changed(chain, this.#named(list), 0);
    const own = this.#named({ request, event });
    const set = {
      ...(chain !== undefined && { "/chainDigest": digestOf(chain.at(-1)) }),
      "/operation/parameters/percent": 3,
      ...own.request?.set,
    };
    return {
      request: { signedBy: by ?? held?.holder ?? "agent", ...own.request, set },
      event: { ...own.event, set: { "/chain": presented ?? [], ...own.event?.set } },
    };
  }

  #blockOf(place: string): string {
    const [name = "", depth] = place.split(":");
    return this.on.branch(name).blocks[Number(depth)] ?? "";
  }

  /** The same with every `@NAME` resolved. */
  #named<T>(value: T): T {
    if (typeof value === "string" && value.startsWith("@")) return this.#digest(value) as T;
    if (Array.isArray(value)) return value.map((each) => this.#named(each)) as T;
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [name, this.#named(each)]),
    ) as T;
  }

  #digest(text: string): string {
    const name = text.slice(1);
    if (name === "contract") return this.on.contract.digest;
    const branch: Branch | undefined = this.on.branches.get(name);
    return digestOf(branch?.blocks.at(-1) ?? this.#handles.get(name));
  }
}

/** The ground of a plane in memory. */
const inMemory = (on: Continued): UseGround => {
  const { plane, governed, contract, branches } = on;
  return {
    ...{ contract, branches },
    get now() {
      return plane.world.now;
    },
    branch: (name) => on.branch(name),
    hand: (hand) => on.hand(hand),
    end: (name) => on.end(name),
    event: (mutation) => plane.event(governed, mutation),
    redemption: (handle, mutation) => plane.redemption(governed, handle, mutation),
    issue: (event) => plane.issue(event),
    execute: (event) => plane.execute(event),
    publish: (change) => plane.publish(change),
    pass: (seconds) => plane.world.pass(seconds),
    order: (claims, cosign) => orderAt(plane, claims, cosign),
  };
};

/** What an attack left behind. */
export interface Left {
  readonly answer: RefusedAnswer;
  readonly written: ReadonlyMap<string, readonly EvidenceRecord[]>;
  readonly chainId: string;
  readonly spent: {
    readonly executions: number;
    readonly calls: number;
    readonly uses: number;
    readonly retryKeys: number;
    readonly isTargetChanged: boolean;
  };
  /** Whether some block is another head, or has another use or total. */
  readonly isTreeChanged: boolean;
}

const witness = ({ plane, governed }: Continued, tree: unknown) => ({
  seqs: new Map(plane.chains().map((id) => [id, plane.rows(id).length])),
  effects: plane.effects(),
  uses: plane.types(governed.chainId).filter((type) => type === "IdentityIssued").length,
  tree: JSON.stringify(tree, (_, value) => (value instanceof Map ? [...value] : value)),
});

const written = (plane: Plane, before: ReadonlyMap<string, number>): Left["written"] => {
  const grown = plane.chains().filter((id) => plane.rows(id).length > (before.get(id) ?? 0));
  return new Map(grown.map((id) => [id, plane.records(id).slice(before.get(id) ?? 0)]));
};

/** Plays everything up to an attack, and the attack. */
export async function playAttack(given: UseAttack): Promise<Left> {
  const { policy, contract, root, before = HANDED, attack } = given;
  const on = await continued({ policy, root, ...(contract !== undefined && { contract }) });
  const play = new UsePlay(inMemory(on));
  for (const act of before) await play.act(act);
  const sent = play.sent(attack);
  const was = witness(on, on.tree);
  const answer = refused(await play.send(sent));
  const is = witness(on, on.tree);
  return {
    answer,
    written: written(on.plane, was.seqs),
    chainId: on.governed.chainId,
    spent: {
      executions: is.effects.executions - was.effects.executions,
      calls: is.effects.calls - was.effects.calls,
      uses: is.uses - was.uses,
      retryKeys: is.effects.retryKeys - was.effects.retryKeys,
      isTargetChanged: JSON.stringify(is.effects.target) !== JSON.stringify(was.effects.target),
    },
    isTreeChanged: is.tree !== was.tree,
  };
}
