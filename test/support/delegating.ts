import { KmsSigner } from "../../lib/aws/ports/kms-signer.ts";
import { toSeconds } from "../../lib/clock.ts";
import { type BlockClaims, parseBlock } from "../../lib/continuity/block.ts";
import { type Contract, parseContract } from "../../lib/contract/contract.ts";
import { delegationOf } from "../../lib/contract/delegation.ts";
import { type Digest, sha256Digest } from "../../lib/encoding/digest.ts";
import type {
  DelegateAnswer,
  DelegatedAnswer,
  WithdrawnAnswer,
} from "../../lib/enforcement/delegate.ts";
import type { BlockTree } from "../../lib/evidence/block-tree.ts";
import { contractView } from "../../lib/evidence/intent-state.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { forge, type SignedChange } from "./forge.ts";
import type { Governed, Mutation } from "./governed.ts";
import { KEYS, type KeyName } from "./keys.ts";
import { MemoryKms } from "./memory-kms.ts";
import { type Change, changed, resolved } from "./mutate.ts";
import type { Plane } from "./plane.ts";
import type { Addressee } from "./world.ts";

/** A contract that may be handed on to depth 3, with four calls of one step, each of which may be kept back. */
export const DELEGABLE: Mutation = {
  contract: {
    set: {
      "/delegation": { maxDepth: 3, retain: true },
      "/deliveries": ["execute", "handle", "credentials"],
      "/authorization_details/0/limits": { calls: 4, totals: { percent: 10 } },
    },
  },
};

export const agentOf = (name: KeyName): string => `spiffe://example.org/agent/${name}`;
export const digestOf = (jws: unknown): Digest => {
  const text = String(jws);
  return sha256Digest(text.slice(0, text.lastIndexOf(".")));
};

/** One delegation, as it differs from the usual one: of everything, to the end, keeping nothing. */
export interface HandOn {
  /** The chain that is continued; absent: the contract's executor hands on. */
  readonly chain?: readonly unknown[];
  /** Who signs; default: the holder of the last place. */
  readonly by?: KeyName;
  /** To whom; default `refunds`. */
  readonly to?: KeyName;
  readonly request?: SignedChange;
  readonly event?: Change;
}

/** The event that hands authority on. */
export function handOnEvent(plane: Addressee, governed: Governed, handOn: HandOn = {}): unknown {
  const { chain = [], to = "refunds", request: change, event } = handOn;
  const { newId, now } = plane.world;
  const held = heldBy(governed, chain);
  const claims = {
    ...{ use: "delegate", jti: newId(), iat: toSeconds(now), aud: plane.id },
    contractDigest: governed.contractDigest,
    ...(chain.length > 0 && { chainDigest: digestOf(chain.at(-1)) }),
    idempotencyKey: `key-${newId()}`,
    designate: { jkt: KEYS[to].thumbprint, agent: agentOf(to) },
    authorization_details: held.authorization_details,
    ...{ deliveries: held.deliveries, exp: held.exp },
    delegation: delegationOf(held),
    ...{ retain: false, audience: plane.id },
  };
  const by = handOn.by ?? holderOf(chain);
  const request = forge("vai-request+jwt", claims, by, change, now);
  const { contract, proof } = governed;
  const whole = { contract, proof, ...(chain.length > 0 && { chain }), request };
  return changed(whole as unknown, event, now);
}

function heldBy({ contract }: Governed, chain: readonly unknown[]): BlockClaims | Contract {
  const block = chain.length === 0 ? undefined : parseBlock(chain.at(-1));
  if (block !== undefined && !isRefusal(block as never)) return block as BlockClaims;
  const claims = parseContract(contract);
  if (isRefusal(claims)) throw new Error(JSON.stringify(claims));
  return claims;
}

function holderOf(chain: readonly unknown[]): KeyName {
  const block = chain.length === 0 ? undefined : (parseBlock(chain.at(-1)) as BlockClaims);
  const names = Object.keys(KEYS) as KeyName[];
  return names.find((name) => KEYS[name].thumbprint === block?.cnf?.jkt) ?? "agent";
}

/** Hands on, which must be granted. */
export async function handOn(
  plane: Plane,
  governed: Governed,
  how: HandOn = {},
): Promise<DelegatedAnswer> {
  return delegated(await plane.delegate(handOnEvent(plane, governed, how)));
}

/** One withdrawal. */
export interface Withdraw {
  readonly block: Digest;
  readonly chain?: readonly unknown[];
  readonly by?: KeyName;
  readonly request?: SignedChange;
  readonly event?: Change;
}

export function withdrawEvent(plane: Addressee, governed: Governed, how: Withdraw): unknown {
  const { chain = [], block, request: change, event } = how;
  const { newId, now } = plane.world;
  const claims = {
    ...{ use: "withdraw", jti: newId(), iat: toSeconds(now), aud: plane.id },
    contractDigest: governed.contractDigest,
    ...(chain.length > 0 && { chainDigest: digestOf(chain.at(-1)) }),
    ...{ idempotencyKey: `key-${newId()}`, block },
  };
  const request = forge("vai-request+jwt", claims, how.by ?? holderOf(chain), change, now);
  const { contract } = governed;
  return changed({ contract, ...(chain.length > 0 && { chain }), request } as unknown, event, now);
}

export const delegated = (answer: DelegateAnswer): DelegatedAnswer => {
  if (answer.ok && "chain" in answer) return answer;
  throw new Error(`was not handed on: ${JSON.stringify(answer)}`);
};

export const withdrawn = (answer: DelegateAnswer): WithdrawnAnswer => {
  if (answer.ok && "ended" in answer) return answer;
  throw new Error(`was not ended: ${JSON.stringify(answer)}`);
};

/** The claims of an operator's command. */
export type Order = Readonly<Record<string, unknown>> & { readonly do: string };

/** An operator, or two, have something ended or halted. */
export async function orderAt(plane: Plane, claims: Order, cosign?: true): Promise<void> {
  const named = resolved(claims, plane.world.now) as Order;
  const own = { jti: plane.world.newId(), ...named };
  const second = cosign === true && { cosign: plane.command(own, { signedBy: "otherOperator" }) };
  const answer = await plane.revoke({ command: plane.command(own), ...second });
  if (!answer.ok) throw new Error(`was refused: ${JSON.stringify(answer)}`);
}

/** The plane's key is revoked, and another one has its place; its thumbprint. */
export async function rotatePlaneKey(plane: Plane): Promise<string> {
  const old = await plane.deps.planeSigner.keyid();
  const next = new MemoryKms(plane.faults, "planeSigner");
  const key = { key: next.jwk, use: "plane", notBefore: "$seconds-1" };
  await plane.publish({ set: { "/planeKeys/-": key } });
  plane.deps = { ...plane.deps, planeSigner: new KmsSigner(next.client(), "next-plane-key") };
  const claims = { do: "revokePlaneKey", jkt: old, jti: "k" };
  const command = plane.command(claims);
  const cosign = plane.command(claims, { signedBy: "otherOperator", set: { "/iss": "olga" } });
  const answer = await plane.revoke({ command, cosign });
  if (!answer.ok) throw new Error(JSON.stringify(answer));
  return next.thumbprint;
}

/** Who may continue a contract, as its intent's records tell it. */
export const treeOf = (plane: Plane, { chainId, contractDigest }: Governed): BlockTree =>
  contractView(plane.state(chainId), contractDigest).tree;
