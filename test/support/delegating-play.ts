import type { laterClaims } from "../../lib/continuity/later.ts";
import { delegationStatementDigest } from "../../lib/continuity/statement.ts";
import { documentDigest } from "../../lib/encoding/canonical-json.ts";
import { readJws } from "../../lib/encoding/jws.ts";
import type { RefusedAnswer } from "../../lib/enforcement/answer.ts";
import type { DelegateAnswer } from "../../lib/enforcement/delegate.ts";
import { contractView } from "../../lib/evidence/intent-state.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import type { DelegateRequest } from "../../lib/request/request.ts";
import {
  DELEGABLE,
  delegated,
  digestOf,
  handOnEvent,
  type Order,
  orderAt,
  rotatePlaneKey,
  withdrawEvent,
  withdrawn,
} from "./delegating.ts";
import { forge, type SignedChange } from "./forge.ts";
import { ACTOR, type Governed } from "./governed.ts";
import { KEYS, type KeyName } from "./keys.ts";
import { type Change, changed } from "./mutate.ts";
import { type APPROVERS, approval } from "./people.ts";
import { newPlane, type Plane, refused } from "./plane.ts";
import type { Addressee } from "./world.ts";

/** What somebody says of a delegation; `change` of the approval, `said` of the request whose statement is signed. */
interface Yes {
  readonly by: keyof typeof APPROVERS;
  readonly change?: SignedChange;
  readonly said?: Change;
}

/** Somebody asks function `delegate`. Texts `@NAME` in changes stand for the digest of a branch's last block, of the root for `@root`. */
interface DelegateAsk {
  /** Of what ends: by name. Absent: something is handed on. */
  readonly withdraw?: string;
  /** Name of the branch whose chain is presented; `null`: none. Default: none. */
  readonly under?: string | null;
  /** Blocks instead, as `branch:depth`. */
  readonly blocks?: readonly string[];
  /** Alone, in place of a chain: the branch's root with this change, signed by whoever it says. */
  readonly forgedRoot?: SignedChange;
  /** Who signs; default whoever holds the branch. */
  readonly by?: KeyName;
  readonly to?: KeyName;
  readonly request?: SignedChange;
  readonly event?: Change;
  readonly approvals?: readonly Yes[];
  /** Name of a request that is sent once more, with another event around it. */
  readonly again?: string;
}

/** What happens before, in turn. */
type DelegateAct =
  | { readonly hand: DelegateAsk; readonly as: string }
  | { readonly end: DelegateAsk }
  | { readonly publish: SignedChange }
  | { readonly order: Order; readonly cosign?: true }
  /** Seconds. */
  | { readonly pass: number }
  /** The plane's key is revoked, and another one has its place. */
  | { readonly rotate: true };

export interface DelegateAttack {
  readonly policy?: Change;
  readonly contract?: SignedChange;
  readonly before?: readonly DelegateAct[];
  readonly attack: DelegateAsk;
}

/** Where a hand-over is played: a plane, in memory or deployed. */
export interface DelegateGround extends Addressee {
  delegate(event: unknown): Promise<DelegateAnswer>;
  publish(change: SignedChange): Promise<void>;
  order(claims: Order, cosign?: true): Promise<void>;
  /** Seconds. */
  pass(seconds: number): void;
  rotate(): Promise<unknown>;
}

/** A plane on which authority is handed on by function `delegate` itself, act by act. */
export class DelegatePlay {
  readonly plane: DelegateGround;
  readonly governed: Governed;
  readonly branches = new Map<string, readonly string[]>();
  readonly #sent = new Map<string, unknown>();

  constructor(plane: DelegateGround, governed: Governed) {
    this.plane = plane;
    this.governed = governed;
  }

