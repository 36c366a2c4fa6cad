import { existsSync } from "node:fs";
import { contractDigest } from "../../client/request.ts";
import { type Chain, readChain } from "../../continuity/chain.ts";
import { type Digest, isDigest } from "../../encoding/digest.ts";
import { isRefusal } from "../../refusal.ts";
import { readJson } from "../files.ts";
import { CommandError, EXIT } from "../io.ts";
import { readContractFile } from "../operation.ts";
import { vaiLine } from "../self.ts";
import { contractNamed, type NamedContract } from "./contract-named.ts";

/** How a person says which block of it is meant: by its digest, or by its place in the chain of the file. */
export interface BlockOptions {
  readonly block?: string;
  readonly depth?: string;
}

/** A block that an order ends, with the contract that it is of. */
export interface NamedDelegation extends NamedContract {
  readonly block: Digest;
}

/**
 * @param given - digest of the contract; or a file with a chain, which names the contract itself, or with a contract.
 * @throws {CommandError} for what names no block: nothing is guessed, since an end is for ever.
 */
export function delegationNamed(given: string, options: BlockOptions): NamedDelegation {
  const { block, depth } = options;
  if ((block === undefined) === (depth === undefined)) {
    throw unreadable(
      `say which block: --block DIGEST, as ${vaiLine("chain", "show", "FILE")} tells it, or with a file that holds a chain --depth N, its number there`,
    );
  }
  const { chain, ...named } = fileOrDigest(given);
  if (block === undefined) return { ...named, block: blockAt(given, chain, depth ?? "") };
  if (isDigest(block)) return { ...named, block };
  throw unreadable(`--block ${block} is no digest (sha256:…)`);
}

type Found = NamedContract & { readonly chain: Chain | undefined };

/** A list of blocks alone is enough: each of them names the contract by digest. */
function fileOrDigest(given: string): Found {
  if (isDigest(given) || !existsSync(given)) return { ...contractNamed(given), chain: undefined };
  const content = readJson(given);
  const { contract, chain: blocks } = (
    Array.isArray(content) ? { chain: content } : (content ?? {})
  ) as { readonly contract?: unknown; readonly chain?: unknown };
  if (blocks === undefined || contract !== undefined) {
    const { contract: compact, chain } = readContractFile(given);
    return { digest: contractDigest(compact), contract: { contract: compact }, chain };
  }
  const chain = readChain(blocks);
  if (chain !== undefined && isRefusal(chain)) {
    const { code, detail, pointer } = chain;
    throw unreadable(`${given}: ${code} ${detail} (${pointer})`);
  }
  if (chain === undefined) throw unreadable(`${given} holds no chain, and no contract`);
  return { digest: chain.last.claims.contractDigest, contract: {}, chain };
}

function blockAt(given: string, chain: Chain | undefined, depth: string): Digest {
  if (chain === undefined) {
    throw unreadable(`--depth is a place in a chain, and ${given} holds none: give --block DIGEST`);
  }
  const block = /^\d{1,2}$/.test(depth) ? chain.blocks[Number(depth)] : undefined;
  if (block !== undefined) return block.digest;
  throw unreadable(
    `--depth ${depth}: the chain of ${given} has 0, the contract with all that was handed on, to ${chain.blocks.length - 1}`,
  );
}

const unreadable = (message: string): CommandError => new CommandError(EXIT.unreadable, message);
