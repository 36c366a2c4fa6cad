import { isSame } from "../encoding/same.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import { FRESHNESS_SECONDS, judgePossession } from "../request/request.ts";
import type { ReadBlock, ReadLater } from "./block.ts";

const invalid = (detail: string, at: string): Refusal =>
  refuse("CHAIN_BLOCK_SIGNATURE_INVALID", detail, at);

/**
 * Whether a block is as the executor of the block before has asked for it (PROTOCOL.md §8): the request's signature is
 * good, it asks for this very block, and it is that executor's. Without it whoever holds the plane's key could designate
 * for somebody who never did (POC-06, POC-17).
 */
export function judgeAsked(block: ReadLater, parent: ReadBlock, at: string): Refusal | undefined {
  const key = judgePossession(block.request);
  if (isRefusal(key)) return invalid(key.detail, `${at}/request`);
  const member = otherThanAsked(block, parent);
  if (member !== undefined) {
    return invalid(`${member} is not what the request in the block asks for`, `${at}/${member}`);
  }
  const { jkt } = parent.claims.cnf;
  return key.thumbprint === jkt
    ? undefined
    : refuse(
        "DELEGATOR_MISMATCH",
        `the block before designates ${jkt}, the request is signed by ${key.thumbprint}`,
        `${at}/request`,
      );
}

/** Equal word for word in block and request. */
const WORDS = ["contractDigest", "exp", "retain"] as const;
const DOCUMENTS = ["authorization_details", "deliveries", "delegation"] as const;

/** The member of the block that its request does not ask for. */
function otherThanAsked({ claims, request }: ReadLater, parent: ReadBlock): string | undefined {
  const { claims: asked } = request;
  const word = WORDS.find((member) => asked[member] !== claims[member]);
  if (word !== undefined) return word;
  // The plane that signs, by the name of the plane that was asked.
  if (asked.aud !== claims.iss) return "iss";
  if (asked.audience !== claims.aud) return "aud";
  if (!isContinued(asked.chainDigest, claims.parent, parent)) return "parent";
  if (Math.abs(asked.iat - claims.iat) > FRESHNESS_SECONDS) return "iat";
  return (
    DOCUMENTS.find((member) => !isSame(asked[member], claims[member])) ??
    otherThanDesignated({ claims, request })
  );
}

/** The root is signed with the first delegation, so the one that asks for that cannot name it. */
const isContinued = (
  named: string | undefined,
  digest: string,
  { claims: { depth } }: ReadBlock,
): boolean => named === digest || (named === undefined && depth === 0);

/** A criterion is met by what governance said then; that the block names whom it said is all that the block shows. */
function otherThanDesignated({
  claims,
  request: {
    claims: { designate },
  },
}: Pick<ReadLater, "claims" | "request">): string | undefined {
  if (designate.jkt !== undefined && designate.jkt !== claims.cnf.jkt) return "cnf";
  const { agent } = designate;
  return agent === undefined || agent === claims.agent ? undefined : "agent";
}
