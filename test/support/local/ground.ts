import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { contractDraft, type SignedContract } from "../../../lib/client/contract.ts";
import { toSeconds } from "../../../lib/clock.ts";
import { documentDigest } from "../../../lib/encoding/canonical-json.ts";
import { signJws } from "../../../lib/encoding/jws.ts";
import type { DelegateAnswer } from "../../../lib/enforcement/delegate.ts";
import type { TrustPolicy } from "../../../lib/trust/policy.ts";
import type { Order } from "../delegating.ts";
import type { DelegateGround } from "../delegating-play.ts";
import type { SignedChange } from "../forge.ts";
import type { Governed } from "../governed.ts";
import { digestOf } from "../handing.ts";
import { KEYS } from "../keys.ts";
import { type Change, changed, resolved } from "../mutate.ts";
import { APPROVERS, approval } from "../people.ts";
import { invokeDelegate } from "./agent.ts";
import { call, command, lifted, served } from "./commands.ts";
import { intentOf, keyOf, shiftDraft, signDraft } from "./contracts.ts";
import { publishedPolicy } from "./iam.ts";
import type { LocalPlane } from "./plane.ts";
import { readRow } from "./tables.ts";

/** The two agents whom the attacks' files know, as a trust policy lists them. */
const AGENTS = [
  { name: "spiffe://example.org/agent/refunds", labels: ["refunds"], jkt: KEYS.refunds.thumbprint },
  {
    ...{ name: "spiffe://example.org/agent/ledger", labels: ["refunds", "eu"] },
    jkt: KEYS.ledger.thumbprint,
  },
];

/** What undoes an order. */
const LIFTS: Readonly<Record<string, string>> = {
  haltActor: "reinstateActor",
  revokeKey: "reinstateKey",
};

/** Publishes a policy as the next version, whatever it says of its own. */
export async function publishNext(plane: LocalPlane, policy: object): Promise<void> {
  const head = await readRow(plane, "registry", "registry", "head");
  const version = Number(head["version"]?.N) + 1;
  const next = {
    ...policy,
    version,
    prev: head["trustPolicyDigest"]?.S,
    iat: toSeconds(Date.now()),
  };
  const trustPolicy = signJws("vai-trust-policy+jwt", next, keyOf(plane, "anchor"));
  const answer = await served(() =>
    call(plane, "govern", { op: "publishTrustPolicy", trustPolicy }),
  );
  assert.ok(answer.ok, JSON.stringify(answer));
}

/** The deployed plane as attacks' files know a plane: with their keys, agents and approvers, until `undo`. */
export class Ground implements DelegateGround {
  readonly plane: LocalPlane;
  readonly id: string;
  readonly world = {
    get now() {
      return Date.now();
    },
    newId: randomUUID,
  };
  readonly #first: TrustPolicy;
  readonly #lifts: Record<string, unknown>[] = [];
  /** As the files' acts have it by now, and what of it is published. */
  #policy: TrustPolicy;
  #published: unknown;

  private constructor(plane: LocalPlane, first: TrustPolicy) {
    this.plane = plane;
    this.id = plane.outputs.plane;
    this.#first = first;
    this.#policy = first;
  }

  static async of(plane: LocalPlane): Promise<Ground> {
    return new Ground(plane, await publishedPolicy(plane));
  }

  /** Nothing of what the files' people do is left. */
  async undo(): Promise<void> {
    await this.settle();
    await publishNext(this.plane, this.#first);
  }

  /** What was ordered is lifted, and the trust policy is as the files suppose it, but for a change. */
  async settle(change?: Change): Promise<void> {
    for (let lift = this.#lifts[0]; lift !== undefined; lift = this.#lifts[0]) {
      await lifted(this.plane, lift);
      this.#lifts.shift();
    }
    const people = Object.entries(APPROVERS).map(([name, { role, key }]) => ({
      ...{ name, roles: [role], keys: [KEYS[key].jwk] },
    }));
    // The files' own first, where their changes look for them.
    const approvers = [...people, ...this.#first.approvers];
    this.#policy = { ...this.#first, agents: AGENTS, approvers };
    await this.publish(change);
  }

  /** The next version: what was published last, with a change. */
  async publish(change: SignedChange = {}): Promise<void> {
    this.#policy = changed(this.#policy, change, Date.now());
    const text = JSON.stringify(this.#policy);
    if (text !== this.#published) await publishNext(this.plane, this.#policy);
    this.#published = text;
  }

  async order(claims: Order): Promise<void> {
    const lift = LIFTS[claims.do];
    assert.ok(lift !== undefined, `${claims.do} cannot be undone`);
    const named = resolved(claims, Date.now()) as Order;
    const order = command(this.plane, named);
    const answer = await served(() => call(this.plane, "revoke", { command: order }));
    assert.ok(answer.ok, JSON.stringify(answer));
    this.#lifts.push({ ...named, do: lift });
  }

  delegate(event: unknown): Promise<DelegateAnswer> {
    return invokeDelegate(this.plane, event);
  }

  pass(): never {
    throw new TypeError("the clock of a deployed function cannot be moved");
  }

  rotate(): never {
    throw new TypeError("the key of a deployed plane is there for every test");
  }

  /** The contract that attacks are played on, about the sample function, with a file's change; approved where LOW asks for that. */
  contract(change: Change | undefined, policy: Change | undefined): Governed {
    const { steps: shift, ...parts } = shiftDraft(this.plane, { obligations: undefined });
    const whole = changed({ ...parts, authorization_details: shift }, change, Date.now());
    const { authorization_details: steps, ...draft } = whole;
    const { governance } = changed(this.#first, policy, Date.now());
    const isAsked = governance.LOW.approvals > 0;
    const { contract, proof } = signDraft(this.plane, contractDraft.parse({ ...draft, steps }), {
      executor: KEYS.agent.thumbprint,
      ...(isAsked && { governanceDigest: documentDigest(governance) }),
    });
    const contractDigest = digestOf(contract);
    const approvals = isAsked ? [approval(this, { contract, contractDigest }, "ada")] : [];
    return {
      ...{ base: "alias", ids: { intent: "", contract: "", decision: "" } },
      chainId: `intent/${intentOf({ contract, proof } as SignedContract)}`,
      ...{ contract, contractDigest, proof: { ...proof, approvals } },
    };
  }
}
