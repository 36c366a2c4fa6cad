import { proveContainment } from "../authority/contain.ts";
import { deriveAuthority } from "../authority/derive.ts";
import type { EnforcementEntry } from "../authority/enforcement-map.ts";
import { narrowToOperation } from "../authority/narrow-operation.ts";
import { sessionName } from "../authority/session-name.ts";
import { toSeconds } from "../clock.ts";
import type { Operation, ReadRequest } from "../continuity/request.ts";
import type { ReadContract } from "../contract/contract.ts";
import { governedAction } from "../contract/judge.ts";
import type { Step } from "../contract/step.ts";
import type { ReadProof } from "../proof/proof.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import type { GovernedAction, TrustPolicy } from "../trust/policy.ts";
import type { Course } from "./course.ts";
import { stepOf } from "./judge-scope.ts";

export const AUTHORITY_CHECK_NAMES = ["delivery", "sessionPolicy", "containment"];

/** Authority that is justified now: what exactly, until when, by which role. Nothing of it exists at AWS yet. */
export interface Grant {
  readonly identityId: string;
  readonly step: Step;
  readonly operation: Operation;
  readonly governed: GovernedAction;
  readonly sessionName: string;
  readonly sessionPolicy: object;
  readonly enforcement: readonly EnforcementEntry[];
  /** Milliseconds. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** Milliseconds: the earliest of contract, decision and `issuedAt` + `maxSeconds` of the class (wire.md §4). */
function expiryOf(
  contract: ReadContract,
  proof: ReadProof,
  policy: TrustPolicy,
  issuedAt: number,
): number {
  const { maxSeconds } = policy.governance[contract.claims.risk];
  const { exp, boundary } = proof.decision.claims;
  return (
    Math.min(contract.claims.exp, exp, boundary.notAfter, toSeconds(issuedAt) + maxSeconds) * 1000
  );
}

/**
 * Stage `authority`: the delivery is allowed, the step's session policy fits and every constraint is enforced
 * somewhere, and the policy for this one operation is proved to lie in the contract on the result, before STS
 * is asked (VAI-43, VAI-47).
 */
export function deriveGrant(
  course: Course,
  identityId: string,
  contract: ReadContract,
  request: ReadRequest,
  proof: ReadProof,
  policy: TrustPolicy,
): Grant | Refusal {
  course.enter("authority");
  const { claims } = contract;
  const step = stepOf(claims, request);
  const { operation } = request.claims;
  const governed = operation && governedAction(policy, operation.action);
  if (step === undefined || operation === undefined || governed === undefined) {
    throw new TypeError("scope was judged, so step, operation and action are known");
  }
  const forbidden = course.judge([["delivery", () => judgeDelivery(contract, request)]]);
  if (forbidden !== undefined) return forbidden;
  const whole = course.note("sessionPolicy", deriveAuthority(claims, step, policy));
  if (isRefusal(whole)) return whole;
  const expiresAt = expiryOf(contract, proof, policy, course.now);
  const narrowed = narrowToOperation(step, operation);
  const exact = course.note(
    "sessionPolicy",
    deriveAuthority(claims, narrowed, policy, { notAfter: expiresAt / 1000 }),
  );
  if (isRefusal(exact)) return exact;
  const outside = course.judge([
    ["containment", () => judgeContainment(exact.sessionPolicy, contract, narrowed)],
  ]);
  if (outside !== undefined) return outside;
  return {
    identityId,
    step,
    operation,
    governed,
    sessionName: sessionName(identityId),
    sessionPolicy: exact.sessionPolicy,
    enforcement: exact.enforcement,
    issuedAt: course.now,
    expiresAt,
  };
}

const judgeDelivery = ({ claims }: ReadContract, request: ReadRequest): Refusal | undefined =>
  claims.deliveries.includes(request.claims.delivery)
    ? undefined
    : refuse(
        "DIRECT_MODE_FORBIDDEN",
        `the contract does not list delivery ${request.claims.delivery}`,
        "/request/delivery",
      );

function judgeContainment(
  sessionPolicy: object,
  { claims }: ReadContract,
  step: Step,
): Refusal | undefined {
  const { contained, witness } = proveContainment(sessionPolicy, claims, step);
  return contained
    ? undefined
    : refuse("SCOPE_EXCEEDED", `the derived session policy would allow ${JSON.stringify(witness)}`);
}
