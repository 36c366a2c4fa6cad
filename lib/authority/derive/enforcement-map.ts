import { descriptorOf } from "../../actions/catalogue.ts";
import type { ActionDescriptor } from "../../actions/descriptor.ts";
import type { Chain } from "../../continuity/chain.ts";
import type { Contract } from "../../contract/contract.ts";
import { gateOf, type Step } from "../../contract/step.ts";
import { pointer, type Refusal, refuse } from "../../refusal.ts";
import { inEvent, type PlacedStep } from "./step-place.ts";

/**
 * `trustPlane`: judged before STS. `iam`: held by the session policy. `adapter`: held where the
 * call is made, in what is called and with what.
 */
type Enforcer = "trustPlane" | "iam" | "adapter";

export interface EnforcementEntry {
  /** RFC 6901 pointer into the contract; of a block behind `/chain/<depth>`. */
  readonly constraint: string;
  readonly enforcedBy: readonly Enforcer[];
}

const ALL: readonly Enforcer[] = ["trustPlane", "iam", "adapter"];
const OURS: readonly Enforcer[] = ["trustPlane", "adapter"];

/** By what a step is bounded: the contract's step of its id and every block's, the effective one last. */
interface Bounding {
  readonly bounds: readonly PlacedStep[];
  readonly chain: Chain | undefined;
}

/**
 * Who holds what the contract says about one step: window, place, actions, resources, every
 * parameter and that there are no others, calls, totals, assumptions, obligations. Under a chain the
 * step is the last block's; of calls and totals each block's counts (PROTOCOL.md §8). Other steps of
 * the contract are no part of this identity at all. A constraint that nobody holds is a refusal,
 * never a silent loss (VAI-43, ADV-41).
 */
export function enforcementMap(
  contract: Contract,
  step: Step,
  { bounds, chain }: Bounding,
): EnforcementEntry[] | Refusal {
  const entries = [
    ...placeEntries(contract),
    ...(chain === undefined ? [] : [entry(["chain", chain.last.claims.depth, "exp"], ALL)]),
    ...stepEntries(step, bounds),
    ...dutyEntries(contract, step),
  ];
  const homeless = entries.find(({ enforcedBy }) => enforcedBy.length === 0);
  if (homeless === undefined) return entries;
  return refuse(
    "SESSION_POLICY_INEXPRESSIBLE",
    `nobody can enforce ${homeless.constraint}`,
    inEvent(homeless.constraint),
  );
}

const entry = (
  path: readonly PropertyKey[],
  enforcedBy: readonly Enforcer[],
): EnforcementEntry => ({
  constraint: pointer("", path),
  enforcedBy,
});

/**
 * The ARNs that IAM compares carry account and partition; where they carry no account (S3) the owner's
 * is a condition. The region is one too.
 */
const placeEntries = (contract: Contract): EnforcementEntry[] => [
  entry(["nbf"], ALL),
  entry(["exp"], ALL),
  entry(["account"], ["trustPlane", "iam"]),
  entry(["region"], ALL),
  ...(contract.partition === undefined ? [] : [entry(["partition"], ["trustPlane", "iam"])]),
];

function stepEntries(step: Step, bounds: readonly PlacedStep[]): EnforcementEntry[] {
  const { path: place = [] } = bounds.at(-1) ?? {};
  return [
    entry([...place, "actions"], step.actions.some(isWiderInIam) ? OURS : ALL),
    entry([...place, "resources"], ALL),
    ...parameterEntries(step, place),
    ...bounds.map(({ path }) => entry([...path, "limits", "calls"], ["trustPlane"])),
    ...orderEntries(step, place),
    ...bounds.flatMap(({ step: { limits }, path }) =>
      Object.keys(limits?.totals ?? {}).map((name) =>
        entry([...path, "limits", "totals", name], ["trustPlane"]),
      ),
    ),
  ];
}

/** An asynchronous invocation is `lambda:InvokeFunction` to IAM as well: that it is the one call, only we hold (POC-25). */
const isWiderInIam = (action: string): boolean => descriptorOf(action)?.isWiderInIam === true;

/** Order and gates are judged before STS; a context that is to be refreshed is read once more before the call. */
const orderEntries = (step: Step, place: readonly PropertyKey[]): EnforcementEntry[] => [
  ...((step.after ?? []).length === 0 ? [] : [entry([...place, "after"], ["trustPlane"])]),
  ...(gateOf(step) === "none" ? [] : [entry([...place, "gate"], ["trustPlane"])]),
];

/** `unbounded` leaves to IAM what it says: action, resource, window and region (PROTOCOL.md §2). */
function parameterEntries(
  { actions, parameters }: Step,
  place: readonly PropertyKey[],
): EnforcementEntry[] {
  if (parameters === "unbounded") return [entry([...place, "parameters"], ["iam"])];
  const descriptors = actions.map(descriptorOf);
  const names = Object.keys(parameters);
  return [
    entry([...place, "parameters"], OURS),
    ...names.map((name) => {
      const isKnown = descriptors.every((descriptor) => descriptor?.knows(name) === true);
      const isCarried = (descriptor: ActionDescriptor | undefined): boolean =>
        descriptor?.carriesInIam(name, parameters) === true;
      const enforcedBy = !isKnown ? [] : descriptors.every(isCarried) ? ALL : OURS;
      return entry([...place, "parameters", name], enforcedBy);
    }),
  ];
}

/**
 * An obligation of a kind that this version does not fulfil has nobody who enforces it, nor has a read-back of an
 * action whose effect nobody can read.
 */
const dutyEntries = (
  { assumptions = [], obligations = [], rollback }: Contract,
  { actions }: Step,
): EnforcementEntry[] => [
  ...assumptions.map(({ recheck }, index) =>
    entry(["assumptions", index], recheck ? OURS : ["trustPlane"]),
  ),
  ...obligations.map(({ kind }, index) => {
    const isUnseen = kind === "readBack" && !actions.every(isReadBack);
    return entry(["obligations", index], isUnseen ? [] : (DUTIES.get(kind) ?? []));
  }),
  ...(rollback === undefined ? [] : [entry(["rollback"], OURS)]),
];

const isReadBack = (action: string): boolean => descriptorOf(action)?.readBack !== undefined;

/** A read-back is looked at where the call was made; what an evaluator has to attest is waited for. */
const DUTIES: ReadonlyMap<string, readonly Enforcer[]> = new Map([
  ["readBack", ["adapter"]],
  ["event", ["trustPlane"]],
]);
