import type { Contract } from "../contract/contract.ts";
import { delegationOf } from "../contract/delegation.ts";
import { type Refusal, refuse } from "../refusal.ts";
import type { DelegateRequest } from "../request/request.ts";
import { type Chain, MAX_CHAIN_BYTES } from "./chain.ts";
import { type Held, handedOnNarrows } from "./narrowing.ts";

/** What is held, with the place that it is held at: what somebody hands on from. */
export interface HeldAt extends Held {
  /** Of the block that it is asked from; 0 of the contract. */
  readonly depth: number;
}

/** The last block's, without a chain the contract's with its defaults written out. */
export const heldUnder = (claims: Contract, chain: Chain | undefined): HeldAt =>
  chain?.last.claims ?? { ...claims, depth: 0, delegation: delegationOf(claims) };

/** By what a delegation is judged in stage `scope`. */
export interface HandingOn {
  readonly from: HeldAt;
  /** This plane's id. */
  readonly plane: string;
  /** Characters of the chain with the block that is asked for. */
  readonly bytes: number;
  /** Seconds. */
  readonly now: number;
}

const AT = "/request";

/**
 * Stage `scope` of a delegate request (PROTOCOL.md §4), and of a draft before it is signed: depth and size, whose block it
 * is, that its window is not over, and that it is no more than what is handed on from (POC-19, POC-21).
 */
export function judgeHandOn(
  claims: DelegateRequest,
  { from, plane, bytes, now }: HandingOn,
): Refusal | undefined {
  const { maxDepth } = from.delegation;
  if (from.depth + 1 > maxDepth) {
    const detail = `the block would have depth ${from.depth + 1}; at most ${maxDepth} is allowed`;
    return refuse("CHAIN_TOO_DEEP", detail, AT);
  }
  if (bytes > MAX_CHAIN_BYTES) {
    const detail = `the chain would have ${bytes} bytes, at most ${MAX_CHAIN_BYTES}`;
    return refuse("CHAIN_TOO_DEEP", detail, AT);
  }
  if (claims.audience !== plane) {
    const detail = `the block would be for ${claims.audience}, this plane is ${plane}`;
    return refuse("AUDIENCE_MISMATCH", detail, `${AT}/audience`);
  }
  if (now >= claims.exp) {
    return refuse("ATTENUATION_VIOLATION", "the block would be over already", `${AT}/exp`);
  }
  const found = handedOnNarrows(claims, from);
  return found.narrows
    ? undefined
    : refuse(found.code, "is wider than what is handed on from", AT + found.pointer);
}
