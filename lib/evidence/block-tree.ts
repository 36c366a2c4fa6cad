import type { BlockClaims, LaterClaims } from "../continuity/block.ts";
import type { Step } from "../contract/step.ts";
import type { Digest } from "../encoding/digest.ts";
import { readJws } from "../encoding/jws.ts";
import { present } from "../encoding/present.ts";
import type { DelegationRevokedDetail, RequestNames } from "./details.ts";
import type { RecordOf } from "./record.ts";
import { NOTHING_SPENT, type Spent, spend } from "./spent.ts";

/** Where authority stands: a block, or the contract with all its roots. Nothing of it is ever taken back. */
export interface Place {
  /** Whether its holder has handed on without keeping: it is a head no more. */
  readonly handedOn: boolean;
  readonly ended?: Ending;
}

/** A record that ended a block and all below it. */
export interface Ending extends Partial<RequestNames> {
  readonly block: Digest;
  /** The block, and all below it that it ended. */
  readonly ended: readonly Digest[];
  /** Thumbprint of the executor above, or name of the operator. */
  readonly by: string;
  /** Present when an executor asked for it. */
  readonly executor?: string;
  readonly reason: string;
  /** Number of the first record of whoever wrote it. */
  readonly firstSeq: number;
  readonly seq: number;
}

/** A root as it was signed: of one place with the contract, whichever of them a chain begins with. */
export interface RootView {
  readonly digest: Digest;
  /** Thumbprint of the plane key that signed it. */
  readonly kid: string;
  readonly jws: string;
  readonly seq: number;
}

/** A block that was granted, as its `DelegationGranted` tells it. `exp` in seconds. */
export interface BlockView extends Place, Spent, RequestNames {
  readonly digest: Digest;
  /** `undefined`: the contract, by whichever root. */
  readonly parent: Digest | undefined;
  /** The very block, or root, that it continues. */
  readonly continues: Digest;
  readonly depth: number;
  readonly jkt: string;
  readonly agent: string;
  readonly audience: string;
  readonly exp: number;
  /** Whether its delegator kept its own authority. */
  readonly retain: boolean;
  /** Thumbprint of the plane key that signed it. */
  readonly kid: string;
  readonly steps: readonly Step[];
  /** Thumbprint of whoever handed it on. */
  readonly delegator: string;
  readonly jws: string;
  /** Number of the first record that its request wrote, and of its own. */
  readonly firstSeq: number;
  readonly seq: number;
  /** Uses by which a retry is on record: of the request that was granted the block, or that ended it. */
  readonly retried: readonly string[];
}

/** Who may continue a contract, as its intent's records tell it. */
export interface BlockTree {
  /** The contract and all its roots: handed on from one, ended by one, is so for all. */
  readonly top: Place;
  /** In the order of the records; the last one is the root in use. */
  readonly roots: ReadonlyMap<Digest, RootView>;
  /** In the order of the records: a parent comes before its children. */
  readonly blocks: ReadonlyMap<Digest, BlockView>;
  readonly endings: readonly Ending[];
}

export const NO_BLOCKS: BlockTree = {
  ...{ top: { handedOn: false }, roots: new Map(), blocks: new Map(), endings: [] },
};

/** Whether a `DelegationGranted` signed this block, or this root. */
export const isRecorded = ({ roots, blocks }: BlockTree, digest: Digest): boolean =>
  roots.has(digest) || blocks.has(digest);

/** Where a block or a root stands, without one the contract; `undefined` for what is not on record. */
export const standingOf = (
  { top, roots, blocks }: BlockTree,
  digest?: Digest,
): Place | undefined => (digest === undefined || roots.has(digest) ? top : blocks.get(digest));

/** The block by which a block, a root, or without one the contract was handed on. */
export function successorOf(
  { roots, blocks }: BlockTree,
  digest: Digest | undefined,
): BlockView | undefined {
  const place = digest === undefined || roots.has(digest) ? undefined : digest;
  return [...blocks.values()].find(({ parent, retain }) => parent === place && !retain);
}

/** What a mark may name that covers a chain, or the contract without one: its blocks, and every root. */
export const coveringBlocks = ({ roots }: BlockTree, chain: readonly Digest[] = []): Digest[] => [
  ...new Set([...roots.keys(), ...chain]),
];

/** A block with all that are above it, itself first, without the contract. */
export function above({ blocks }: BlockTree, digest: Digest): BlockView[] {
  const found: BlockView[] = [];
  for (let at = blocks.get(digest); at !== undefined; ) {
    found.push(at);
    at = at.parent === undefined ? undefined : blocks.get(at.parent);
  }
  return found;
}

/** A block, or a root, with all that is below it, itself first: of a root every block, and all roots. */
export function below({ roots, blocks }: BlockTree, digest: Digest): Digest[] {
  const all = [...blocks.values()];
  if (roots.has(digest)) {
    const others = [...roots.keys()].filter((each) => each !== digest);
    return [digest, ...others, ...all.map((each) => each.digest)];
  }
  const found = new Set(blocks.has(digest) ? [digest] : []);
  for (const { digest: own, parent } of all) {
    if (parent !== undefined && found.has(parent)) found.add(own);
  }
  return [...found];
}

