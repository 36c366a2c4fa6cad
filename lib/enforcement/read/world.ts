import { judgeIssuer } from "../../contract/judge.ts";
import type { Digest } from "../../encoding/digest.ts";
import { intentChain } from "../../evidence/chain.ts";
import type { StoredChain } from "../../evidence/ports.ts";
import { judgeHandleSignature } from "../../issuance/handle.ts";
import type { Refusal } from "../../refusal.ts";
import type { ReadRequest, Request } from "../../request/request.ts";
import type { PlaneDeps } from "../deps.ts";
import type { ExecuteEvent, IssueEvent } from "./event.ts";
import { readTrust } from "./registry.ts";
import { contractIndexKey, executorKey, retryKeys } from "./state-keys.ts";
import type { TrustSnapshot } from "./trust-snapshot.ts";

/** What to read beside the heads: an intent's chain, as far as it may be known beforehand, and a contract by digest. */
interface Wanted {
  readonly chainId?: string;
  readonly index?: Digest;
}

/** What was read at once. Of the chain and State it is a hint until it was verified under the trust. */
export interface World {
  /** Opened; it may have expired. */
  readonly trust: TrustSnapshot | Refusal;
  readonly chain: StoredChain | undefined;
  /** The chain that was asked for, or that State names for the contract. */
  readonly chainId: string | undefined;
  /** What State says of this request's retry keys: a second witness. */
  readonly witnesses: readonly StateWitness[];
  /** Whose the executor's key is by its first binding; a halt of that actor reaches it under any other name. */
  readonly recordedActor: string | undefined;
  /** The same of whom a delegation names by key. */
  readonly recordedNamed: string | undefined;
}

/** A request with the contract that it names. */
interface Asking extends Pick<IssueEvent, "contract"> {
  readonly request: ReadRequest;
}

/** State's word that a request was granted (`issue`) or redeemed (`execute`) as this identity. */
export interface StateWitness {
  readonly identityId: string;
  readonly use: Request["use"];
}

/**
 * The world of an `issue` request. The intent chain comes with it only if the contract's signature holds under the
 * trust policy that this process verified last: garbage buys no reads.
 */
export function readWorld(
  deps: PlaneDeps,
  { contract, request }: Asking,
  executor: string,
): Promise<World> {
  if (!("claims" in contract)) {
    return readAtOnce(deps, request, executor, { index: contract.digest });
  }
  const known = deps.memory.trust;
  const isGood = known !== undefined && judgeIssuer(contract, known.policy) === undefined;
  const chainId = intentChain(contract.claims.intent.id);
  return readAtOnce(deps, request, executor, isGood ? { chainId } : {});
}

/**
 * The world of a handle: its contract is bound already. The chain comes in the same round if this process already
 * knows a trust policy under which the handle is ours; else State says where to look.
 */
export function readHandleWorld(
  deps: PlaneDeps,
  { handle, request }: ExecuteEvent,
  executor: string,
): Promise<World> {
  const known = deps.memory.trust;
  const isOurs = known !== undefined && judgeHandleSignature(handle, known.policy) === undefined;
  return readAtOnce(
    deps,
    request,
    executor,
    isOurs
      ? { chainId: intentChain(handle.claims.intentId) }
      : { index: request.claims.contractDigest },
  );
}

/**
 * One round: the batch of heads, retry keys and index, beside it the rows of a chain, and at a process's first request
 * the name of the evidence key.
 */
async function readAtOnce(
  deps: PlaneDeps,
  request: ReadRequest,
  executor: string,
  { chainId, index }: Wanted,
): Promise<World> {
  const asked = [...retryKeys({ ...request.claims, executor }), executorKey(executor)];
  const named = namedKey(request);
  const keys = [
    ...asked,
    // Nothing is asked for twice in one batch.
    ...(named === undefined || named === executor ? [] : [executorKey(named)]),
    ...(index === undefined ? [] : [contractIndexKey(index)]),
  ];
  const [{ heads, trust }, rows] = await Promise.all([
    readTrust(deps, { chainId, keys }),
    // A chain that could not be read ahead is read in its own stage; only there does it fail the request.
    chainId && deps.evidence.readRows(chainId).catch(() => undefined),
    deps.signer.keyid().catch(() => undefined),
    request.claims.use === "delegate" && deps.planeSigner.keyid().catch(() => undefined),
  ]);
  const [ofKey, ofJti, recordedActor] = heads.values;
  const isOther = named !== undefined && named !== executor;
  const indexed = index === undefined ? undefined : heads.values.at(-1);
  return {
    trust,
    chain: rows && heads.chain ? { rows, ...heads.chain } : undefined,
    chainId: chainId ?? indexed,
    recordedActor,
    recordedNamed: isOther ? heads.values[3] : recordedActor,
    witnesses: [ofKey, ofJti]
      .filter((value) => value !== undefined)
      .map((identityId) => ({ identityId, use: request.claims.use })),
  };
}

/** The key that a delegation names itself; whom a criterion means the trust policy says, which is read beside. */
const namedKey = ({ claims }: ReadRequest): string | undefined =>
  claims.use === "delegate" ? claims.designate.jkt : undefined;
