import type { Operation } from "../../actions/descriptor.ts";
import { judgeOperation } from "../../authority/derive/judge-operation.ts";
import { type Bound, judgeWithin } from "../../continuity/bounds.ts";
import type { Chain } from "../../continuity/chain.ts";
import type { ReadContract } from "../../contract/contract.ts";
import { callsOf, type Step } from "../../contract/step.ts";
import { documentDigest } from "../../encoding/canonical-json.ts";
import type { Digest } from "../../encoding/digest.ts";
import { contractView } from "../../evidence/intent-state.ts";
import { NOTHING_SPENT, type Spent, totalKey } from "../../evidence/spent.ts";
import { pointer, type Refusal, refuse } from "../../refusal.ts";
import type { Judgement } from "../judgement.ts";
import type { Intent } from "../read/intent.ts";
import { stage } from "../stage.ts";

interface Aimed {
  readonly contract: ReadContract;
  /** `undefined`: the contract alone bounds. */
  readonly chain: Chain | undefined;
  readonly stepId: string;
  /** The step of that name, effective, if contract and blocks have one. */
  readonly step: Step | undefined;
  readonly operation: Operation | undefined;
}

const STEP = stage<Aimed, Judgement>("scope")
  .take("step", ({ step, stepId }) =>
    step === undefined
      ? refuse(
          "STEP_MISMATCH",
          `contract and chain have no step "${stepId}" that can be asked for`,
          "/request/step",
        )
      : { step },
  )
  .check(
    "operation",
    ({ contract, chain, stepId, operation }) =>
      // Credentials name no operation; that nobody would total theirs is judged as `authority`.
      operation &&
      judgeWithin(stepId, contract, chain, (step, bound) =>
        judgeOperation(step, operation, contract.claims, ownerOf(bound)),
      ),
  );

/** As `vai chain show` names it; the root says what the contract said before it. */
const ownerOf = ({ block }: Bound): string =>
  block === undefined ? "the contract" : `block ${block.claims.depth}`;

/**
 * Stage `scope` of `issue` (PROTOCOL.md §4): step, operation, then the sums over all grants of the step, and the calls of
 * each block's: those of the contract are judged before, since a contract that is used up has ended.
 */
export const SCOPE = stage<Spending, Judgement>("scope")
  .include(STEP)
  .check("totals", ({ operation, ...spending }) => {
    if (operation === undefined) return undefined;
    const { stepId, contract, chain } = spending;
    return judgeWithin(stepId, contract, chain, (step, bound) =>
      judgeTotals(operation, step, spentIn(spending, bound)),
    );
  })
  .check("calls", (spending) => {
    const { stepId, contract, chain } = spending;
    return judgeWithin(stepId, contract, chain, (step, bound) =>
      bound.block === undefined ? undefined : judgeCalls(step, bound, spentIn(spending, bound)),
    );
  });

type Spending = Aimed & { readonly intent: Intent };

/** What was used of a bound: contract and roots are one place, and branches share what is above them. */
function spentIn(
  { contract, intent: { state } }: Pick<Spending, "contract" | "intent">,
  { block }: Bound,
): Spent {
  const view = contractView(state, contract.digest);
  if (block === undefined || block.claims.depth === 0) return view;
  return view.tree.blocks.get(block.digest) ?? NOTHING_SPENT;
}

function judgeCalls(step: Step, { at }: Bound, { uses }: Spent): Refusal | undefined {
  const used = uses.get(step.id) ?? 0;
  const allowed = callsOf(step);
  return used < allowed
    ? undefined
    : refuse(
        "SCOPE_EXCEEDED",
        `step ${step.id} of ${at} allows ${allowed} call(s), ${used} are used`,
        "/request/step",
      );
}

/**
 * Stage `scope` of `execute`: the operation under the step that was granted, and the very one that was granted if
 * the grant names one. Totals were reserved then.
 */
export const REDEMPTION_SCOPE = stage<
  Aimed & { readonly operation: Operation; readonly grantedOperation: Digest | undefined },
  Judgement
>("scope")
  .include(STEP)
  .check("grantedOperation", ({ grantedOperation, operation }) =>
    grantedOperation === undefined || grantedOperation === documentDigest(operation)
      ? undefined
      : refuse(
          "CONTRACT_MISMATCH",
          "the handle was issued for another operation of the same step",
          "/request/operation",
        ),
  );

function judgeTotals(
  operation: Operation,
  step: Step,
  { totals: reserved }: Spent,
): Refusal | undefined {
  for (const [parameter, ceiling] of Object.entries(step.limits?.totals ?? {})) {
    const where = pointer("/request/operation/parameters", [parameter]);
    const value = operation.parameters[parameter];
    if (typeof value !== "number" || value < 0) {
      return refuse(
        "PARAMETER_OUT_OF_BOUNDS",
        `${parameter} must be an integer of at least 0, it is totalled`,
        where,
      );
    }
    const sum = (reserved.get(totalKey(step.id, parameter)) ?? 0) + value;
    if (sum > ceiling) {
      return refuse(
        "SCOPE_EXCEEDED",
        `${parameter} would sum to ${sum}; the step's total is ${ceiling}`,
        where,
      );
    }
  }
  return undefined;
}

/** What a grant reserves of the step's totals; judged before, so every value is an integer. */
export const reservedTotals = (
  operation: Operation | undefined,
  step: Step,
): Record<string, number> =>
  Object.fromEntries(
    Object.keys(step.limits?.totals ?? {}).map((name) => [
      name,
      Number(operation?.parameters[name]),
    ]),
  );