/**
 * A block that was granted. One from a place that is no head, or that has ended, or that nobody knows, was never granted:
 * a record that said so would bring back what is over (POC-20).
 */
export function grantBlock(
  tree: BlockTree,
  { detail, chain: { seq } }: RecordOf<"DelegationGranted">,
): BlockTree {
  const { requestJti, idempotencyKey, contentDigest, delegator, firstSeq } = detail;
  const read = readClaims<LaterClaims>(detail.block);
  const rooted = withRoot(tree, detail.root, seq);
  if (read === undefined || isRecorded(rooted, read.digest)) return tree;
  const { claims } = read;
  const parent = rooted.roots.has(claims.parent) ? undefined : claims.parent;
  const place = standingOf(rooted, parent);
  if (place === undefined || place.handedOn || place.ended !== undefined) return tree;
  const block: BlockView = {
    ...{ requestJti, idempotencyKey, contentDigest, delegator, firstSeq, seq },
    ...{ digest: read.digest, kid: read.kid, jws: detail.block, parent, handedOn: false },
    continues: claims.parent,
    ...{ depth: claims.depth, jkt: claims.cnf.jkt, agent: claims.agent, audience: claims.aud },
    ...{ exp: claims.exp, retain: claims.retain, steps: claims.authorization_details },
    ...{ ...NOTHING_SPENT, retried: [] },
  };
  const from = claims.retain ? rooted : changed(rooted, parent, { handedOn: true });
  return { ...from, blocks: new Map(from.blocks).set(block.digest, block) };
}

function withRoot(tree: BlockTree, jws: string | undefined, seq: number): BlockTree {
  const read = jws === undefined ? undefined : readClaims(jws);
  if (jws === undefined || read === undefined || isRecorded(tree, read.digest)) return tree;
  const root = { digest: read.digest, kid: read.kid, jws, seq };
  return { ...tree, roots: new Map(tree.roots).set(root.digest, root) };
}

/** A block's text in evidence. The plane signed it and sealed it; whoever presents it is judged by its own checks. */
function readClaims<Claims extends BlockClaims>(compact: unknown) {
  const read = readJws(compact, "vai-block+jwt");
  if (!read.ok) return undefined;
  const { payload, digest, header } = read.value;
  const claims = payload as Claims;
  const isWhole = typeof claims?.cnf?.jkt === "string" && Number.isInteger(claims.depth);
  return isWhole ? { claims, digest, kid: header.kid } : undefined;
}

/** Changes a place; `digest` absent: the contract's. */
function changed(tree: BlockTree, digest: Digest | undefined, change: Partial<Place>): BlockTree {
  if (digest === undefined) return { ...tree, top: { ...tree.top, ...change } };
  const block = tree.blocks.get(digest);
  if (block === undefined) return tree;
  return { ...tree, blocks: new Map(tree.blocks).set(digest, { ...block, ...change }) };
}

/** Ends a block and all below it, also what the record does not list; what has ended keeps its end. */
export function endBlocks(
  tree: BlockTree,
  { detail, chain: { seq } }: RecordOf<"DelegationRevoked">,
): BlockTree {
  if (!isRecorded(tree, detail.block)) return tree;
  const { block, by, reason, firstSeq, executor } = detail;
  const ended = below(tree, block);
  const names = namesOf(detail);
  const ending = {
    ...{ block, ended, by, reason, firstSeq, seq },
    ...names,
    ...present({ executor }),
  };
  const all = ended.reduce((each, digest) => {
    const at = each.roots.has(digest) ? undefined : digest;
    return standingOf(each, at)?.ended === undefined ? changed(each, at, { ended: ending }) : each;
  }, tree);
  return { ...all, endings: [...tree.endings, ending] };
}

const namesOf = ({ requestJti, idempotencyKey, contentDigest }: DelegationRevokedDetail) =>
  present({ requestJti, idempotencyKey, contentDigest });

/** A grant counts in every block of its chain, so that branches share what is above them. */
export function spendIn(
  tree: BlockTree,
  digests: readonly Digest[],
  issued: { readonly step: string; readonly totals: Readonly<Record<string, number>> },
): BlockTree {
  if (digests.length === 0) return tree;
  const blocks = new Map(tree.blocks);
  for (const digest of new Set(digests)) {
    const block = blocks.get(digest);
    if (block !== undefined) blocks.set(digest, { ...block, ...spend(block, issued) });
  }
  return { ...tree, blocks };
}

/** A retry that is on record, of the request that was granted a block or ended it. */
export function retryBlock(
  tree: BlockTree,
  { block: digest, use }: { readonly block?: Digest; readonly use: string },
): BlockTree {
  const block = digest === undefined ? undefined : tree.blocks.get(digest);
  if (block === undefined) return tree;
  const retried = [...block.retried, use];
  return { ...tree, blocks: new Map(tree.blocks).set(block.digest, { ...block, retried }) };
}
