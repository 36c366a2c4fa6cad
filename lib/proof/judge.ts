import type { Contract } from "../contract/contract.ts";
import { callsOf, gatedMember, type Step, stepNarrows } from "../contract/step.ts";
import { verifyJws } from "../encoding/jws.ts";
import { isAtLeast } from "../encoding/members.ts";
import { pointer, type Refusal, refuse, refuseUntil } from "../refusal.ts";
import { partyKey, type TrustPolicy } from "../trust/policy.ts";
import { approvals as approvalsNeeded } from "../unlock.ts";
import type { Decision, ReadProof } from "./proof.ts";

/** Milliseconds: how far ahead of server time a context may claim to have been observed. */
const CLOCK_SKEW = 60_000;

/** What the checks of a proof compare; `now` in milliseconds. */
export interface ProofInput {
  /** Id of the plane that judges. */
  readonly plane: string;
  readonly contract: Contract;
  readonly proof: ReadProof;
  readonly policy: TrustPolicy;
  readonly now: number;
}

/**
 * The ordered checks of stage `proof` after presence and reading (PROTOCOL.md §3). Each recomputes or reads current
 * state; a stored "approved" is no proof. Names go into the evidence (VAI-04).
 */
export const PROOF_CHECKS: readonly (readonly [
  name: string,
  check: (input: ProofInput) => Refusal | undefined,
])[] = [
  ["digests", judgeDigests],
  ["decisionSignature", judgeDecider],
  ["decisionAudience", judgeAudience],
  ["outcome", judgeOutcome],
  ["policyVersion", judgePolicyHead],
  ["contextAge", judgeContextAge],
  ["actor", judgeActor],
  ["intentScope", judgeIntentScope],
  ["boundary", judgeBoundary],
  ["attestations", judgeAttestations],
  ["approvals", judgeApprovals],
];

function judgeDigests({ contract, proof }: ProofInput): Refusal | undefined {
  const { claims } = proof.decision;
  const pairs = [
    [contract.intent.digest, proof.intentDigest, "/proof/intent"],
    [contract.context.digest, proof.contextDigest, "/proof/context"],
    [contract.decision.digest, proof.decision.digest, "/proof/decision"],
    [claims.intentDigest, proof.intentDigest, "/proof/decision/intentDigest"],
    [claims.contextDigest, proof.contextDigest, "/proof/decision/contextDigest"],
    [contract.intent.id, proof.intent.id, "/proof/intent/id"],
  ] as const;
  const broken = pairs.find(([expected, found]) => expected !== found);
  return (
    broken &&
    refuse("EVIDENCE_HASH_MISMATCH", `expected ${broken[0]}, found ${broken[1]}`, broken[2])
  );
}

/** A decision row written by somebody with table access but no key ends here (ADV-18). */
function judgeDecider({ contract, proof, policy }: ProofInput): Refusal | undefined {
  const { claims, jws } = proof.decision;
  const invalid = (why: string): Refusal =>
    refuse("DECISION_SIGNATURE_INVALID", why, "/proof/decision");
  const decider = policy.deciders.find(({ name }) => name === claims.iss);
  const key = decider && partyKey(decider, jws.header.kid);
  if (decider === undefined || key === undefined)
    return invalid(`"${claims.iss}" with this key is not a decider`);
  if (!verifyJws(jws, key)) return invalid("the decision's signature does not verify");
  const unseen = (contract.assumptions ?? []).find(
    ({ read }) => !decider.actions.some((action) => serviceOf(action) === serviceOf(read)),
  );
  if (unseen !== undefined)
    return invalid(`decider "${claims.iss}" may not decide on ${unseen.read}`);
  const foreign = actionsOf(contract).find((action) => !decider.actions.includes(action));
  if (foreign !== undefined) return invalid(`decider "${claims.iss}" may not decide on ${foreign}`);
  return isAtLeast(decider.maxRisk, contract.risk)
    ? undefined
    : invalid(`decider "${claims.iss}" may decide up to ${decider.maxRisk}`);
}

/** A decision that names a plane is for that one: two planes that trust one decider would double its budget. */
function judgeAudience({ plane, proof }: ProofInput): Refusal | undefined {
  const { aud } = proof.decision.claims;
  return aud === undefined || aud === plane
    ? undefined
    : refuse("AUDIENCE_MISMATCH", `the decision is for ${aud}`, "/proof/decision/aud");
}

