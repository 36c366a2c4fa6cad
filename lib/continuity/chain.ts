import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import { placeOf, type ReadBlock, type ReadLater, type ReadRoot, readBlock } from "./block.ts";

/** Blocks of a chain at most, the root included; characters of all of them together (POC-21). */
export const MAX_BLOCKS = 33;
export const MAX_CHAIN_BYTES = 160 * 1024;

/** A chain that was read strictly and links: root first. Nobody is believed yet. */
export interface Chain {
  readonly blocks: readonly [ReadRoot, ...ReadBlock[]];
  readonly last: ReadBlock;
}

/**
 * Strict reading of a chain, stage `parse`: the list and its size, then every block, then that they are one chain, and
 * link. Links come before trust, so that what was cut, swapped or put together is told as that, and costs no signature.
 * An empty list is no chain.
 */
export function readChain(presented: unknown): Chain | undefined | Refusal {
  const texts = readTexts(presented);
  if (isRefusal(texts)) return texts;
  const blocks: ReadBlock[] = [];
  for (const [index, text] of texts.entries()) {
    const block = readBlock(text, placeOf(index));
    if (isRefusal(block)) return block;
    blocks.push(block);
  }
  return judgeOne(blocks) ?? linked(blocks);
}

function readTexts(presented: unknown): readonly string[] | Refusal {
  if (presented === undefined) return [];
  if (!Array.isArray(presented)) {
    return refuse("CHAIN_MALFORMED", "the chain must be an array of compact JWS", "/chain");
  }
  const foreign = presented.findIndex((each) => typeof each !== "string");
  if (foreign >= 0) {
    // A list in the list is a second chain: what two chains allow never adds up (POC-18).
    return Array.isArray(presented[foreign])
      ? refuse("CHAINS_COMBINED", "a request has one chain", placeOf(foreign))
      : refuse("CHAIN_MALFORMED", "must be a compact JWS", placeOf(foreign));
  }
  const texts = presented as readonly string[];
  if (texts.length > MAX_BLOCKS) {
    return refuse("CHAIN_TOO_DEEP", `a chain has at most ${MAX_BLOCKS} blocks`, "/chain");
  }
  const bytes = texts.reduce((sum, text) => sum + text.length, 0);
  return bytes <= MAX_CHAIN_BYTES
    ? texts
    : refuse("CHAIN_TOO_DEEP", `a chain has at most ${MAX_CHAIN_BYTES} bytes`, "/chain");
}

const parentOf = ({ claims }: ReadBlock): string => ("parent" in claims ? claims.parent : "");

/** Two roots, or two blocks that continue one, are two chains or two branches (POC-18). */
function judgeOne(blocks: readonly ReadBlock[]): Refusal | undefined {
  const seen = new Set<string>();
  for (const [index, block] of blocks.entries()) {
    const parent = parentOf(block);
    if (seen.has(parent)) {
      const what = parent === "" ? "a second root" : "a second block that continues the same one";
      return refuse("CHAINS_COMBINED", what, placeOf(index));
    }
    seen.add(parent);
  }
  return undefined;
}

function linked(blocks: readonly ReadBlock[]): Chain | undefined | Refusal {
  const [root] = blocks;
  if (root === undefined) return undefined;
  if (root.request !== undefined) return broken(0, "parent", "the first block is no root");
  let before: ReadBlock = root;
  for (const [index, block] of blocks.entries()) {
    if (index === 0) continue;
    const problem = linkProblem(block, before, index);
    if (problem !== undefined) return problem;
    before = block;
  }
  return { blocks: [root, ...blocks.slice(1)], last: before };
}

const SHARED = ["iss", "contractDigest", "nbf"] as const;

function linkProblem(block: ReadBlock, before: ReadBlock, index: number): Refusal | undefined {
  if (parentOf(block) !== before.digest) {
    return broken(index, "parent", "the block does not continue the one before");
  }
  if (block.claims.depth !== before.claims.depth + 1) {
    return broken(index, "depth", "must be one more than that of the block before");
  }
  const other = SHARED.find((member) => block.claims[member] !== before.claims[member]);
  return other && broken(index, other, "is not that of the block before");
}

const broken = (index: number, member: string, detail: string): Refusal =>
  refuse("CHAIN_BROKEN", detail, `${placeOf(index)}/${member}`);

/** Each block but the root with the one that it continues. */
export function* stepsOf({ blocks }: Chain): Generator<{
  readonly block: ReadLater;
  readonly parent: ReadBlock;
  readonly at: string;
}> {
  let parent: ReadBlock = blocks[0];
  for (const block of blocks) {
    if (block.request === undefined) continue;
    yield { block, parent, at: placeOf(block.claims.depth) };
    parent = block;
  }
}
