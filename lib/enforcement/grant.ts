import type { Operation } from "../actions/descriptor.ts";
import { proveContainment } from "../authority/contain.ts";
import { type Authority, deriveAuthority } from "../authority/derive.ts";
import { directMode } from "../authority/direct-mode.ts";
import type { EnforcementEntry } from "../authority/enforcement-map.ts";
import { narrowToOperation } from "../authority/narrow-operation.ts";
import { sessionName } from "../authority/session-name.ts";
import { toSeconds } from "../clock.ts";
import type { DELIVERIES, ReadContract } from "../contract/contract.ts";
import { governedAction } from "../contract/judge.ts";
import type { Step } from "../contract/step.ts";
import type { ReadProof } from "../proof/proof.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import type { GovernedAction, TrustPolicy } from "../trust/policy.ts";
import type { Course } from "./course.ts";
import { stepOf } from "./judge-scope.ts";

export const AUTHORITY_CHECK_NAMES = ["delivery", "sessionPolicy", "directMode", "containment"];

type Delivery = (typeof DELIVERIES)[number];

/** Authority that is justified now: what exactly, until when, by which role. Nothing of it exists at AWS yet. */
export interface Grant {
  readonly identityId: string;
  readonly delivery: Delivery;
  readonly step: Step;
  /** The one operation; absent when the grant is for whatever its step allows. */
  readonly operation?: Operation;
  /** The action's roles; absent when the actions of the step have different ones and none is chosen yet. */
  readonly governed?: GovernedAction;
  readonly sessionName: string;
  readonly sessionPolicy: object;
  readonly enforcement: readonly EnforcementEntry[];
  /** Milliseconds. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** A grant of one operation: what can be run. */
export type BoundedGrant = Grant & Required<Pick<Grant, "operation" | "governed">>;

/** What authority is asked for; stage `scope` has judged step and operation. */
export interface Wish {
  readonly identityId: string;
  readonly contract: ReadContract;
  readonly stepId: string;
  readonly delivery: Delivery;
  readonly operation?: Operation | undefined;
  /** Milliseconds: the grant's own instants, when it was issued before. */
  readonly issued?: { readonly at: number; readonly until: number };
}

/**
 * Stage `authority`: the delivery is allowed, the step's session policy fits and every constraint is enforced
 * somewhere, and the policy for this one operation is proved to lie in the contract on the result, before STS
 * is asked (VAI-43, VAI-47).
 */
export function deriveGrant(
  course: Course,
  wish: Wish,
  proof: ReadProof,
  policy: TrustPolicy,
): Grant | Refusal {
  course.enter("authority");
  const { identityId, contract, delivery, operation } = wish;
  const step = stepOf(contract, wish.stepId);
  if (step === undefined) throw new TypeError("scope was judged, so the step is known");
  const forbidden = course.judge([["delivery", () => judgeDelivery(wish, policy)]]);
  if (forbidden !== undefined) return forbidden;
  const whole = course.note("sessionPolicy", deriveAuthority(contract.claims, step, policy));
  if (isRefusal(whole)) return whole;
  const issuedAt = wish.issued?.at ?? course.now;
  const latest = wish.issued?.until ?? Number.POSITIVE_INFINITY;
  const expiresAt = Math.min(latest, expiryOf(contract, proof, policy, issuedAt));
  const exactStep = operation === undefined ? step : narrowToOperation(step, operation);
  const exact = course.note(
    "sessionPolicy",
    deriveAuthority(contract.claims, exactStep, policy, { notAfter: expiresAt / 1000 }),
  );
  if (isRefusal(exact)) return exact;
  const enforcement = course.note("directMode", judgeEnforcement(wish, exact));
  if (isRefusal(enforcement)) return enforcement;
  const governed = course.note("directMode", chooseRole(wish, exactStep, policy));
  if (isRefusal(governed)) return governed;
  const outside = course.judge([
    ["containment", () => judgeContainment(exact.sessionPolicy, contract, exactStep)],
  ]);
  if (outside !== undefined) return outside;
  return {
    ...{ identityId, delivery, step, sessionName: sessionName(identityId) },
    ...(operation !== undefined && { operation }),
    ...(governed !== undefined && { governed }),
    ...{ sessionPolicy: exact.sessionPolicy, enforcement, issuedAt, expiresAt },
  };
}

/** A grant of one operation, or the bug that it is not. */
export function bounded(grant: Grant): BoundedGrant {
  const { operation, governed } = grant;
  if (operation === undefined || governed === undefined) {
    throw new TypeError("the grant names no operation");
  }
  return { ...grant, operation, governed };
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

/** The contract lists the delivery, and the risk class lets credentials leave the trust plane at all. */
function judgeDelivery(
  { contract: { claims }, delivery }: Wish,
  policy: TrustPolicy,
): Refusal | undefined {
  const forbidden = (why: string): Refusal =>
    refuse("DIRECT_MODE_FORBIDDEN", why, "/request/delivery");
  if (!claims.deliveries.includes(delivery)) {
    return forbidden(`the contract does not list delivery ${delivery}`);
  }
  return delivery !== "credentials" || policy.governance[claims.risk].credentials
    ? undefined
    : forbidden(`class ${claims.risk} does not allow delivery credentials`);
}

/** Who enforces what; with credentials in the caller's hands only IAM does (VAI-44). */
const judgeEnforcement = (
  { contract, delivery }: Wish,
  { enforcement }: Authority,
): readonly EnforcementEntry[] | Refusal =>
  delivery === "credentials" ? directMode(enforcement, contract.claims) : enforcement;

/** One session has one role: that of the operation, or the one that all actions of the step share. */
function chooseRole(
  { delivery, operation }: Wish,
  { actions }: Step,
  policy: TrustPolicy,
): GovernedAction | Refusal | undefined {
  const [first, ...others] = (operation === undefined ? actions : [operation.action]).map(
    (action) => governedAction(policy, action),
  );
  const isShared = others.every((each) => each?.executionRoleArn === first?.executionRoleArn);
  if (isShared) return first;
  return delivery === "credentials"
    ? refuse(
        "DIRECT_MODE_FORBIDDEN",
        "the actions of the step run under different roles, and credentials are of one",
        "/request/delivery",
      )
    : undefined;
}

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