function judgeOutcome({ proof, now }: ProofInput): Refusal | undefined {
  const { outcome, exp, iat } = proof.decision.claims;
  if (iat * 1000 > now + CLOCK_SKEW) {
    return refuse("DECISION_NOT_APPROVED", `the decision is of ${iat}`, "/proof/decision/iat");
  }
  if (outcome !== "ALLOW" && outcome !== "CONSTRAIN") {
    return refuse("DECISION_NOT_APPROVED", `the decision is ${outcome}`, "/proof/decision/outcome");
  }
  return now < exp * 1000
    ? undefined
    : refuse("DECISION_NOT_APPROVED", `the decision ended at ${exp}`, "/proof/decision/exp");
}

function judgePolicyHead({ proof, policy }: ProofInput): Refusal | undefined {
  const decided = proof.decision.claims.policy;
  return isPolicyHead(policy, decided)
    ? undefined
    : refuse(
        "POLICY_VERSION_STALE",
        `policy ${decided.id} ${decided.version} is not a current head`,
        "/proof/decision/policy",
      );
}

/** Whether the trust policy still has what was decided by. */
export const isPolicyHead = (
  { policies }: Pick<TrustPolicy, "policies">,
  {
    id,
    version,
    digest,
  }: { readonly id: string; readonly version: string; readonly digest: string },
): boolean =>
  policies.some((head) => head.id === id && head.version === version && head.digest === digest);

function judgeContextAge({ contract, proof, policy, now }: ProofInput): Refusal | undefined {
  const { contextSeconds } = policy.governance[contract.risk];
  const age = now - Date.parse(proof.context.observedAt);
  return age <= contextSeconds * 1000 && age >= -CLOCK_SKEW
    ? undefined
    : refuse(
        "CONTEXT_STALE",
        `the context must be observed within ${contextSeconds} s`,
        "/proof/context/observedAt",
      );
}

function judgeActor({ contract, proof }: ProofInput): Refusal | undefined {
  const mismatch = (where: string): Refusal =>
    refuse("ACTOR_MISMATCH", `the contract's actor is ${contract.actor.id}`, where);
  if (proof.decision.claims.boundary.actorId !== contract.actor.id) {
    return mismatch("/proof/decision/boundary/actorId");
  }
  const { actorKind = "agent" } = proof.decision.claims.boundary;
  if (actorKind !== contract.actor.kind) {
    // The kind is not the issuer's word alone: thresholds may hang on it.
    return refuse(
      "ACTOR_MISMATCH",
      `the decision is about a ${actorKind}, the contract's actor is a ${contract.actor.kind}`,
      "/contract/actor/kind",
    );
  }
  return proof.intent.actor === contract.actor.id ? undefined : mismatch("/proof/intent/actor");
}

/** Authority obtained for one purpose serves no other (VAI-39). */
function judgeIntentScope({ contract, proof }: ProofInput): Refusal | undefined {
  const { intent } = proof;
  const actions = typeof intent.action === "string" ? [intent.action] : intent.action;
  for (const [index, step] of contract.authorization_details.entries()) {
    const action = step.actions.findIndex((each) => !actions.includes(each));
    const resource = step.resources.findIndex((each) => !intent.target.includes(each));
    if (action < 0 && resource < 0) continue;
    const place = action >= 0 ? ["actions", action] : ["resources", resource];
    const where = pointer("/contract", ["authorization_details", index, ...place]);
    return refuse("CONTRACT_MISMATCH", "is not part of the intent", where);
  }
  return judgeAssumptionScope(contract, proof);
}

/** Nobody approved to look elsewhere: an assumption would tell an agent what it may not read (PROTOCOL.md §9). */
function judgeAssumptionScope(
  { assumptions = [] }: Contract,
  { intent, decision }: ReadProof,
): Refusal | undefined {
  if (assumptions.length === 0) return undefined;
  const approved = new Set([
    ...intent.target,
    ...decision.claims.boundary.authorization_details.flatMap(({ resources }) => resources),
  ]);
  const foreign = assumptions.findIndex(({ resource }) => !approved.has(resource));
  return foreign < 0
    ? undefined
    : refuse(
        "CONTRACT_MISMATCH",
        "is neither in the intent's target nor in the decision's boundary",
        pointer("/contract", ["assumptions", foreign, "resource"]),
      );
}

