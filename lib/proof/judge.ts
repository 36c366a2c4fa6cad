import { toSeconds } from "../clock.ts";
import type { Contract } from "../contract/contract.ts";
import { verifyJws } from "../encoding/jws.ts";
import { isAtLeast } from "../encoding/members.ts";
import { isRefusal, pointer, type Refusal, refuse } from "../refusal.ts";
import { governanceDigest } from "../trust/governance-digest.ts";
import { partyKey, type TrustPolicy } from "../trust/policy.ts";
import { beyondBoundary } from "./boundary.ts";
import { votesOf } from "./heard.ts";
import type { ReadProof } from "./proof.ts";
import { judgeObjections, judgeVotes } from "./votes.ts";

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
  /** What evaluators said of the decision that is on the intent's chain, as compact JWS. */
  readonly attested: readonly string[];
  /** Whether the contract is bound to this proof already. */
  readonly isBound: boolean;
  /** Whether more may speak later, so that too few refuse nothing; absent: it is used now. */
  readonly mayWait?: true;
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
  ["thresholds", judgeThresholds],
  ["contextAge", judgeContextAge],
  ["actor", judgeActor],
  ["intentScope", judgeIntentScope],
  ["boundary", judgeBoundary],
  ["attestations", judgeAttestations],
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

/**
 * The decision was taken under the thresholds of now (DTF-10, ADV-54): whoever lowers them after the fact approves
 * nothing by it. A class that asks nobody needs no such word.
 */
function judgeThresholds({ contract, proof, policy }: ProofInput): Refusal | undefined {
  const { governanceDigest: decided } = proof.decision.claims;
  const where = "/proof/decision/governanceDigest";
  if (decided === undefined) {
    return asksSomebody(policy.governance[contract.risk])
      ? refuse("PROOF_INCOMPLETE", "must say which thresholds it was taken under", where)
      : undefined;
  }
  return decided === governanceDigest(policy)
    ? undefined
    : refuse("GOVERNANCE_METADATA_MISMATCH", "the thresholds have changed since", where);
}

/** Whether people or evaluators are asked of a class: then its decision says under which thresholds it was taken. */
export const asksSomebody = ({
  approvals,
  attestations,
  classes,
  veto,
}: TrustPolicy["governance"]["LOW"]): boolean =>
  approvals > 0 || attestations > 0 || classes > 0 || veto.length > 0;

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
  const { notAfter, authorization_details: entries } = proof.decision.claims.boundary;
  if (contract.exp > notAfter) {
    return refuse("SCOPE_EXCEEDED", `the decision allows until ${notAfter}`, "/contract/exp");
  }
  const beyond = beyondBoundary(contract.authorization_details, entries);
  if (beyond === undefined) return undefined;
  const { index, member } = beyond;
  const step = ["authorization_details", index];
  return member === undefined
    ? refuse(
        "SCOPE_EXCEEDED",
        "is wider than the decision's boundary, or more than is left of it beside the steps before",
        pointer("/contract", step),
      )
    : refuse(
        "SCOPE_EXCEEDED",
        "must name every step that the decision puts before it, and there must be one",
        pointer("/contract", [...step, member]),
      );
}

/** The evaluators' part (PROTOCOL.md §3, "Attestations"). */
export function judgeAttestations(input: ProofInput): Refusal | undefined {
  const { contract, proof, policy, attested, isBound, now, mayWait } = input;
  const votes = votesOf(
    { presented: proof.attestations, recorded: attested },
    {
      ...{ policy, isBound, now: toSeconds(now) },
      decisionDigest: proof.decision.digest,
      obligations: (contract.obligations ?? []).map(({ name }) => name),
    },
  );
  if (isRefusal(votes)) return votes;
  const quorum = policy.governance[contract.risk];
  // In an emergency nobody is waited for, and whoever objects is heard: one reject is enough.
  if (contract.breakGlass !== undefined) return judgeObjections(votes, { ...quorum, rejects: 1 });
  return mayWait ? judgeObjections(votes, quorum) : judgeVotes(votes, quorum);
}

const serviceOf = (action: string): string => action.split(":")[0] ?? "";

const actionsOf = (contract: Contract): string[] =>
  contract.authorization_details.flatMap(({ actions }) => actions);
