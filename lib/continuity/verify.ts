import type { Digest } from "../encoding/digest.ts";
import { readPublicJwk } from "../encoding/jwk.ts";
import { isRefusal, type Refusal } from "../refusal.ts";
import type { ReadBlock } from "./block.ts";
import { readChain } from "./chain.ts";
import { judgeSteps } from "./judge.ts";
import { judgeSignatures } from "./signatures.ts";
import { judgeBlockWindows } from "./state.ts";

/** What a verifier knows of the plane, and the time that it judges by. */
export interface Verifying {
  /** RFC 7638 thumbprints of the plane's keys. */
  readonly thumbprints: readonly string[];
  /** Seconds. */
  readonly at: number;
}

/** One block, for whoever asks who designated whom for what. */
interface VerifiedBlock {
  readonly digest: Digest;
  readonly depth: number;
  readonly agent: string;
  readonly jkt: string;
  readonly audience: string;
  /** Seconds. */
  readonly exp: number;
  readonly retain: boolean;
}

/** What does not hold, by code, place (`/chain/<depth>/…`) and prose. */
type ChainProblem = Pick<Refusal, "code" | "detail"> & { readonly pointer: string };

export interface ChainVerdict {
  readonly ok: boolean;
  /** Root first; empty where the chain cannot be read. */
  readonly blocks: readonly VerifiedBlock[];
  readonly problems: readonly ChainProblem[];
}

/**
 * Verifies a chain offline (PROTOCOL.md §8), with the thumbprints of the plane's keys alone: links, each block under the
 * key that it carries, each request under its own, by the executor of the block before and for this very block, and
 * narrowing. It shows who designated whom for what, at which bounds (POC-02); not that the last block is still a head,
 * nor what people approved: that is for evidence. Every kind of problem is told, the first of each.
 */
export function verifyChain(
  chain: readonly string[],
  { thumbprints, at }: Verifying,
): ChainVerdict {
  const read = readChain(chain);
  if (read === undefined) {
    const detail = "the chain has no block";
    return failed([{ code: "CHAIN_MALFORMED", detail, pointer: "/chain" }]);
  }
  if (isRefusal(read)) return failed([problemOf(read)]);
  const keyOf = ({ jws: { header } }: ReadBlock) =>
    thumbprints.includes(header.kid)
      ? readPublicJwk(header.jwk)
      : "no known key of the plane signed the block";
  const problems = [
    judgeSignatures(read, keyOf),
    judgeSteps(read),
    judgeBlockWindows(read, at),
  ].flatMap((refusal) => (refusal === undefined ? [] : [problemOf(refusal)]));
  return { ok: problems.length === 0, blocks: read.blocks.map(told), problems };
}

const failed = (problems: readonly ChainProblem[]): ChainVerdict => ({
  ...{ ok: false, blocks: [] },
  problems,
});

const problemOf = ({ code, detail, pointer = "/chain" }: Refusal): ChainProblem => ({
  code,
  detail,
  pointer,
});

const told = ({ claims, digest }: ReadBlock): VerifiedBlock => ({
  digest,
  depth: claims.depth,
  agent: claims.agent,
  jkt: claims.cnf.jkt,
  audience: claims.aud,
  exp: claims.exp,
  retain: "retain" in claims && claims.retain,
});
