import { descriptorOf } from "../../actions/catalogue.ts";
import { callKeys, type NeededKeys, NO_KEYS, type TargetKeys } from "../../actions/target-keys.ts";
import type { Chain } from "../../continuity/chain.ts";
import type { Contract } from "../../contract/contract.ts";
import type { Step } from "../../contract/step.ts";
import { Fault, isRefusal, pointer, type Refusal, refuse } from "../../refusal.ts";
import type { TrustPolicy } from "../../trust/policy.ts";
import { disagreement, parseArn } from "../evaluate/arn.ts";
import type { SessionPolicy } from "../evaluate/iam-document.ts";
import { type EnforcementEntry, enforcementMap } from "./enforcement-map.ts";
import { unsafeTextIn } from "./overbroad.ts";
import { MAX_SESSION_POLICY, policyText, sessionPolicy } from "./session-policy.ts";
import { inEvent, placedSteps } from "./step-place.ts";

export interface Authority {
  readonly sessionPolicy: SessionPolicy;
  readonly enforcement: readonly EnforcementEntry[];
}

/** Of a trust policy what is asked here: which actions it opens. */
type OpenActions = {
  readonly actions: readonly Pick<TrustPolicy["actions"][number], "action">[];
};

export interface DeriveOptions {
  /** NumericDate seconds: an earlier end than the contract's, of the decision or the class. */
  readonly notAfter?: number | undefined;
  /** Keys of targets that are encrypted; default: none is. */
  readonly targetKeys?: TargetKeys;
  /** Whether the session is cut before it leaves; default: it is not. */
  readonly isCut?: boolean;
  /** The chain whose last block's step it is; default: none, and it is the contract's. */
  readonly chain?: Chain | undefined;
}

/**
 * The session policy and the enforcement map of one step (PROTOCOL.md §12). `step` is the effective
 * step: the contract's, narrowed by every block and, for a call, by {@link narrowToOperation}.
 *
 * Refuses with `ACTION_UNREGISTERED`, `CONTRACT_OVERBROAD`, `SESSION_POLICY_INEXPRESSIBLE`,
 * `SESSION_POLICY_TOO_LARGE` or, when no time is left, `CONTRACT_EXPIRED`.
 * @throws {Fault} `INTERNAL_FAULT` when the step is not of this contract.
 */
export function deriveAuthority(
  contract: Contract,
  step: Step,
  trustPolicy: OpenActions,
  { notAfter = contract.exp, targetKeys = NO_KEYS, isCut = false, chain }: DeriveOptions = {},
): Authority | Refusal {
  const bounds = placedSteps(step.id, contract, chain);
  const own = bounds.at(-1);
  if (own === undefined || bounds.length !== 1 + (chain?.blocks.length ?? 0)) {
    throw new Fault("INTERNAL_FAULT", `step ${step.id} is not of this contract and chain`);
  }
  const place = inEvent(pointer("", own.path));

  const problem =
    unregistered(step, trustPolicy, place) ??
    unsafeTextIn(step, place) ??
    misplaced(contract, step, place) ??
    unshareable(step, place);
  if (problem !== undefined) return problem;
  // Whole seconds, rounded towards less: no evaluator of `aws:CurrentTime` needs to read fractions.
  const exp = Math.floor(Math.min(contract.exp, notAfter));
  if (exp <= contract.nbf)
    return refuse("CONTRACT_EXPIRED", "no time is left in the contract's window", "/contract/exp");

  const enforcement = enforcementMap(contract, step, { bounds, chain });
  if (isRefusal(enforcement)) return enforcement;
  const [keys, ...others] = keysOf(step, targetKeys);
  if (others.length > 0) return severalServices([keys, ...others], place);
  const { account, region, nbf } = contract;
  const policy = sessionPolicy({ step, account, region, nbf, exp, keys, isCut });
  const size = policyText(policy).length;
  if (size > MAX_SESSION_POLICY) return tooLarge(size, place);
  return { sessionPolicy: policy, enforcement };
}

/**
 * Dropping what does not fit would widen or break what was signed: refused instead (VAI-147,
 * ADV-40).
 */
const tooLarge = (size: number, place: string): Refusal =>
  refuse(
    "SESSION_POLICY_TOO_LARGE",
    `the session policy has ${size} characters, AWS takes ${MAX_SESSION_POLICY}; split the step`,
    place,
  );

function keysOf({ actions, resources }: Step, targetKeys: TargetKeys): NeededKeys[] {
  const targeted = actions.flatMap((action) => {
    const descriptor = descriptorOf(action);
    const accepts = (resource: string): boolean =>
      descriptor?.target.pattern.test(resource) === true;
    return descriptor === undefined ? [] : [{ descriptor, targets: resources.filter(accepts) }];
  });
  return callKeys(targeted, targetKeys);
}

/** One condition of a session policy holds for all its uses of an action: what two services need, none can say. */
const severalServices = (of: readonly (NeededKeys | undefined)[], place: string): Refusal =>
  refuse(
    "SESSION_POLICY_INEXPRESSIBLE",
    `the targets are encrypted for ${of.map((each) => each?.service).join(" and ")}; split the step by service`,
    pointer(place, ["resources"]),
  );

function unregistered(step: Step, { actions }: OpenActions, place: string): Refusal | undefined {
  const index = step.actions.findIndex(
    (action) =>
      descriptorOf(action) === undefined || !actions.some((each) => each.action === action),
  );
  if (index < 0) return undefined;
  const detail = `${step.actions[index]} is not an action that this trust plane runs`;
  return refuse("ACTION_UNREGISTERED", detail, pointer(place, ["actions", index]));
}

/**
 * The complements spare every action and every resource of a step, together: a resource policy that invites the session
 * could lend it one action on what another is for. Where that other is a form that must never be called, a function
 * without its qualifier, the action stands alone.
 */
function unshareable({ actions }: Step, place: string): Refusal | undefined {
  const index = actions.findIndex((action) => descriptorOf(action)?.isWiderInIam === true);
  return index < 0 || actions.length === 1
    ? undefined
    : refuse(
        "SESSION_POLICY_INEXPRESSIBLE",
        `${actions[index]} needs a step of its own`,
        pointer(place, ["actions", index]),
      );
}

/**
 * A resource that no action of the step can work on, or an action without one, would be a bound
 * that nobody holds.
 */
function misplaced(contract: Contract, step: Step, place: string): Refusal | undefined {
  const accepts = (action: string, resource: string): boolean =>
    descriptorOf(action)?.target.pattern.test(resource) === true;
  for (const [index, resource] of step.resources.entries()) {
    const arn = parseArn(resource);
    const isUsable = step.actions.some((action) => accepts(action, resource));
    if (arn !== undefined && disagreement(arn, contract) === undefined && isUsable) continue;
    const detail = `${resource} is not a target of the step's actions where the contract lives`;
    return refuse("SESSION_POLICY_INEXPRESSIBLE", detail, pointer(place, ["resources", index]));
  }
  const idle = step.actions.findIndex(
    (action) => !step.resources.some((resource) => accepts(action, resource)),
  );
  if (idle < 0) return undefined;
  const detail = `${step.actions[idle]} has no resource that it can work on`;
  return refuse("SESSION_POLICY_INEXPRESSIBLE", detail, pointer(place, ["actions", idle]));
}
