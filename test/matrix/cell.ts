import { randomUUID } from "node:crypto";
import type { SignedContract } from "../../lib/client/contract.ts";
import { type DeliveryKey, deliveryKey } from "../../lib/client/credentials.ts";
import { type HeldKey, newPrivateJwk, signingKey } from "../../lib/client/keys.ts";
import {
  contractDigest,
  delegateEvent,
  executeEvent,
  issueEvent,
  withdrawEvent,
} from "../../lib/client/request.ts";
import { parseContract } from "../../lib/contract/contract.ts";
import type { Digest } from "../../lib/encoding/digest.ts";
import { signJws } from "../../lib/encoding/jws.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { digestOf } from "../support/handing.ts";
import { intentOf, keyOf } from "../support/local/contracts.ts";
import { approvalOf, attestationOf, laterDenial } from "../support/local/people.ts";
import type { LocalPlane } from "../support/local/plane.ts";
import { seedItem } from "../support/local/targets.ts";
import { DUTY, setting, signTerms, type Terms, windowOf } from "../support/local/terms.ts";

type Delivery = "execute" | "handle" | "credentials";

/** A contract of one cell about an item of its own, and what came of it so far. */
export interface Held {
  readonly item: string;
  readonly delivery: Delivery;
  readonly signed: SignedContract;
  readonly digest: Digest;
  readonly chainId: string;
  /** Milliseconds: the end of its window. */
  readonly exp: number;
  /** How often its bounded call may be made. */
  readonly calls: number;
  readonly deliverTo: DeliveryKey["deliverTo"];
  handle?: string;
  identityId?: string;
  /** By which it was handed on. */
  chain?: readonly string[];
}

type Signer = "operator" | "auditor";

/**
 * What one cell of the matrix is about: an agent with a key and a name of its own, its contracts, and the commands of people
 * about them. Everything is signed once, so that asking again is asking for the same.
 */
export class Cell {
  readonly plane: LocalPlane;
  readonly actor = `spiffe://example.org/agent/${randomUUID().slice(0, 8)}`;
  readonly key: HeldKey = signingKey(newPrivateJwk());
  /** Of the agent to whom that one hands on. */
  readonly next: HeldKey = signingKey(newPrivateJwk());
  readonly held = new Map<string, Held>();
  readonly #clock: () => number;
  readonly #signed = new Map<string, unknown>();

  readonly #terms: Terms;

  /** @param terms of each of its contracts. */
  constructor(plane: LocalPlane, clock: () => number, terms: Terms = {}) {
    this.plane = plane;
    this.#terms = terms;
    this.#clock = clock;
  }

  /** Milliseconds, by the functions' clock. */
  now(): number {
    return this.#clock();
  }

