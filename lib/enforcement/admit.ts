import { judgeFreshness, judgePossession } from "../continuity/request.ts";
import { type ReadContract, readContract } from "../contract/contract.ts";
import { judgeIssuer } from "../contract/judge.ts";
import type { Digest } from "../encoding/digest.ts";
import type { VerificationKey } from "../encoding/jwk.ts";
import { intentChain } from "../evidence/chain.ts";
import { contractView } from "../evidence/fold.ts";
import type { StoredChain } from "../evidence/ports.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import { trustedThumbprints } from "../trust/policy.ts";
import type { Course } from "./course.ts";
import type { IssueDeps } from "./deps.ts";
import { type Asked, contractIndex } from "./drafts.ts";
import { type IssueEvent, parseIssueEvent } from "./event.ts";
import { type Intent, readIntent } from "./intent.ts";
import { contractChecks } from "./judge-contract.ts";
import { readTrust } from "./registry.ts";
import type { TrustSnapshot } from "./trust-snapshot.ts";

/** A request whose contract and executor are verified: from here on it is attributed to its intent. */
export interface Admitted {
  /** The event as it came, for a refusal that may not stand on the intent's chain. */
  readonly raw: unknown;
  readonly event: IssueEvent;
  readonly asked: Asked;
  readonly trust: TrustSnapshot;
  readonly intent: Intent;
}

/** Stages `parse` to `executor`: who speaks, under which contract, on which intact chain. */
export async function admit(
  deps: IssueDeps,
  course: Course,
  raw: unknown,
): Promise<Admitted | Refusal> {
  const event = course.note("parse", parseIssueEvent(raw));
  if (isRefusal(event)) return event;
  course.enter("request");
  const { request } = event;
  const key = course.note("possession", judgePossession(request));
  if (isRefusal(key)) return key;
  course.learn({
    actor: { jkt: key.thumbprint },
    request: { jti: request.claims.jti, digest: request.digest },
  });
  const late = course.judge([
    ["freshness", () => judgeFreshness(request, deps.plane.id, course.now)],
  ]);
  if (late !== undefined) return late;
  course.enter("contract");
  const world = await readWorld(deps, course, event);
  if (isRefusal(world)) return world;
  const admitted = await judgeAdmission(deps, course, event, key, world);
  return isRefusal(admitted) ? admitted : { ...admitted, raw };
}

/** What was read at once: the trust in force and, if it could be known before, the contract and its chain. */
interface World {
  readonly trust: TrustSnapshot;
  readonly contract: ReadContract;
  readonly chain?: StoredChain | undefined;
  readonly intent?: Intent;
}

/**
 * Reads the world in one round. The intent chain comes with it only if the contract's signature holds under the
 * trust policy that this process verified last: garbage buys no reads (design.md §2 step 4).
 */
async function readWorld(
  deps: IssueDeps,
  course: Course,
  event: IssueEvent,
): Promise<World | Refusal> {
  const named = event.contract;
  if (!("claims" in named)) return readNamedWorld(deps, course, named.digest);
  const known = deps.memory.trust;
  const isGood = known !== undefined && judgeIssuer(named, known.policy) === undefined;
  const [trust, chain] = await Promise.all([
    readTrust(deps, course.now),
    isGood ? readAhead(deps, named) : undefined,
  ]);
  course.note("registry", trust);
  if (isRefusal(trust)) return trust;
  learnTrust(course, trust);
  course.note("contractKnown", undefined);
  return { trust, contract: named, chain };
}

/** A chain that could not be read ahead is read in its own stage; only there does it fail the request. */
const readAhead = ({ evidence }: IssueDeps, { claims }: ReadContract) =>
  evidence.readChain(intentChain(claims.intent.id)).catch(() => undefined);

/** A contract named by digest is the one that its intent's chain bound; State only says where to look. */
async function readNamedWorld(
  deps: IssueDeps,
  course: Course,
  digest: Digest,
): Promise<World | Refusal> {
  const [trust, chainId] = await Promise.all([
    readTrust(deps, course.now),
    deps.index.lookUp(contractIndex(digest), "chain"),
  ]);
  course.note("registry", trust);
  if (isRefusal(trust)) return trust;
  learnTrust(course, trust);
  const unknown = refuse(
    "CONTRACT_UNKNOWN",
    `${digest} is not bound here; send the contract`,
    "/contractDigest",
  );
  if (chainId === undefined) return course.note("contractKnown", unknown);
  const intent = await readIntent(deps, chainId, trust);
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

async function judgeAdmission(
  deps: IssueDeps,
  course: Course,
  event: IssueEvent,
  key: VerificationKey,
  { trust, contract, chain, intent: opened }: World,
): Promise<Omit<Admitted, "raw"> | Refusal> {
  const [digestCheck, issuerCheck, ...others] = contractChecks(event, contract, deps.plane, trust);
  const unsigned = course.judge([digestCheck, issuerCheck].filter((check) => check !== undefined));
  if (unsigned !== undefined) return unsigned;
  learnContract(course, contract);
  const refusal = course.judge(others);
  if (refusal !== undefined) return refusal;
  course.enter("executor");
  const chainId = intentChain(contract.claims.intent.id);
  const read = opened ?? (await readIntent(deps, chainId, trust, { stored: chain }));
  const intent = course.note("evidenceChain", read);
  if (isRefusal(intent)) return intent;
  const stranger = course.judge([["designation", () => judgeDesignation(contract, key, trust)]]);
  if (stranger !== undefined) return stranger;
  return {
    event,
    asked: { contract, request: event.request, executor: key.thumbprint },
    trust,
    intent,
  };
}

function learnContract(course: Course, { claims, digest }: ReadContract): void {
  course.learn({
    intentId: claims.intent.id,
    contract: { id: claims.jti, digest },
    actor: { ...course.about.actor, id: claims.actor.id, kind: claims.actor.kind },
  });
}

/** The contract names its executor by key; a key that governance itself uses may not act (wire.md §6, POC-07). */
function judgeDesignation(
  { claims }: ReadContract,
  key: VerificationKey,
  { policy }: TrustSnapshot,
): Refusal | undefined {
  if (key.thumbprint !== claims.cnf.jkt) {
    return refuse(
      "EXECUTOR_MISMATCH",
      `the contract designates ${claims.cnf.jkt}, not ${key.thumbprint}`,
      "/request",
    );
  }
  return trustedThumbprints(policy).has(key.thumbprint)
    ? refuse(
        "EXECUTOR_MISMATCH",
        "a key of the trust policy cannot be an executor",
        "/contract/cnf/jkt",
      )
    : undefined;
}
