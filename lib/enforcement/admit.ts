import { judgeFreshness, judgePossession, type ReadRequest } from "../continuity/request.ts";
import type { ReadContract } from "../contract/contract.ts";
import type { VerificationKey } from "../encoding/jwk.ts";
import { intentChain } from "../evidence/chain.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import { trustedThumbprints } from "../trust/policy.ts";
import type { Course } from "./course.ts";
import type { IssueDeps } from "./deps.ts";
import type { Asked } from "./drafts.ts";
import { type ExecuteEvent, type IssueEvent, parseIssueEvent } from "./event.ts";
import { type Intent, readIntent } from "./intent.ts";
import { contractChecks } from "./judge-contract.ts";
import type { TrustSnapshot } from "./trust-snapshot.ts";
import { readWorld, type World } from "./world.ts";

/** A request whose contract and executor are verified: from here on it is attributed to its intent. */
export interface Admitted<Event extends IssueEvent | ExecuteEvent = IssueEvent> {
  /** The event as it came, for a refusal that may not stand on the intent's chain. */
  readonly raw: unknown;
  readonly event: Event;
  readonly asked: Asked<Event["request"]["claims"]>;
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
  const key = admitSpeaker(deps, course, event.request);
  if (isRefusal(key)) return key;
  course.enter("contract");
  const world = await readWorld(deps, course, event, key);
  if (isRefusal(world)) return world;
  const admitted = await judgeAdmission(deps, course, event, key, world);
  return isRefusal(admitted) ? admitted : { ...admitted, raw };
}

/** Stage `request`: who speaks, and that it was said now and to us. No AWS call. */
export function admitSpeaker(
  deps: IssueDeps,
  course: Course,
  request: ReadRequest,
): VerificationKey | Refusal {
  course.enter("request");
  const key = course.note("possession", judgePossession(request));
  if (isRefusal(key)) return key;
  course.learn({
    actor: { jkt: key.thumbprint },
    request: { jti: request.claims.jti, digest: request.digest },
  });
  const late = course.judge([
    ["freshness", () => judgeFreshness(request, deps.plane.id, course.now)],
  ]);
  return late ?? key;
}

async function judgeAdmission(
  deps: IssueDeps,
  course: Course,
  event: IssueEvent,
  key: VerificationKey,
  world: World,
): Promise<Omit<Admitted, "raw"> | Refusal> {
  const { trust, contract } = world;
  const intent = await admitContract(deps, course, event, key, world);
  if (isRefusal(intent)) return intent;
  const asked = { contract, request: event.request, executor: key.thumbprint };
  return { event, asked, trust, intent };
}

/**
 * Stages `contract` and `executor`, as far as both uses share them: the contract under the trust policy of now, its
 * chain, and whether this key may act under it.
 */
export async function admitContract(
  deps: IssueDeps,
  course: Course,
  event: Pick<IssueEvent | ExecuteEvent, "request" | "hasChain">,
  key: VerificationKey,
  { trust, contract, chain, intent: opened, witnesses }: World,
): Promise<Intent | Refusal> {
  const [digestCheck, issuerCheck, ...others] = contractChecks(event, contract, deps, trust);
  const unsigned = course.judge([digestCheck, issuerCheck].filter((check) => check !== undefined));
  if (unsigned !== undefined) return unsigned;
  learnContract(course, contract);
  const refusal = course.judge(others);
  if (refusal !== undefined) return refusal;
  course.enter("executor");
  const chainId = intentChain(contract.claims.intent.id);
  const read = opened ?? (await readIntent(deps, chainId, trust, { stored: chain }));
  const intent = course.note("evidenceChain", await confirm(deps, trust, read, witnesses));
  if (isRefusal(intent)) return intent;
  const stranger = course.judge([
    ["designation", () => judgeDesignation(deps, contract, key.thumbprint, trust)],
  ]);
  return stranger ?? intent;
}

/**
 * State names a grant for a request that was granted. A chain that does not know it was read too early, or has lost
 * its records: whoever rolls it back without the retry keys gives nobody a second use.
 */
async function confirm(
  deps: IssueDeps,
  trust: TrustSnapshot,
  intent: Intent | Refusal,
  witnesses: readonly string[],
): Promise<Intent | Refusal> {
  if (isRefusal(intent) || isWitnessed(intent, witnesses)) return intent;
  const latest = await readIntent(deps, intent.chainId, trust, { opened: intent });
  if (isRefusal(latest) || isWitnessed(latest, witnesses)) return latest;
  return lostGrant();
}

const isWitnessed = ({ state }: Intent, witnesses: readonly string[]): boolean =>
  witnesses.every((identityId) => state.identities.has(identityId));

/** A key in State that no sealed record explains. */
export const lostGrant = (): Refusal =>
  refuse("EVIDENCE_CHAIN_BROKEN", "State knows a grant that the intent's chain does not");

function learnContract(course: Course, { claims, digest }: ReadContract): void {
  course.learn({
    intentId: claims.intent.id,
    contract: { id: claims.jti, digest },
    actor: { ...course.about.actor, id: claims.actor.id, kind: claims.actor.kind },
  });
}

/**
 * The contract names its executor by key; a key that governance itself uses, an anchor's included, may not act
 * (wire.md §6, POC-07).
 */
export function judgeDesignation(
  { anchors }: Pick<IssueDeps, "anchors">,
  { claims }: ReadContract,
  executor: string,
  { policy }: TrustSnapshot,
): Refusal | undefined {
  if (executor !== claims.cnf.jkt) {
    return refuse(
      "EXECUTOR_MISMATCH",
      `the contract designates ${claims.cnf.jkt}, not ${executor}`,
      "/request",
    );
  }
  const isTrusted =
    trustedThumbprints(policy).has(executor) ||
    anchors.some(({ thumbprint }) => thumbprint === executor);
  return isTrusted
    ? refuse(
        "EXECUTOR_MISMATCH",
        "a key of the trust policy, or the anchor's, cannot be an executor",
        "/contract/cnf/jkt",
      )
    : undefined;
}
