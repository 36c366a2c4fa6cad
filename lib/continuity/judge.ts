import type { ReadContract } from "../contract/contract.ts";
import type { Digest } from "../encoding/digest.ts";
import { type Refusal, refuse } from "../refusal.ts";
import type { Request } from "../request/request.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import { placeOf } from "./block.ts";
import { type Chain, stepsOf } from "./chain.ts";
import { carriesLabels } from "./designate.ts";
import { handedOnNarrows } from "./narrowing.ts";
import { judgeChainApprovals } from "./people.ts";
import { judgeRoot } from "./root.ts";
import { judgeSignatures, keyOfPlane, planeKey } from "./signatures.ts";

/** A chain with what it is judged by. */
export interface Continued {
  readonly chain: Chain;
  readonly contract: ReadContract;
  /** The issuer of the contract's decision. */
  readonly decider: string;
  /** As published, and as it counts while some keys are revoked. */
  readonly trust: { readonly published: TrustPolicy; readonly policy: TrustPolicy };
  /** This plane's id. */
  readonly plane: string;
  /** Whether a `DelegationGranted` of this contract on the intent chain signed this block, or this root. */
  readonly isRecorded: (digest: Digest) => boolean;
  /** Thumbprint of the key that signed the request. */
  readonly signer: string;
  readonly use: Request["use"];
}

/** One check of stage `executor`. */
interface ChainCheck {
  readonly name: string;
  readonly judge: (subject: Continued) => Refusal | undefined;
}

/**
 * What stage `executor` judges of a chain once the intent chain is open (PROTOCOL.md §4), in this order. Narrowing is
 * judged again at every use from the contract on, so that a block which the plane's own key signed looser bounds nobody
 * less (POC-16).
 */
export const CHAIN_CHECKS: readonly ChainCheck[] = [
  { name: "chainRoot", judge: judgeRootKey },
  { name: "chainContract", judge: judgeContract },
  {
    name: "chainSignatures",
    judge: ({ chain, trust }) =>
      judgeSignatures(chain, (block) => keyOfPlane(trust.published, block)),
  },
  {
    name: "chainApprovals",
    judge: ({ chain, contract, decider, trust }) =>
      judgeChainApprovals(chain, { contract, decider, policy: trust.policy }),
  },
  { name: "chainNarrowing", judge: judgeNarrowing },
  { name: "chainAudience", judge: judgeAudience },
  { name: "chainRecorded", judge: judgeRecorded },
  { name: "chainLabels", judge: judgeLabels },
  { name: "chainExecutor", judge: judgeExecutor },
];

/** The first check that fails, or `undefined`. */
export function judgeChain(subject: Continued): Refusal | undefined {
  for (const { judge } of CHAIN_CHECKS) {
    const refusal = judge(subject);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** Stage `request`, with the signature: a request is signed for one chain, the very last block of it, or for none. */
export function judgeChainDigest(
  { chainDigest }: Pick<Request, "chainDigest">,
  chain: Chain | undefined,
): Refusal | undefined {
  return chainDigest === chain?.last.digest
    ? undefined
    : refuse(
        "REQUEST_SIGNATURE_INVALID",
        "the request was signed for another chain, or without one",
        "/request/chainDigest",
      );
}

function judgeRootKey({ chain, trust, plane }: Continued): Refusal | undefined {
  const [{ claims, jws }] = chain.blocks;
  if (claims.iss !== plane) {
    const detail = `the chain is of ${claims.iss}, this plane is ${plane}`;
    return refuse("CHAIN_ROOT_UNKNOWN", detail, `${placeOf(0)}/iss`);
  }
  return planeKey(trust.published, jws.header.kid) === undefined
    ? refuse("CHAIN_ROOT_UNKNOWN", "no key of this plane signed the root", placeOf(0))
    : undefined;
}

/** It is the same in all blocks: judged with the links. */
function judgeContract({ chain, contract }: Continued): Refusal | undefined {
  return chain.last.claims.contractDigest === contract.digest
    ? undefined
    : refuse(
        "CHAIN_BROKEN",
        `the chain is of another contract than ${contract.digest}`,
        `${placeOf(0)}/contractDigest`,
      );
}

function judgeNarrowing({ chain, contract: { claims } }: Continued): Refusal | undefined {
  return judgeRoot(chain.blocks[0].claims, claims) ?? judgeSteps(chain);
}

/** Every block narrows its parent, and is no deeper than that one lets it be; offline as at the plane. */
export function judgeSteps(chain: Chain): Refusal | undefined {
  for (const { block, parent, at } of stepsOf(chain)) {
    const found = handedOnNarrows(block.claims, parent.claims);
    if (!found.narrows) {
      return refuse(found.code, "the block is wider than the one before", at + found.pointer);
    }
    const { maxDepth } = parent.claims.delegation;
    if (block.claims.depth > maxDepth) {
      const detail = `the block before allows depth ${maxDepth}, not ${block.claims.depth}`;
      return refuse("CHAIN_TOO_DEEP", detail, `${at}/depth`);
    }
  }
  return undefined;
}

function judgeAudience({ chain: { blocks }, plane }: Continued): Refusal | undefined {
  const foreign = blocks.find(({ claims }) => claims.aud !== plane);
  return (
    foreign &&
    refuse(
      "AUDIENCE_MISMATCH",
      `the block is for ${foreign.claims.aud}, this plane is ${plane}`,
      `${placeOf(foreign.claims.depth)}/aud`,
    )
  );
}

/** What the plane's key signed and its evidence does not know was never granted: somebody else used the key. */
function judgeRecorded({ chain: { blocks }, isRecorded }: Continued): Refusal | undefined {
  const unknown = blocks.find(({ digest }) => !isRecorded(digest));
  return (
    unknown &&
    refuse(
      "CHAIN_BROKEN",
      "the intent's chain has no such delegation",
      placeOf(unknown.claims.depth),
    )
  );
}

/** By the trust policy of now: an agent that has lost a label holds nothing that asks for it. */
function judgeLabels({ chain, trust: { published } }: Continued): Refusal | undefined {
  for (const { block, parent, at } of stepsOf(chain)) {
    const { labels } = parent.claims.delegation;
    if (carriesLabels(block.claims.cnf.jkt, labels, published)) continue;
    const detail = `its key does not carry the labels ${labels.join(", ")}`;
    return refuse("EXECUTOR_MISMATCH", detail, `${at}/cnf/jkt`);
  }
  return undefined;
}

function judgeExecutor({ chain: { last }, signer, use }: Continued): Refusal | undefined {
  const { jkt } = last.claims.cnf;
  if (signer === jkt) return undefined;
  const isOwn = use === "delegate" || use === "withdraw";
  const code = isOwn ? "DELEGATOR_MISMATCH" : "EXECUTOR_MISMATCH";
  return refuse(code, `the chain's last block designates ${jkt}, not ${signer}`, "/request");
}
