import type { Chain } from "../continuity/chain.ts";
import { judgeChainDigest } from "../continuity/judge.ts";
import type { ReadContract } from "../contract/contract.ts";
import { canonicalize } from "../encoding/canonical-json.ts";
import { Fault, isRefusal } from "../refusal.ts";
import { judgePossession, type Operation, type ReadRequest } from "../request/request.ts";

declare const ENTITLED: unique symbol;

/** One operation with the contract, the executor's signed request and the chain that it was made from (POC-29). */
export interface Entitled {
  readonly [ENTITLED]: true;
  readonly operation: Operation;
}

/** What an operation is asked for by. */
export interface Parts {
  readonly contract: ReadContract;
  readonly request: ReadRequest;
  /** `undefined`: the contract's own executor asked. */
  readonly chain: Chain | undefined;
  /** The request's, or that of the contract's rollback. */
  readonly operation: Operation;
}

/** Nothing else can be run: a copy, a cast, or what came over a wire is none of these. */
const made = new WeakSet<object>();

/**
 * What the execution adapter takes. Enforcement makes it from what it has judged; that the parts belong together is looked
 * at here once more, since behind this there is only the call.
 * @throws {Fault} `INTERNAL_FAULT` when they do not.
 */
export function entitle(parts: Parts): Entitled {
  const problem = disagreement(parts);
  if (problem !== undefined) throw new Fault("INTERNAL_FAULT", `nothing is run: ${problem}`);
  const entitled = Object.freeze({ operation: structuredClone(parts.operation) });
  made.add(entitled);
  return entitled as Entitled;
}

/** The operation that may be run. @throws {Fault} `INTERNAL_FAULT` for what {@link entitle} has not made. */
export function operationOf(entitled: Entitled): Operation {
  if (!made.has(entitled)) throw new Fault("INTERNAL_FAULT", "nothing is run that nobody judged");
  return entitled.operation;
}

function disagreement({ contract, request, chain, operation }: Parts): string | undefined {
  const { claims } = request;
  const ofChain = chain?.last.claims.contractDigest ?? contract.digest;
  if (claims.contractDigest !== contract.digest || ofChain !== contract.digest) {
    return "request, chain and contract are not of one contract";
  }
  if (judgeChainDigest(claims, chain) !== undefined) return "the request is for another chain";
  const key = judgePossession(request);
  const { jkt } = (chain?.last.claims ?? contract.claims).cnf;
  if (isRefusal(key) || key.thumbprint !== jkt) return "the request is not the executor's";
  const asked = [
    "operation" in claims ? claims.operation : undefined,
    contract.claims.rollback?.operation,
  ];
  const wanted = canonicalize(operation);
  return asked.some((each) => each !== undefined && canonicalize(each) === wanted)
    ? undefined
    : "the operation is not what was asked for";
}
