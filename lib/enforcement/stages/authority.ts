import type { Operation } from "../../actions/descriptor.ts";
import { type Exceptions, proveContainment } from "../../authority/contain/contain.ts";
import { type Authority, deriveAuthority } from "../../authority/derive/derive.ts";
import { directMode } from "../../authority/derive/direct-mode.ts";
import type { EnforcementEntry } from "../../authority/derive/enforcement-map.ts";
import { narrowToOperation } from "../../authority/derive/narrow-operation.ts";
import { sessionName } from "../../authority/derive/session-name.ts";
import { toSeconds } from "../../clock.ts";
import type { Chain } from "../../continuity/chain.ts";
import { breakGlassPolicyOf } from "../../contract/break-glass.ts";
import type { DELIVERIES, ReadContract } from "../../contract/contract.ts";
import { governedAction, longestLife } from "../../contract/judge.ts";
import type { Step } from "../../contract/step.ts";
import type { Digest } from "../../encoding/digest.ts";
import type { ReadProof } from "../../proof/proof.ts";
import { isRefusal, type Refusal, refuse } from "../../refusal.ts";
import { governanceDigest } from "../../trust/governance-digest.ts";
import type { GovernedAction } from "../../trust/policy.ts";
import type { IssueDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import { stage } from "../stage.ts";

type Delivery = (typeof DELIVERIES)[number];

/** Authority that is justified now: what exactly, until when, by which role. Nothing of it exists at AWS yet. */
export interface Grant {
  readonly identityId: string;
  readonly delivery: Delivery;
  readonly step: Step;
  /** The one operation; `undefined` when the grant is for whatever its step allows. */
  readonly operation: Operation | undefined;
  /** The action's roles; `undefined` when the actions of the step have different ones and none is chosen yet. */
  readonly governed: GovernedAction | undefined;
  readonly sessionName: string;
  readonly sessionPolicy: object;
  /** Of the thresholds that were in force. */
  readonly governanceDigest: Digest;
  readonly enforcement: readonly EnforcementEntry[];
  /** Milliseconds. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** A grant of one operation: what can be run. */
export interface BoundedGrant extends Grant {
  readonly operation: Operation;
  readonly governed: GovernedAction;
}

/** What authority is asked for; stages `proof` and `scope` have judged proof, step and operation. */
export interface Wish {
  readonly identityId: string;
  readonly contract: ReadContract;
  readonly chain: Chain | undefined;
  readonly proof: ReadProof;
  readonly trust: TrustSnapshot;
  readonly step: Step;
  readonly delivery: Delivery;
  readonly operation: Operation | undefined;
  /** Seconds: when the approvals end that the class asks for, and those that opened the step's gate. */
  readonly approvedUntil: number | undefined;
  readonly gateUntil: number | undefined;
  /** Milliseconds: the grant's own instants, when it was issued before. */
  readonly issued?: { readonly at: number; readonly until: number };
}

/** What stays of a wish when it is judged again: the rest is what the trust of then says. */
export type LastingWish = Omit<Wish, "proof" | "trust" | "approvedUntil" | "gateUntil">;

/** The authority of exactly what is asked for, and when it ends. */
interface Derived {
  readonly exactStep: Step;
  readonly exact: Authority;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/**
 * Stage `authority`: the delivery is allowed, the step's session policy fits and every constraint is enforced
 * somewhere, and the policy for this one operation is proved to lie in the contract on the result, before STS
 * is asked (VAI-43, VAI-47).
 */
export const AUTHORITY = stage<Wish, Judgement>("authority")
  .check("delivery", judgeDelivery)
  .take("sessionPolicy", deriveExactly)
  .take("directMode", (derived) => {
    const enforcement = judgeEnforcement(derived);
    if (isRefusal(enforcement)) return enforcement;
    const governed = chooseRole(derived);
    return isRefusal(governed) ? governed : { enforcement, governed };
  })
  .take("containment", ({ contract, exact, exactStep, ...derived }, { deps }) => {
    const { sessionPolicy } = exact;
    const exceptions = exceptionsOf(derived, deps);
    const outside = judgeContainment(sessionPolicy, contract, exactStep, exceptions);
    return outside ?? { grant: grantOf(derived, sessionPolicy) };
  });

const grantOf = (
  derived: Pick<
    Grant & Wish,
    | "identityId"
    | "delivery"
    | "step"
    | "operation"
    | "governed"
    | "enforcement"
    | "issuedAt"
    | "expiresAt"
    | "trust"
  >,
  sessionPolicy: object,
): Grant => {
  const { identityId, delivery, step, operation, governed, enforcement } = derived;
  return {
    identityId,
    delivery,
    step,
    operation,
    governed,
    sessionName: sessionName(identityId),
    governanceDigest: governanceDigest(derived.trust.policy),
    sessionPolicy,
    enforcement,
    issuedAt: derived.issuedAt,
    expiresAt: derived.expiresAt,
  };
};

/** Twice: for the whole step, so that nothing is granted that could not be said; then for the one operation. */
function deriveExactly(wish: Wish, { now, deps }: Judgement): Derived | Refusal {
  const { contract, chain, step, operation, trust, issued } = wish;
  const exceptions = { ...exceptionsOf(wish, deps), chain };
  const whole = deriveAuthority(contract.claims, step, trust.policy, exceptions);
  if (isRefusal(whole)) return whole;
  const issuedAt = issued?.at ?? now;
  const expiresAt = Math.min(issued?.until ?? Number.POSITIVE_INFINITY, expiryOf(wish, issuedAt));
  const exactStep = operation === undefined ? step : narrowToOperation(step, operation);
  const until = { notAfter: expiresAt / 1000, ...exceptions };
  const exact = deriveAuthority(contract.claims, exactStep, trust.policy, until);
  return isRefusal(exact) ? exact : { exactStep, exact, issuedAt, expiresAt };
}

/** What the policy holds beyond the step: keys of the targets, and the cut of what leaves the trust plane (PROTOCOL.md §9). */
const exceptionsOf = (
  { delivery }: Pick<Wish, "delivery">,
  { targetKeys, cutSession }: Pick<IssueDeps, "targetKeys" | "cutSession">,
): Required<Exceptions> => ({
  targetKeys,
  isCut: delivery === "credentials" && cutSession !== undefined,
});

/**
 * Milliseconds: the earliest of contract, blocks, decision, approvals, emergency policy, and the longest life from
 * `issuedAt` on (PROTOCOL.md §4).
 */
function expiryOf(
  { contract, chain, proof, trust, approvedUntil, gateUntil }: Wish,
  issuedAt: number,
): number {
  const { claims } = contract;
  const longest = toSeconds(issuedAt) + longestLife(claims, trust.policy);
  const { exp, boundary } = proof.decision.claims;
  const blocks = (chain?.blocks ?? []).map((block) => block.claims.exp);
  const ends = [claims.exp, ...blocks, exp, boundary.notAfter, longest];
  const emergency = breakGlassPolicyOf(claims, trust.policy);
  const others = [approvedUntil, gateUntil, emergency?.exp].filter((each) => each !== undefined);
  return Math.min(...ends, ...others) * 1000;
}

/** Contract and last block list the delivery, and the risk class lets credentials leave the trust plane at all. */
function judgeDelivery({
  contract: { claims },
  chain,
  delivery,
  trust: { policy },
}: Wish): Refusal | undefined {
  const forbidden = (why: string): Refusal =>
    refuse("DIRECT_MODE_FORBIDDEN", why, "/request/delivery");
  if (!claims.deliveries.includes(delivery)) {
    return forbidden(`the contract does not list delivery ${delivery}`);
  }
  if (chain?.last.claims.deliveries.includes(delivery) === false) {
    return forbidden(`the chain's last block does not list delivery ${delivery}`);
  }
  return delivery !== "credentials" || policy.governance[claims.risk].credentials
    ? undefined
    : forbidden(`class ${claims.risk} does not allow delivery credentials`);
}

/** Who enforces what; with credentials in the caller's hands only IAM does (VAI-44). */
const judgeEnforcement = ({
  contract,
  step,
  delivery,
  exact: { enforcement },
}: Wish & Derived): readonly EnforcementEntry[] | Refusal =>
  delivery === "credentials" ? directMode(enforcement, contract.claims, step) : enforcement;

/** One session has one role: that of the operation, or the one that all actions of the step share. */
function chooseRole({
  delivery,
  operation,
  exactStep: { actions },
  trust: { policy },
}: Wish & Derived): GovernedAction | Refusal | undefined {
  const [first, ...others] = (operation === undefined ? actions : [operation.action]).map(
    (action) => governedAction(policy, action),
  );
  // The role of an action that is only observed may not be known yet, and what is not known is not shared.
  const isShared = others.every(
    (each) =>
      each?.executionRoleArn !== undefined && each.executionRoleArn === first?.executionRoleArn,
  );
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
  exceptions: Exceptions,
): Refusal | undefined {
  const { contained, witness } = proveContainment(sessionPolicy, claims, step, exceptions);
  return contained
    ? undefined
    : refuse("SCOPE_EXCEEDED", `the derived session policy would allow ${JSON.stringify(witness)}`);
}
