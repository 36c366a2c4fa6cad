import { type Chain, readChain } from "../continuity/chain.ts";
import type { Contract, ReadContract } from "../contract/contract.ts";
import type { Digest } from "../encoding/digest.ts";
import { isRefusal } from "../refusal.ts";
import { CommandError, EXIT } from "./io.ts";

/** The chain of a file, if there is one. */
export interface ChainAtHand {
  /** Read strictly; nobody is believed yet. */
  readonly chain: Chain | undefined;
  /** The same as texts, root first; none without a chain. */
  readonly blocks: readonly string[];
}

/** The chain that a file holds beside its contract. @throws {CommandError} for what is none, or of another contract. */
export function chainAtHand(
  file: string,
  { digest }: Pick<ReadContract, "digest">,
  given: unknown,
): ChainAtHand {
  const chain = readChain(given);
  if (isRefusal(chain)) {
    const { code, detail, pointer } = chain;
    throw new CommandError(EXIT.unreadable, `${file}: ${code} ${detail} (${pointer})`);
  }
  if (chain !== undefined && chain.last.claims.contractDigest !== digest) {
    throw new CommandError(EXIT.unreadable, `${file}: the chain is of another contract`);
  }
  return { chain, blocks: chain?.blocks.map(({ jws }) => jws.compact) ?? [] };
}

/** A block is named by its signing input: of one that was signed twice the texts differ, and it is the same. */
export const digestsOf = ({ chain }: Pick<ChainAtHand, "chain">): readonly Digest[] =>
  chain?.blocks.map(({ digest }) => digest) ?? [];

/** What a contract leaves to the executor of a chain's last block, as far as it is asked for under it. */
export function claimsWithin(claims: Contract, { chain }: Pick<ChainAtHand, "chain">): Contract {
  if (chain === undefined) return claims;
  const { authorization_details, deliveries, exp } = chain.last.claims;
  return { ...claims, authorization_details, deliveries, exp };
}