  async act(act: DelegateAct): Promise<void> {
    const { plane } = this;
    if ("hand" in act) {
      const event = this.event(act.hand);
      this.#sent.set(act.as, event);
      const { chain } = delegated(await plane.delegate(event));
      this.branches.set(act.as, chain);
      this.branches.set("root", chain.slice(0, 1));
    } else if ("end" in act) withdrawn(await plane.delegate(this.event(act.end)));
    else if ("publish" in act) await plane.publish(act.publish);
    else if ("pass" in act) plane.pass(act.pass);
    else if ("rotate" in act) await plane.rotate();
    else await plane.order(this.#named(act.order), act.cosign);
  }

  /** What is sent. */
  event(ask: DelegateAsk): unknown {
    const { plane, governed } = this;
    const { again, under = null, blocks, by, to, request, event } = this.#named(ask);
    const known = again === undefined ? undefined : this.#sent.get(again);
    if (known !== undefined) return changed(known, event, plane.world.now);
    const chain = ask.forgedRoot
      ? [this.#forged(ask.forgedRoot)]
      : (blocks?.map((each) => this.#blockOf(each)) ??
        (under === null ? [] : this.branches.get(under)));
    const shared = { ...(chain && { chain }), ...(by && { by }), ...(request && { request }) };
    if (ask.withdraw !== undefined) {
      const block = this.#digest(`@${ask.withdraw}`);
      return withdrawEvent(plane, governed, { ...shared, ...(event && { event }), block });
    }
    const whole = handOnEvent(plane, governed, { ...shared, ...(to && { to }) });
    const approvals = ask.approvals?.map((each) => this.#approval(whole, chain ?? [], each));
    const set = { ...(approvals && { "/approvals": approvals }), ...event?.set };
    return changed(whole, { ...event, set }, plane.world.now);
  }

  #approval(event: unknown, chain: readonly string[], { by, change, said }: Yes): unknown {
    const { request } = event as { readonly request: string };
    const claims = changed(
      payloadOf(request) as DelegateRequest,
      this.#named(said),
      this.plane.world.now,
    );
    const last = payloadOf(chain.at(-1) ?? "") as ReturnType<typeof laterClaims>;
    const isTop = chain.length < 2;
    const from = isTop
      ? { agent: ACTOR, jkt: KEYS.agent.thumbprint }
      : { agent: last.agent, jkt: last.cnf.jkt };
    const { agent = "", jkt = "" } = claims.designate;
    const parent = isTop ? null : digestOf(chain.at(-1));
    const statementDigest = delegationStatementDigest(claims, { parent, from, to: { agent, jkt } });
    const set = { "/statementDigest": statementDigest, ...change?.set };
    return approval(this.plane, this.governed, by, { ...change, set });
  }

  #forged(change: SignedChange): string {
    const [root = ""] = this.branches.get("root") ?? [];
    return String(forge("vai-block+jwt", payloadOf(root), "plane", change, this.plane.world.now));
  }

  #blockOf(place: string): string {
    const [name = "", depth] = place.split(":");
    return this.branches.get(name)?.[Number(depth)] ?? "";
  }

  #named<T>(value: T): T {
    if (typeof value === "string" && value.startsWith("@")) return this.#digest(value) as T;
    if (Array.isArray(value)) return value.map((each) => this.#named(each)) as T;
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [name, this.#named(each)]),
    ) as T;
  }

  #digest(text: string) {
    return digestOf(this.branches.get(text.slice(1))?.at(-1));
  }
}

/** The ground of a plane in memory. */
const inMemory = (plane: Plane): DelegateGround => ({
  ...{ id: plane.id, world: plane.world },
  delegate: (event) => plane.delegate(event),
  publish: (change) => plane.publish(change),
  order: (claims, cosign) => orderAt(plane, claims, cosign),
  pass: (seconds) => plane.world.pass(seconds),
  rotate: () => rotatePlaneKey(plane),
});

const payloadOf = (compact: string): object => {
  const types = ["vai-request+jwt", "vai-block+jwt"] as const;
  const read = types.map((type) => readJws(compact, type)).find(({ ok }) => ok);
  return read?.ok === true ? (read.value.payload as object) : {};
};

/** A plane with a contract that may be handed on; approved by `ada` where its class asks for that. */
async function delegatePlay(given: Omit<DelegateAttack, "attack">) {
  const plane = await newPlane({ policy: given.policy, isGolden: true });
  const set = { ...DELEGABLE.contract?.set, ...given.contract?.set };
  const isAsked = plane.policy.governance.LOW.approvals > 0;
  const decision = { set: { "/governanceDigest": documentDigest(plane.policy.governance) } };
  const governed = plane.contract({
    contract: { ...given.contract, set },
    ...(isAsked && { decision }),
  });
  const approvals = [approval(plane, governed, "ada")];
  const proof = { ...(governed.proof as object), ...(isAsked && { approvals }) };
  const play = new DelegatePlay(inMemory(plane), { ...governed, proof });
  for (const act of given.before ?? []) await play.act(act);
  return { plane, play };
}

/** What an attack left behind. */
export interface DelegateLeft {
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
  readonly isTreeChanged: boolean;
}

const treeText = (plane: Plane, governed: Governed): string => {
  const { tree } = contractView(plane.state(governed.chainId), governed.contractDigest);
  return JSON.stringify(tree, (_, value) => (value instanceof Map ? [...value] : value));
};

/** Plays everything up to an attack, and the attack. */
export async function playDelegateAttack(given: DelegateAttack): Promise<DelegateLeft> {
  const { plane, play } = await delegatePlay(given);
  const { governed } = play;
  const event = play.event(given.attack);
  const seqs = new Map(plane.chains().map((id) => [id, plane.rows(id).length]));
  const [effects, tree] = [plane.effects(), treeText(plane, governed)];
  const answer = refused(await plane.delegate(event));
  const now = plane.effects();
  const grown = plane.chains().filter((id) => plane.rows(id).length > (seqs.get(id) ?? 0));
  return {
    answer,
    written: new Map(grown.map((id) => [id, plane.records(id).slice(seqs.get(id) ?? 0)])),
    chainId: governed.chainId,
    spent: {
      executions: now.executions - effects.executions,
      calls: now.calls - effects.calls,
      uses: 0,
      retryKeys: now.retryKeys - effects.retryKeys,
      isTargetChanged: JSON.stringify(now.target) !== JSON.stringify(effects.target),
    },
    isTreeChanged: treeText(plane, governed) !== tree,
  };
}
