import { satisfies } from "./constraint.ts";
import type { Rollback } from "./rollback.ts";
import type { Step } from "./step.ts";

/** Why a member does not stand in the order of steps: its place in the contract, and prose. */
export interface OrderBreach {
  readonly path: PropertyKey[];
  readonly message: string;
}

/** The members of a contract on which its order hangs. */
interface Ordered {
  readonly authorization_details: readonly Step[];
  readonly assumptions?: readonly unknown[] | undefined;
  readonly deliveries: readonly string[];
  readonly obligations?: readonly { readonly kind: string }[] | undefined;
  readonly rollback?: Rollback | undefined;
}

const STEPS = "authorization_details";

/**
 * Whether the steps of a contract can be gone at all (PROTOCOL.md §2, "Order and gates", "Rollback"): each comes behind
 * steps that stand before it, so there is no circle; what is to be refreshed is there; the step that undoes is in no
 * order, stands behind the gate that nobody opens, and its operation is one that it allows.
 */
export function* orderBreaches(contract: Ordered): Generator<OrderBreach> {
  const steps = contract.authorization_details;
  for (const [index, step] of steps.entries()) {
    yield* afterBreaches(steps, index);
    yield* gateBreaches(contract, step, index);
  }
  yield* rollbackBreaches(contract);
}

/** In the boundary of a decision as in a contract: what comes first stands first. */
export function* afterBreaches(steps: readonly Step[], index: number): Generator<OrderBreach> {
  const earlier = new Map(steps.slice(0, index).map((step) => [step.id, step]));
  const seen = new Set<string>();
  for (const [place, id] of (steps[index]?.after ?? []).entries()) {
    const path = [STEPS, index, "after", place];
    const found = earlier.get(id);
    if (found === undefined) yield { path, message: "must be the id of a step that stands before" };
    else if (found.gate === "rollback") yield { path, message: "is a step that nobody asks for" };
    else if (seen.has(id)) yield { path, message: "names a step twice" };
    seen.add(id);
  }
}

function* gateBreaches(
  { assumptions = [], rollback }: Ordered,
  { id, gate, after = [] }: Step,
  index: number,
): Generator<OrderBreach> {
  const path = [STEPS, index, "gate"];
  if (gate === "refreshContext" && assumptions.length === 0) {
    yield { path, message: "needs assumptions that can be refreshed" };
  }
  if (gate !== "rollback") return;
  if (id !== rollback?.step) yield { path, message: "is for the step that rollback names" };
  if (after.length > 0) {
    yield { path: [STEPS, index, "after"], message: "has no place in a step of rollback" };
  }
}

function* rollbackBreaches({
  authorization_details: steps,
  deliveries,
  obligations = [],
  rollback,
}: Ordered): Generator<OrderBreach> {
  if (rollback === undefined) return;
  const direct = deliveries.indexOf("credentials");
  if (direct >= 0) {
    yield {
      path: ["deliveries", direct],
      message: "has no place beside rollback: nobody sees what a caller does with credentials",
    };
  }
  const step = steps.find(({ id }) => id === rollback.step);
  if (step?.gate !== "rollback") {
    yield { path: ["rollback", "step"], message: 'must name a step with the gate "rollback"' };
    return;
  }
  const place = operationBreach(step, rollback.operation);
  if (place !== undefined) {
    yield {
      path: ["rollback", "operation", ...place],
      message: `is not what step ${step.id} allows`,
    };
  }
  if (obligations.length === 0) {
    yield { path: ["rollback", "when"], message: "needs an obligation that can be unmet" };
  }
  const late = obligations.findIndex(({ kind }) => kind !== "readBack");
  if (late >= 0) {
    yield {
      path: ["obligations", late, "kind"],
      message: "must be readBack beside rollback, which is decided in the same invocation",
    };
  }
}

type Operation = Rollback["operation"];

/** Where an operation leaves its step, below the operation; what its action demands besides is judged with the actions. */
function operationBreach(
  { actions, resources, parameters: declared, limits }: Step,
  { action, resource, parameters }: Operation,
): PropertyKey[] | undefined {
  if (!actions.includes(action)) return ["action"];
  if (!resources.includes(resource)) return ["resource"];
  if (declared === "unbounded") return undefined;
  const undeclared = Object.keys(parameters).find((name) => !Object.hasOwn(declared, name));
  if (undeclared !== undefined) return ["parameters", undeclared];
  const unmet = Object.entries(declared).find(
    ([name, constraint]) =>
      !satisfies(constraint, Object.hasOwn(parameters, name) ? parameters[name] : undefined),
  );
  if (unmet !== undefined) return ["parameters", unmet[0]];
  const beyond = Object.entries(limits?.totals ?? {}).find(
    ([name, ceiling]) => !isWithin(parameters[name], ceiling),
  );
  return beyond && ["parameters", beyond[0]];
}

/** What is totalled is an integer of at least 0, and the one rollback takes no more than there is. */
const isWithin = (value: Operation["parameters"][string] | undefined, ceiling: number): boolean =>
  typeof value === "number" && value >= 0 && value <= ceiling;
