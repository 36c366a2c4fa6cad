import { type ReadContract, readContract } from "../contract/contract.ts";
import { judgeIssuer } from "../contract/judge.ts";
import type { Digest } from "../encoding/digest.ts";
import type { VerificationKey } from "../encoding/jwk.ts";
import { intentChain } from "../evidence/chain.ts";
import { contractView } from "../evidence/fold.ts";
import type { StoredChain } from "../evidence/ports.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import type { Course } from "./course.ts";
import type { IssueDeps } from "./deps.ts";
import { contractIndex, retryKeyNames } from "./drafts.ts";
import type { ExecuteEvent, IssueEvent } from "./event.ts";
import { type Intent, readIntent } from "./intent.ts";
import { judgeHandleSignature } from "./judge-handle.ts";
import { readTrust, type TrustRead } from "./registry.ts";
import { judgeExpiry, type TrustSnapshot } from "./trust-snapshot.ts";

/** What was read at once: the trust in force and, if it could be known before, the contract and its chain. */
export interface World {
  readonly trust: TrustSnapshot;
  readonly contract: ReadContract;
  readonly chain?: StoredChain | undefined;
  readonly intent?: Intent;
  /** Identities that State names for this request's retry keys: where to look, and a second witness. */
  readonly witnesses: readonly string[];
}

/** What a request says of itself once its own signature holds. */
interface Spoken {
  readonly event: Pick<IssueEvent | ExecuteEvent, "request">;
  readonly key: VerificationKey;
}

/**
 * Reads the world in one round. The intent chain comes with it only if the contract's signature holds under the
 * trust policy that this process verified last: garbage buys no reads (design.md §2 step 4).
 */
export async function readWorld(
  deps: IssueDeps,
  course: Course,
  event: IssueEvent,
  key: VerificationKey,
): Promise<World | Refusal> {
  const named = event.contract;
  if (!("claims" in named)) {
    const place = "/contractDigest";
    return readNamedWorld(deps, course, { event, key }, { digest: named.digest, place });
  }
  const known = deps.memory.trust;
  const isGood = known !== undefined && judgeIssuer(named, known.policy) === undefined;
  const chainId = isGood ? intentChain(named.claims.intent.id) : undefined;
  const { trust, chain, witnesses } = await readAtOnce(deps, course, { event, key }, { chainId });
  if (isRefusal(trust)) return trust;
  course.note("contractKnown", undefined);
  return { trust, contract: named, chain, witnesses };
}

/**
 * The world of a handle: its contract is bound already. The chain comes in the same round if this process already
 * knows a trust policy under which the handle is ours; else State says where to look.
 */
export async function readRedeemedWorld(
  deps: IssueDeps,
  course: Course,
  event: ExecuteEvent,
  key: VerificationKey,
): Promise<World | Refusal> {
  const { handle, request } = event;
  const known = deps.memory.trust;
  const isOurs = known !== undefined && judgeHandleSignature(handle, known.policy) === undefined;
  return readNamedWorld(
    deps,
    course,
    { event, key },
    {
      digest: request.claims.contractDigest,
      place: "/request/contractDigest",
      ...(isOurs && { intentId: handle.claims.intentId }),
    },
  );
}

/** A bound contract by digest; with the id of its intent where that is known beforehand. */
interface Named {
  readonly digest: Digest;
  readonly place: string;
  readonly intentId?: string;
}

/** A contract named by digest is the one that its intent's chain bound; State only says where to look. */
async function readNamedWorld(
  deps: IssueDeps,
  course: Course,
  spoken: Spoken,
  { digest, place, intentId }: Named,
): Promise<World | Refusal> {
  const known = intentId === undefined ? undefined : intentChain(intentId);
  const { trust, chain, witnesses, indexed } = await readAtOnce(deps, course, spoken, {
    chainId: known,
    index: digest,
  });
  if (isRefusal(trust)) return trust;
  const chainId = known ?? indexed;
  const unknown = refuse("CONTRACT_UNKNOWN", `${digest} is not bound here`, place);
  if (chainId === undefined) return course.note("contractKnown", unknown);
  const intent = await readIntent(deps, chainId, trust, { stored: chain });
  if (isRefusal(intent)) {
    course.enter("executor");
    return course.note("contractKnown", intent);
  }
  const contract = readContract(contractView(intent.state, digest).bound?.contract);
  if (isRefusal(contract) || contract.digest !== digest) {
    return course.note("contractKnown", unknown);
  }
  course.note("contractKnown", undefined);
  return { trust, contract, intent, witnesses };
}

interface AtOnce {
  readonly trust: TrustSnapshot | Refusal;
  readonly chain: StoredChain | undefined;
  readonly witnesses: readonly string[];
  /** The chain that State names for a contract. */
  readonly indexed: string | undefined;
}

/**
 * One round: the batch of heads, retry keys and index, beside it the rows of a chain, and at a process's first request
 * the name of the evidence key.
 */
async function readAtOnce(
  deps: IssueDeps,
  course: Course,
  { event, key }: Spoken,
  { chainId, index }: { readonly chainId: string | undefined; readonly index?: Digest },
): Promise<AtOnce> {
  const retryNames = retryKeyNames(event.request, key.thumbprint);
  const keys = index === undefined ? retryNames : [...retryNames, indexKey(index)];
  const [{ heads, trust }, rows] = await Promise.all([
    readTrust(deps, { chainId, keys }),
    // A chain that could not be read ahead is read in its own stage; only there does it fail the request.
    chainId && deps.evidence.readRows(chainId).catch(() => undefined),
    deps.signer.keyid().catch(() => undefined),
  ]);
  const [ofKey, ofJti, indexed] = heads.values;
  return {
    trust: course.note("registry", judgeTrust(course, trust)),
    chain: rows ? { rows, head: heads.chain } : undefined,
    witnesses: [ofKey, ofJti].filter((value) => value !== undefined),
    indexed,
  };
}

const indexKey = (digest: Digest): { pk: string; sk: string } => ({
  pk: contractIndex(digest),
  sk: "chain",
});

/** Also a policy that has ended is known from here on: the refusal that it brings is sealed under it. */
function judgeTrust(course: Course, trust: TrustRead["trust"]): TrustSnapshot | Refusal {
  if (isRefusal(trust)) return trust;
  course.read(trust);
  return judgeExpiry(trust, course.now) ?? trust;
}
