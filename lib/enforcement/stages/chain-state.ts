import { placeOf } from "../../continuity/block.ts";
import type { Chain } from "../../continuity/chain.ts";
import type { ReadContract } from "../../contract/contract.ts";
import type { Digest } from "../../encoding/digest.ts";
import { coveringBlocks, standingOf, successorOf } from "../../evidence/block-tree.ts";
import { contractView } from "../../evidence/intent-state.ts";
import { denialOf } from "../../lifecycle/mark.ts";
import { type Refusal, refuse, refuseUntil } from "../../refusal.ts";
import { namesOfKey } from "../../trust/policy.ts";
import { liftOf } from "../../unlock.ts";
import type { Intent } from "../read/intent.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import { holdersOf } from "./executor.ts";

/** A contract on its intent's chain as it stands, and the chain of blocks under it, if there is one. */
export interface Continuation {
  readonly contract: ReadContract;
  readonly chain: Chain | undefined;
  readonly intent: Intent;
}

/** Where a request stands: in each block of its chain; without one the contract stands for the root. */
const placesOf = (
  chain: Chain | undefined,
): readonly { readonly digest: Digest | undefined; readonly at: string }[] =>
  chain?.blocks.map(({ digest, claims }) => ({ digest, at: placeOf(claims.depth) })) ?? [
    { digest: undefined, at: "/contract" },
  ];

/**
 * Stage `state`: no block was ended, itself or with one above it, by a record or by a mark whose record is still owed
 * (POC-20).
 */
export function judgeBlocks({ contract, chain, intent }: Continuation): Refusal | undefined {
  const { digest: contractDigest } = contract;
  const { tree } = contractView(intent.state, contractDigest);
  for (const { digest, at } of placesOf(chain)) {
    const standing = standingOf(tree, digest);
    const isTop = standing === tree.top;
    const blocks = isTop ? coveringBlocks(tree) : [digest].filter((each) => each !== undefined);
    const isDenied = denialOf(intent.marks, { contractDigest, blocks }) !== undefined;
    if (standing?.ended === undefined && !isDenied) continue;
    const by = standing?.ended === undefined ? "" : ` by ${standing.ended.by}`;
    return refuse("CHAIN_BLOCK_REVOKED", `what is continued here was ended${by}`, at);
  }
  return undefined;
}

/** Stage `state`: whoever asks has not handed on. Two who act for one would each have the whole of it (POC-20, POC-A13). */
export function judgeHead({
  contract,
  chain,
  intent: { state },
}: Continuation): Refusal | undefined {
  const { tree } = contractView(state, contract.digest);
  const last = placesOf(chain).at(-1);
  if (!standingOf(tree, last?.digest)?.handedOn) return undefined;
  const holder = successorOf(tree, last?.digest);
  const now = holder === undefined ? "" : `: ${holder.agent} with key ${holder.jkt} has it now`;
  return refuse("HEAD_SUPERSEDED", `was handed on${now}`, last?.at);
}

/** Who acts, by whom they were designated, under which restrictions. */
export interface Acting {
  readonly contract: ReadContract;
  readonly chain: Chain | undefined;
  readonly recordedActor: string | undefined;
  readonly trust: TrustSnapshot;
}

/** Every key that authority came through: with one of them whoever holds it could still hand on. */
export function judgeKeys({ contract, chain, trust: { limits } }: Acting): Refusal | undefined {
  const revoked = holdersOf(contract.claims, chain).filter(({ jkt }) => limits.keys.has(jkt));
  const [first] = revoked;
  if (first === undefined) return undefined;
  const keys = [...new Set(revoked.map(({ jkt }) => jkt))];
  const detail =
    first.at === "/contract" ? "the executor's key is revoked" : "a key of the chain is revoked";
  return refuseUntil(keys.map(liftOf.key), "KEY_REVOKED", detail, `${first.at}/cnf/jkt`);
}

/**
 * The actors that contract and blocks name, whom the trust policy names by their keys now, and the one that the executor's
 * key was first bound under (ADV-64).
 */
export function judgeActors({
  contract,
  chain,
  recordedActor,
  trust: { limits, published },
}: Acting): Refusal | undefined {
  const named = holdersOf(contract.claims, chain).flatMap(({ jkt, agent: name, at }) =>
    namesOfKey(jkt, name, published).map((agent) => ({
      ...{ agent, at: at === "/contract" ? `${at}/actor/id` : `${at}/agent` },
    })),
  );
  const at = named.at(-1)?.at ?? "";
  const known = recordedActor === undefined ? named : [...named, { agent: recordedActor, at }];
  const halted = known.filter(({ agent }) => limits.actors.has(agent));
  const [first] = halted;
  if (first === undefined) return undefined;
  const actors = [...new Set(halted.map(({ agent }) => agent))];
  return refuseUntil(
    actors.map(liftOf.actor),
    "AGENT_HALTED",
    `${first.agent} is halted`,
    first.at,
  );
}
