import { type ReadContract, readContract } from "../contract/contract.ts";
import { judgeIssuer } from "../contract/judge.ts";
import type { Digest } from "../encoding/digest.ts";
import { intentChain } from "../evidence/chain.ts";
import { contractView } from "../evidence/fold.ts";
import type { StoredChain } from "../evidence/ports.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import type { Course } from "./course.ts";
import type { IssueDeps } from "./deps.ts";
import { contractIndex } from "./drafts.ts";
import type { ExecuteEvent, IssueEvent } from "./event.ts";
import { type Intent, readIntent } from "./intent.ts";
import { judgeHandleSignature } from "./judge-handle.ts";
import { readTrust } from "./registry.ts";
import type { TrustSnapshot } from "./trust-snapshot.ts";

/** What was read at once: the trust in force and, if it could be known before, the contract and its chain. */
export interface World {
  readonly trust: TrustSnapshot;
  readonly contract: ReadContract;
  readonly chain?: StoredChain | undefined;
  readonly intent?: Intent;
}

/**
 * Reads the world in one round. The intent chain comes with it only if the contract's signature holds under the
 * trust policy that this process verified last: garbage buys no reads (design.md §2 step 4).
 */
export async function readWorld(
  deps: IssueDeps,
  course: Course,
  event: IssueEvent,
): Promise<World | Refusal> {
  const named = event.contract;
  if (!("claims" in named)) {
    return readNamedWorld(deps, course, { digest: named.digest, place: "/contractDigest" });
  }
  const known = deps.memory.trust;
  const isGood = known !== undefined && judgeIssuer(named, known.policy) === undefined;
  const [trust, chain] = await Promise.all([
    readTrust(deps, course.now),
    isGood ? readAhead(deps, named.claims.intent.id) : undefined,
  ]);
  course.note("registry", trust);
  if (isRefusal(trust)) return trust;
  learnTrust(course, trust);
  course.note("contractKnown", undefined);
  return { trust, contract: named, chain };
}

/** A chain that could not be read ahead is read in its own stage; only there does it fail the request. */
const readAhead = ({ evidence }: IssueDeps, intentId: string) =>
  evidence.readChain(intentChain(intentId)).catch(() => undefined);

/**
 * The world of a handle: its contract is bound already. The chain comes in the same round if this process already
 * knows a trust policy under which the handle is ours; else State says where to look.
 */
export async function readRedeemedWorld(
  deps: IssueDeps,
  course: Course,
  { handle, request }: ExecuteEvent,
): Promise<World | Refusal> {
  const known = deps.memory.trust;
  const isOurs = known !== undefined && judgeHandleSignature(handle, known.policy) === undefined;
  return readNamedWorld(deps, course, {
    digest: request.claims.contractDigest,
    place: "/request/contractDigest",
    ...(isOurs && { intentId: handle.claims.intentId }),
  });
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
  { digest, place, intentId }: Named,
): Promise<World | Refusal> {
  const [trust, chainId, stored] = await Promise.all([
    readTrust(deps, course.now),
    intentId === undefined
      ? deps.index.lookUp(contractIndex(digest), "chain")
      : intentChain(intentId),
    intentId === undefined ? undefined : readAhead(deps, intentId),
  ]);
  course.note("registry", trust);
  if (isRefusal(trust)) return trust;
  learnTrust(course, trust);
  const unknown = refuse("CONTRACT_UNKNOWN", `${digest} is not bound here`, place);
  if (chainId === undefined) return course.note("contractKnown", unknown);
  const intent = await readIntent(deps, chainId, trust, { stored });
  if (isRefusal(intent)) {
    course.enter("executor");
    return course.note("contractKnown", intent);
  }
  const contract = readContract(contractView(intent.state, digest).bound?.contract);
  if (isRefusal(contract) || contract.digest !== digest) {
    return course.note("contractKnown", unknown);
  }
  course.note("contractKnown", undefined);
  return { trust, contract, intent };
}

function learnTrust(course: Course, { head }: TrustSnapshot): void {
  course.learn({ trustPolicy: { version: head.version, digest: head.trustPolicyDigest } });
}
