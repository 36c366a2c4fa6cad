import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { contractDigest } from "../../../lib/client/request.ts";
import { rootClaims } from "../../../lib/continuity/root.ts";
import { type ReadContract, readContract } from "../../../lib/contract/contract.ts";
import type { KeyPort } from "../../../lib/encoding/jws.ts";
import type { Answer } from "../../../lib/enforcement/answer.ts";
import { isRefusal } from "../../../lib/refusal.ts";
import type { UseGround } from "../continued-play.ts";
import { type Order, withdrawEvent, withdrawn } from "../delegating.ts";
import type { SignedChange } from "../forge.ts";
import { eventOf, type Governed, type Mutation, redemptionOf } from "../governed.ts";
import { type Branch, branchOf, digestOf, type Hand, laterOf, requestOf } from "../handing.ts";
import { invoke, invokeDelegate, invokeExecute } from "./agent.ts";
import { call, command } from "./commands.ts";
import { functionArn } from "./contracts.ts";
import type { Ground } from "./ground.ts";
import { forgedBlock } from "./plane-key.ts";

/**
 * A contract on the deployed plane, and whoever was handed something of it. Function `delegate` hands on; what it refuses to
 * sign is signed all the same by the plane's own key, which somebody stole, and is on no record.
 */
export class DeployedUse implements UseGround {
  readonly branches = new Map<string, Branch>();
  readonly contract: ReadContract;
  readonly #ground: Ground;
  readonly #governed: Governed;
  readonly #key: KeyPort;
  readonly #root: SignedChange | undefined;
  #last = "root";

  /** @param root - how a forged root differs from the contract's. */
  constructor(ground: Ground, governed: Governed, key: KeyPort, root?: SignedChange) {
    const contract = readContract(governed.contract);
    if (isRefusal(contract)) throw new Error(JSON.stringify(contract));
    [this.contract, this.#ground, this.#governed] = [contract, ground, governed];
    [this.#key, this.#root] = [key, root];
    const { claims } = contract;
    const [step] = claims.authorization_details;
    assert.ok(step);
    const { exp, deliveries } = claims;
    const { delegation } = rootClaims(contract, { plane: "", jti: "", iat: 0, approvals: [] });
    this.branches.set("root", { blocks: [], holder: "agent", step, exp, deliveries, delegation });
  }

  get now(): number {
    return Date.now();
  }

  branch(name: string): Branch {
    const found = this.branches.get(name);
    if (found === undefined) throw new Error(`nobody holds ${name}`);
    return found;
  }

  /** A root that the plane never signed, where the attack has one. */
  async forgeRoot(): Promise<void> {
    if (this.#root !== undefined) await this.#rooted();
  }

  async #rooted(): Promise<void> {
    const root = this.branch("root");
    if (root.blocks.length > 0) return;
    const { id: plane, world } = this.#ground;
    const iat = Math.floor(world.now / 1000);
    const claims = rootClaims(this.contract, { plane, jti: world.newId(), iat, approvals: [] });
    const block = await forgedBlock(this.#key, claims, this.#root);
    this.branches.set("root", { ...root, blocks: [block] });
  }

  async hand({ from = this.#last, to, as = to, ...how }: Hand): Promise<void> {
    const [ground, { contract, proof }] = [this.#ground, this.#governed];
    const parent = this.branch(from);
    const request = requestOf(ground, this.contract.digest, parent, { to, as, ...how });
    this.#last = as;
    const chain = parent.blocks.length > 1 ? { chain: parent.blocks } : {};
    const isForged = how.block !== undefined || how.unrecorded === true || this.#root !== undefined;
    const answer = isForged
      ? undefined
      : await invokeDelegate(ground.plane, { contract, proof, ...chain, request });
    if (answer?.ok && "chain" in answer) {
      const block = answer.chain.at(-1) ?? "";
      const before = { ...parent, blocks: answer.chain.slice(0, -1) };
      this.branches.set("root", { ...this.branch("root"), blocks: answer.chain.slice(0, 1) });
      this.branches.set(as, branchOf(before, block, to));
      return;
    }
    await this.#rooted();
    const above = from === "root" ? this.branch("root") : parent;
    const claims = laterOf(ground, this.contract, above, { request, to });
    const block = await forgedBlock(this.#key, { ...claims, iss: ground.id }, how.block);
    this.branches.set(as, branchOf(above, block, to));
  }

  async end(name: string): Promise<void> {
    const [{ plane }, block] = [this.#ground, digestOf(this.branch(name).blocks.at(-1))];
    if (name !== "root") {
      const event = withdrawEvent(this.#ground, this.#governed, { block });
      withdrawn(await invokeDelegate(plane, event));
      return;
    }
    const of = { contractDigest: contractDigest(String(this.#governed.contract)), block };
    const answer = await call(plane, "revoke", {
      command: command(plane, { do: "revokeDelegation", ...of }),
    });
    assert.ok(answer.ok, JSON.stringify(answer));
  }

  event(mutation: Mutation): unknown {
    return eventOf(this.#governed, this.#names(), Date.now(), this.#there(mutation));
  }

  redemption(handle: unknown, mutation: Mutation): unknown {
    return redemptionOf(this.#governed, handle, this.#names(), Date.now(), this.#there(mutation));
  }

  #names() {
    return { jti: randomUUID(), idempotencyKey: randomUUID() };
  }

  /** The sample function instead of the one in memory. */
  #there({ request, ...others }: Mutation): Mutation {
    const { plane, id } = this.#ground;
    const set = {
      ...{ "/aud": id, "/operation/resource": functionArn(plane) },
      "/operation/parameters/version": plane.outputs.samples.newVersion,
      ...request?.set,
    };
    return { ...others, request: { ...request, set } };
  }

  issue(event: unknown): Promise<Answer> {
    return invoke(this.#ground.plane, event);
  }

  execute(event: unknown): Promise<Answer> {
    return invokeExecute(this.#ground.plane, event);
  }

  publish(change: SignedChange): Promise<void> {
    return this.#ground.publish(change);
  }

  order(claims: Order): Promise<void> {
    return this.#ground.order(claims);
  }

  pass(): never {
    return this.#ground.pass();
  }
}