/**
 * Issuance may narrow what was approved and never widen it (DTF-02): each step lies in one entry of the boundary,
 * and the steps charged to an entry together stay within its calls and totals. Otherwise a contract of many steps
 * would multiply what was decided once.
 */
function judgeBoundary({ contract, proof }: ProofInput): Refusal | undefined {
  const { boundary }: Decision = proof.decision.claims;
  const unsupported = unsupportedEntry(boundary.authorization_details);
  if (unsupported !== undefined) {
    return refuse("NOT_SUPPORTED", "this version has no order and no gates", unsupported);
  }
  if (contract.exp > boundary.notAfter) {
    return refuse(
      "SCOPE_EXCEEDED",
      `the decision allows until ${boundary.notAfter}`,
      "/contract/exp",
    );
  }
  const budgets = boundary.authorization_details.map((entry) => new Budget(entry));
  const wider = contract.authorization_details.findIndex(
    (step) => !budgets.some((budget) => budget.charge(step)),
  );
  return wider < 0
    ? undefined
    : refuse(
        "SCOPE_EXCEEDED",
        "is wider than the decision's boundary, or more than is left of it beside the steps before",
        `/contract/authorization_details/${wider}`,
      );
}

/** A gate or an order that was decided must not be lost because the contract leaves it out. */
function unsupportedEntry(entries: readonly Step[]): string | undefined {
  for (const [index, entry] of entries.entries()) {
    const member = gatedMember(entry);
    if (member === undefined) continue;
    return pointer("/proof/decision/boundary/authorization_details", [index, member]);
  }
  return undefined;
}

/** What is left of one entry of the boundary while steps are charged to it, first come, first served. */
class Budget {
  readonly #entry: Step;
  #calls: number;
  readonly #totals: Map<string, number>;

  constructor(entry: Step) {
    this.#entry = entry;
    this.#calls = callsOf(entry);
    this.#totals = new Map(Object.entries(entry.limits?.totals ?? {}));
  }

  /** Charges a step if it narrows the entry and there is enough left; else nothing changes. */
  charge(step: Step): boolean {
    const ownTotals = step.limits?.totals ?? {};
    const fits = [...this.#totals].every(([name, left]) => (ownTotals[name] ?? 0) <= left);
    if (!fits || callsOf(step) > this.#calls || !stepNarrows(step, this.#entry)) return false;
    this.#calls -= callsOf(step);
    for (const [name, left] of this.#totals) this.#totals.set(name, left - (ownTotals[name] ?? 0));
    return true;
  }
}

/** An attestation that this version cannot weigh might be a veto: it is refused, never ignored. */
function judgeAttestations({ contract, proof, policy }: ProofInput): Refusal | undefined {
  if (proof.attestations.length > 0) {
    return refuse(
      "NOT_SUPPORTED",
      "this version does not weigh attestations",
      "/proof/attestations",
    );
  }
  const { attestations, classes, veto } = policy.governance[contract.risk];
  return attestations === 0 && classes === 0 && veto.length === 0
    ? undefined
    : refuseUntil(
        [
          {
            ...{ kind: "attestation", needed: attestations, have: 0 },
            ...{ classesNeeded: classes, classesHave: 0, veto },
          },
        ],
        "CONSENSUS_NOT_REACHED",
        `a ${contract.risk} contract needs ${attestations} attestations`,
        "/proof/attestations",
      );
}

function judgeApprovals({ contract, proof, policy }: ProofInput): Refusal | undefined {
  if (proof.approvals.length > 0) {
    return refuse("NOT_SUPPORTED", "this version does not weigh approvals", "/proof/approvals");
  }
  const { approvals } = policy.governance[contract.risk];
  return approvals === 0
    ? undefined
    : refuseUntil(
        [approvalsNeeded(approvals, 0)],
        "APPROVAL_REQUIRED",
        `a ${contract.risk} contract needs ${approvals} approvals`,
        "/proof/approvals",
      );
}

const serviceOf = (action: string): string => action.split(":")[0] ?? "";

const actionsOf = (contract: Contract): string[] =>
  contract.authorization_details.flatMap(({ actions }) => actions);
