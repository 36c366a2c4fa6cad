import { rootClaims } from "../../lib/continuity/root.ts";
import { type ReadContract, readContract } from "../../lib/contract/contract.ts";
import { present } from "../../lib/encoding/present.ts";
import { appendToIntent, ready } from "../../lib/enforcement/barriers/append.ts";
import { Judgement } from "../../lib/enforcement/judgement.ts";
import { readIntent } from "../../lib/enforcement/read/intent.ts";
import { readTrust } from "../../lib/enforcement/read/registry.ts";
import type { BlockTree } from "../../lib/evidence/block-tree.ts";
import { contractView } from "../../lib/evidence/intent-state.ts";
import type { RecordDraft } from "../../lib/evidence/record.ts";
import { isRefusal } from "../../lib/refusal.ts";
import type { DelegateRequest } from "../../lib/request/request.ts";
import { forge, type SignedChange } from "./forge.ts";
import type { Governed, Mutation } from "./governed.ts";
import {
  BOUNDS,
  type Branch,
  branchOf,
  digestOf,
  type Hand,
  laterOf,
  payloadOf,
  requestOf,
} from "./handing.ts";
import { KEYS, type KeyName } from "./keys.ts";
import type { Change } from "./mutate.ts";
import { newPlane, type Plane } from "./plane.ts";
import { PLANE } from "./trust.ts";

/** A contract that may be handed on, deep and wide. */
export const CONTINUABLE: Readonly<Record<string, unknown>> = {
  "/deliveries": ["execute", "handle"],
  "/delegation": { maxDepth: 8, retain: true },
  "/authorization_details/0/limits": { calls: BOUNDS[0].calls, totals: { percent: 30 } },
};

/** A plane with a bound contract, and whoever was handed something of it. */
export class Continued {
  readonly plane: Plane;
  readonly governed: Governed;
  readonly contract: ReadContract;
  readonly branches = new Map<string, Branch>();
  #last = "root";

  /** @param root - how the root differs from the contract's. */
  constructor(plane: Plane, governed: Governed, root?: SignedChange) {
    this.plane = plane;
    this.governed = governed;
    const contract = readContract(governed.contract);
    if (isRefusal(contract)) throw new Error(JSON.stringify(contract));
    this.contract = contract;
    const { claims } = contract;
    const seal = { plane: PLANE, jti: plane.world.newId(), iat: this.#seconds, approvals: [] };
    const own = rootClaims(contract, seal);
    const [step] = claims.authorization_details;
    if (step === undefined) throw new Error("the contract has no step");
    this.branches.set("root", {
      ...{ blocks: [this.#block(own, root)], holder: "agent", step, exp: claims.exp },
      ...{ deliveries: claims.deliveries, delegation: own.delegation },
    });
  }

  get #seconds(): number {
    return Math.floor(this.plane.world.now / 1000);
  }

  branch(name: string): Branch {
    const found = this.branches.get(name);
    if (found === undefined) throw new Error(`nobody holds ${name}`);
    return found;
  }

  #block(claims: object, change: SignedChange = {}): string {
    return String(forge("vai-block+jwt", claims, "plane", change, this.plane.world.now));
  }

  /** Signs a block as `delegate` would, and has it recorded. */
  async hand({ from = this.#last, to, as = to, ...how }: Hand): Promise<void> {
    const parent = this.branch(from);
    const { plane, contract } = this;
    const request = requestOf(plane, contract.digest, parent, { to, as, ...how });
    const claims = laterOf(plane, contract, parent, { request, to });
    const block = this.#block({ ...claims, iss: PLANE }, how.block);
    this.branches.set(as, branchOf(parent, block, to));
    this.#last = as;
    if (how.unrecorded === true) return;
    const { jti, idempotencyKey } = payloadOf(request) as DelegateRequest;
    await this.record({
      type: "DelegationGranted",
      detail: {
        ...{ block, delegator: KEYS[parent.holder].thumbprint, firstSeq: 1 },
        ...present({ root: parent.blocks.length === 1 ? parent.blocks[0] : undefined }),
        ...{ requestJti: jti, idempotencyKey, contentDigest: digestOf(request) },
      },
    });
  }

  /** Ends a branch and all below it, as `withdraw` and `revokeDelegation` do. */
  end(name: string): Promise<void> {
    const block = digestOf(this.branch(name).blocks.at(-1));
    const requestedAt = new Date(this.plane.world.now).toISOString();
    return this.record({
      type: "DelegationRevoked",
      detail: { block, ended: [block], by: "olga", reason: "is over", requestedAt, firstSeq: 1 },
    });
  }

  /** One more sealed record on the intent's chain. */
  async record(draft: RecordDraft): Promise<void> {
    const judgement = new Judgement(this.plane.deps, this.plane.invocation(), [], {});
    const { trust } = await readTrust(this.plane.deps);
    if (isRefusal(trust)) throw new Error(trust.detail);
    judgement.believe(trust);
    const { claims, digest } = this.contract;
    judgement.learn({ intentId: claims.intent.id, contract: { id: claims.jti, digest } });
    const intent = await readIntent(this.plane.deps, this.governed.chainId, trust);
    if (isRefusal(intent)) throw new Error(intent.detail);
    const done = await appendToIntent(judgement, intent, {
      prepare: () => ready({ drafts: [draft] }),
    });
    if (done.kind !== "appended") throw new Error("was not recorded");
  }

  /** How a request differs from the contract's own that a branch's holder signs for its chain. */
  under(name: string, how: { readonly by?: KeyName; readonly mutate?: Mutation } = {}): Mutation {
    const { blocks, holder } = this.branch(name);
    const { request, event, ...others } = how.mutate ?? {};
    return {
      ...others,
      request: {
        signedBy: how.by ?? holder,
        ...request,
        set: {
          "/chainDigest": digestOf(blocks.at(-1)),
          "/operation/parameters/percent": 3,
          ...request?.set,
        },
      },
      event: { ...event, set: { "/chain": blocks, ...event?.set } },
    };
  }

  get tree(): BlockTree {
    return contractView(this.plane.state(this.governed.chainId), this.contract.digest).tree;
  }
}

/** How plane, contract, proof and root differ. */
interface Differing extends Mutation {
  readonly policy?: Change | undefined;
  readonly root?: SignedChange | undefined;
}

/** A contract that may be handed on, bound on a plane of its own. */
export async function continued({ policy, root, ...mutation }: Differing = {}): Promise<Continued> {
  const plane = await newPlane({ policy, isGolden: true });
  await readTrust(plane.deps);
  const set = { ...CONTINUABLE, ...mutation.contract?.set };
  const governed = plane.contract({ ...mutation, contract: { ...mutation.contract, set } });
  const { contract, proof } = governed;
  const bound = await plane.govern({ op: "register", contract, proof });
  if (!bound.ok) throw new Error(`was not bound: ${JSON.stringify(bound)}`);
  return new Continued(plane, governed, root);
}