  /** The contract of that name, signed when it is first asked for. */
  async contract(name: string, delivery: Delivery): Promise<Held> {
    const known = this.held.get(name);
    if (known !== undefined) return known;
    const item = `matrix-${randomUUID()}`;
    await seedItem(this.plane, item);
    const calls = delivery === "execute" ? 1 : 2;
    const now = this.now();
    const subject = {
      ...{ item, actor: this.actor, executor: this.key.thumbprint, delivery, calls, now },
      purpose: "one cell of the fault matrix",
    };
    const signed = signTerms(this.plane, subject, this.#terms);
    const held = {
      ...{ item, delivery, signed, exp: now + windowOf(this.#terms) * 1000 },
      // What takes an effect back is a call of its own.
      calls: this.#terms.isTakenBack ? 2 * calls : calls,
      digest: contractDigest(signed.contract),
      chainId: `intent/${intentOf(signed)}`,
      deliverTo: deliveryKey().deliverTo,
    };
    this.held.set(name, held);
    return held;
  }

  /** The request for a contract's authority; `as`: the same again is a retry. */
  issuing({ signed, delivery, deliverTo, item, chain = [] }: Held, as: string): object {
    const key = this.#holder(chain);
    const common = {
      ...{ plane: this.plane.outputs.plane, ...signed, chain, step: "set" },
      ...{
        jti: randomUUID(),
        iat: Math.floor(this.now() / 1000),
        idempotencyKey: this.#key(as, item),
      },
    };
    const event =
      delivery === "credentials"
        ? issueEvent({ ...common, delivery, deliverTo }, key)
        : issueEvent({ ...common, delivery, operation: this.#operation(item) }, key);
    return event;
  }

  /** The request to redeem the contract's handle; nothing without one. */
  redeeming({ signed, item, handle, chain = [] }: Held, as: string): object | undefined {
    if (handle === undefined) return undefined;
    return executeEvent(
      {
        ...{ plane: this.plane.outputs.plane, handle, chain, operation: this.#operation(item) },
        contractDigest: contractDigest(signed.contract),
        ...{
          jti: randomUUID(),
          iat: Math.floor(this.now() / 1000),
          idempotencyKey: this.#key(as, item),
        },
      },
      this.#holder(chain),
    );
  }

  /** Whoever it was handed on to, once it was. */
  #holder = (chain: readonly string[]): HeldKey => (chain.length > 0 ? this.next : this.key);

  /** The request to hand all of a contract on, keeping nothing. */
  handingOn({ signed, delivery, item, exp }: Held, as: string): object {
    const contract = parseContract(signed.contract);
    if (isRefusal(contract)) throw new TypeError(JSON.stringify(contract));
    return delegateEvent(
      {
        ...{ plane: this.plane.outputs.plane, ...signed, jti: randomUUID() },
        ...{ iat: Math.floor(this.now() / 1000), idempotencyKey: this.#key(as, item) },
        designate: { jkt: this.next.thumbprint, agent: `${this.actor}-next` },
        authorization_details: [...contract.authorization_details],
        ...{ deliveries: [delivery], exp: Math.floor(exp / 1000), retain: false },
        delegation: { maxDepth: 1, retain: false, labels: [], planes: [] },
      },
      this.key,
    );
  }

  /** The request to take that back; nothing where nothing was handed on. */
  withdrawing({ signed: { contract }, item, chain = [] }: Held, as: string): object | undefined {
    const last = chain.at(-1);
    if (last === undefined) return undefined;
    return withdrawEvent(
      {
        ...{ plane: this.plane.outputs.plane, contract, block: digestOf(last), jti: randomUUID() },
        ...{ iat: Math.floor(this.now() / 1000), idempotencyKey: this.#key(as, item) },
      },
      this.key,
    );
  }

  /** A command of the operator, with the auditor's second name where it needs one; signed once under `as`. */
  command(as: string, claims: object, isCosigned = false): { command: string; cosign?: string } {
    return this.once(`command ${as}`, () => {
      const iat = Math.floor(this.now() / 1000);
      const { plane, names } = this.plane.outputs;
      const payload = {
        ...{ iss: names.operator, iat, exp: iat + 300, aud: plane, jti: randomUUID() },
        ...{ reason: "a cell of the fault matrix", ...claims },
      };
      const sign = (who: Signer) => signJws("vai-command+jwt", payload, keyOf(this.plane, who));
      return { command: sign("operator"), ...(isCosigned && { cosign: sign("auditor") }) };
    });
  }

  /** The auditor's word on an emergency; signed once under `as`. */
  reviewing(as: string, contractDigest: Digest): { command: string } {
    return this.once(`review ${as}`, () => {
      const iat = Math.floor(this.now() / 1000);
      const { plane, names } = this.plane.outputs;
      const payload = {
        ...{ iss: names.auditor, iat, exp: iat + 300, aud: plane, jti: randomUUID() },
        ...{ do: "reviewBreakGlass", contractDigest, finding: "as it had to be" },
        reason: "a cell of the fault matrix",
      };
      return { command: signJws("vai-command+jwt", payload, keyOf(this.plane, "auditor")) };
    });
  }

  /** What governance and people send of a contract; each is signed once under `as`. */
  registering({ signed: { contract, proof } }: Held): object {
    return { op: "register", contract, proof };
  }

  approving({ signed: { contract }, digest: contractDigest }: Held, as: string): object {
    const approval = this.once(`approval ${as}`, () => approvalOf(this.#spoken(contract)));
    return { op: "approve", contractDigest, approval };
  }

  objecting({ signed: { contract }, digest: contractDigest }: Held, as: string): object {
    const attestation = this.once(`objection ${as}`, () =>
      attestationOf(this.#spoken(contract), { verdict: "reject" }),
    );
    return { op: "attest", contractDigest, attestation };
  }

  /** That somebody has seen what was done; nothing without an identity. */
  seeing({ signed: { contract }, digest: contractDigest, identityId }: Held): object | undefined {
    if (identityId === undefined) return undefined;
    const obligation = { identityId, name: DUTY.name };
    const attestation = this.once("seen", () =>
      attestationOf(this.#spoken(contract), { verdict: "approve", obligation }),
    );
    return { op: "attest", contractDigest, attestation };
  }

  superseding({ signed: { proof }, chainId }: Held, as: string): object {
    const decision = this.once(`decision ${as}`, () =>
      laterDenial(this.plane, proof.decision, this.now()),
    );
    return { op: "supersede", intentId: chainId.slice("intent/".length), decision };
  }

  #spoken = (contract: string) => ({ plane: this.plane, contract, now: this.now() });

  /** Made when it is first asked for, and the same from then on. */
  once<T>(name: string, make: () => T): T {
    if (!this.#signed.has(name)) this.#signed.set(name, make());
    return this.#signed.get(name) as T;
  }

  #key(as: string, item: string): string {
    return this.once(`key ${as} ${item}`, randomUUID);
  }

  #operation = (item: string) => setting(this.plane, item);
}
