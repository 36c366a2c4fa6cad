import { type HandedOn, handedOnNarrows } from "../../lib/continuity/narrowing.ts";
import type { Constraint, Scalar } from "../../lib/contract/constraint.ts";
import { narrows, satisfies } from "../../lib/contract/constraint.ts";
import type { Delegation } from "../../lib/contract/delegation.ts";
import { constraintNarrows } from "../../lib/contract/narrowing.ts";
import type { Step } from "../../lib/contract/step.ts";
import { stepNarrows } from "../../lib/contract/step-narrows.ts";
import { constraint, scalar } from "./constraints.ts";
import type { Dice } from "./dice.ts";
import { Dice as Rolled } from "./dice.ts";
import { type Fuzzer, fuzz } from "./fuzzer.ts";
import {
  accepts,
  allows,
  delegationNarrowsPlainly,
  type PlainOperation,
  stepNarrowsPlainly,
  verdict,
} from "./naive-narrowing.ts";

const NAMES = ["amount", "toString", "zone"] as const;
const ACTIONS = ["a:One", "a:Two"] as const;
const RESOURCES = ["arn:aws:a:::x", "arn:aws:a:::y"] as const;
/** Of the deepest chain. */
const BLOCKS = 33;

const some = <T>(dice: Dice, from: readonly T[]): T[] => {
  const picked = from.filter(() => dice.roll(3) > 0);
  return picked.length > 0 ? picked : [dice.pick(from)];
};

function stepOf(dice: Dice): Step {
  const names = NAMES.filter(() => dice.roll(3) > 0);
  const parameters = Object.fromEntries(names.map((name) => [name, constraint(dice)]));
  const totals = names.includes("amount") && dice.hits(3) ? { amount: dice.roll(14) } : undefined;
  return {
    ...{ type: "aws", id: dice.pick(["s", "t"]) },
    ...{ actions: some(dice, ACTIONS), resources: some(dice, RESOURCES) },
    parameters: dice.hits(12) ? "unbounded" : parameters,
    limits: { calls: 1 + dice.roll(3), ...(totals && { totals }) },
    ...(dice.hits(4) && { gate: dice.pick(["none", "approval", "refreshContext"] as const) }),
    ...(dice.hits(4) && { after: [dice.pick(["p", "q"])] }),
  };
}

/** Mostly narrower than the parent's, now and then by a hair wider. */
function constraintBelow(parent: Constraint, dice: Dice): Constraint {
  switch (dice.roll(7)) {
    case 0:
      return constraint(dice);
    case 1:
      return { all: [constraint(dice), parent] };
    case 2:
      return { exact: scalar(dice) };
    case 3:
      return "range" in parent
        ? { range: shifted(parent.range, dice) }
        : { all: [parent, { notOneOf: [scalar(dice)] }] };
    default:
      return parent;
  }
}

const shifted = (
  range: { readonly min?: number | undefined; readonly max?: number | undefined },
  dice: Dice,
) =>
  Object.fromEntries(
    Object.entries(range)
      .filter(() => !dice.hits(12))
      .map(([name, value = 0]) => [name, value + (dice.roll(3) - 1)]),
  );

function stepBelow(parent: Step, dice: Dice): Step {
  if (dice.hits(14)) return { ...stepOf(dice), id: parent.id };
  const { parameters: outer, limits } = parent;
  const parameters =
    outer === "unbounded"
      ? outer
      : Object.fromEntries(
          Object.entries(outer)
            .filter(() => !dice.hits(40))
            .map(([name, each]) => [name, constraintBelow(each, dice)]),
        );
  return {
    ...parent,
    ...(dice.hits(3) && { actions: some(dice, parent.actions) }),
    ...(dice.hits(3) && { resources: some(dice, parent.resources) }),
    parameters,
    ...(dice.hits(20) && { limits: { ...limits, calls: 1 + dice.roll(3) } }),
    ...(dice.hits(30) && { gate: "none" }),
    ...(dice.hits(30) && { after: [dice.pick(["p", "q"])] }),
  };
}

function operation(dice: Dice): PlainOperation {
  const names = NAMES.filter(() => dice.roll(4) > 0);
  return {
    ...{ action: dice.pick(ACTIONS), resource: dice.pick(RESOURCES) },
    parameters: Object.fromEntries(names.map((name) => [name, scalar(dice)])),
  };
}

const delegation = (dice: Dice): Delegation => ({
  ...{ maxDepth: dice.roll(BLOCKS), retain: dice.hits(2) },
  ...{ labels: dice.hits(3) ? ["a"] : [], planes: dice.hits(4) ? ["p"] : [] },
});

function held(dice: Dice): HandedOn {
  const steps = dice.hits(3)
    ? [
        { ...stepOf(dice), id: "s" },
        { ...stepOf(dice), id: "t" },
      ]
    : [stepOf(dice)];
  return {
    ...{ exp: 100, authorization_details: steps, deliveries: some(dice, ["execute", "handle"]) },
    ...{ delegation: delegation(dice), retain: false },
  };
}

/** What is handed on of it: now and then by a hair wider. */
const heldBelow = (parent: HandedOn, dice: Dice): HandedOn => ({
  exp: parent.exp - (dice.roll(4) - 1) * (dice.hits(6) ? 1 : 0),
  authorization_details: parent.authorization_details.map((each) =>
    dice.hits(4) ? stepBelow(each, dice) : each,
  ),
  deliveries: dice.hits(40) ? ["handle"] : parent.deliveries,
  delegation: dice.hits(20) ? delegation(dice) : parent.delegation,
  retain: dice.hits(20),
});

/** What a triple came to: it says something when the child narrows and accepts. */
interface Said {
  readonly isTelling: boolean;
  readonly problem?: string;
}

const told = (...of: readonly unknown[]): string => JSON.stringify(of);

function constraintTriple(dice: Dice): Said {
  const parent = constraint(dice);
  const child = constraintBelow(parent, dice);
  const found = constraintNarrows(child, parent);
  const code = found.narrows ? "accepted" : found.code === "CONSTRAINT_REMOVED" ? "R" : "V";
  if (code !== verdict(child, parent))
    return { isTelling: true, problem: `${code} ${told(child, parent)}` };
  if (found.narrows !== narrows(child, parent))
    return { isTelling: true, problem: told(child, parent) };
  const values: (Scalar | undefined)[] = [undefined, scalar(dice), scalar(dice), scalar(dice)];
  for (const value of values) {
    if (satisfies(child, value) !== accepts(child, value)) {
      return { isTelling: true, problem: `accepts ${told(child, value)}` };
    }
  }
  const accepted = found.narrows ? values.filter((value) => accepts(child, value)) : [];
  const wider = accepted.find((value) => !accepts(parent, value));
  return wider === undefined
    ? { isTelling: accepted.length > 0 }
    : { isTelling: true, problem: `wider at ${told(wider, child, parent)}` };
}

function stepTriple(dice: Dice): Said {
  const parent = stepOf(dice);
  const child = stepBelow(parent, dice);
  const { narrows: found } = stepNarrows(child, parent);
  if (found !== stepNarrowsPlainly(child, parent)) {
    return { isTelling: true, problem: `${found} ${told(child, parent)}` };
  }
  return found ? operations(dice, child, [parent]) : { isTelling: false };
}

/** Operations of which the last step allows some: what it allows, all above it allow. */
function operations(dice: Dice, last: Step, above: readonly Step[]): Said {
  let isTelling = false;
  for (let tries = 0; tries < 4; tries++) {
    const asked = operation(dice);
    if (!allows(last, asked)) continue;
    isTelling = true;
    const wider = above.find((step) => !allows(step, asked));
    if (wider) return { isTelling, problem: `wider at ${told(asked, last, wider)}` };
  }
  return { isTelling };
}

/** A chain from the contract on, as far as each block narrows the one before. */
function chainTriple(dice: Dice): Said {
  const chain = [held(dice)];
  const length = 1 + dice.roll(BLOCKS);
  for (let at = 1; at < length; at++) {
    const parent = chain[at - 1] as HandedOn;
    const child = heldBelow(parent, dice);
    const { narrows: found } = handedOnNarrows(child, parent);
    if (found !== heldPlainly(child, parent)) {
      return { isTelling: true, problem: `${found} ${told(child, parent)}` };
    }
    if (found) chain.push(child);
    else break;
  }
  const last = chain.at(-1) as HandedOn;
  const id = dice.pick(last.authorization_details).id;
  const steps = chain.flatMap((each) =>
    each.authorization_details.filter((step) => step.id === id),
  );
  if (steps.length !== chain.length) return { isTelling: true, problem: `added ${told(chain)}` };
  const above = steps.slice(0, -1);
  return chain.length === 1 ? { isTelling: false } : operations(dice, steps.at(-1) as Step, above);
}

const heldPlainly = (child: HandedOn, parent: HandedOn): boolean =>
  child.exp <= parent.exp &&
  child.deliveries.every((each) => parent.deliveries.includes(each)) &&
  delegationNarrowsPlainly(child.delegation, parent.delegation) &&
  (!child.retain || parent.delegation.retain) &&
  child.authorization_details.every((step) => {
    const outer = parent.authorization_details.find(({ id }) => id === step.id);
    return outer !== undefined && stepNarrowsPlainly(step, outer);
  });

const TRIPLES = [constraintTriple, stepTriple, chainTriple];

/** Of a hundred triples at least so many must say something, or the run shows nothing. */
const TELLING = 10;

/**
 * Parent, child and operation, of constraints, steps and chains of up to 33 blocks in turn: what a narrowing child
 * accepts its parent accepts, and verdict and code are those of the plain tables (POC-14, POC-15, POC-16).
 */
export const narrowingFuzzer: Fuzzer = {
  about:
    "what a narrowing constraint, step or chain accepts, all above it accept; --inputs 1000000",
  async run(seed, inputs, isOver) {
    const dice = new Rolled(seed);
    let telling = 0;
    const report = await fuzz(
      inputs,
      async (input) => {
        const { isTelling, problem } = (TRIPLES[input % TRIPLES.length] ?? constraintTriple)(dice);
        telling += isTelling ? 1 : 0;
        return problem;
      },
      isOver,
    );
    if (report.inputs < 1000 || telling * 100 >= report.inputs * TELLING) return report;
    const what = `only ${telling} of ${report.inputs} triples say anything`;
    const failures = [...report.failures, { input: report.inputs, what }];
    return { ...report, failureCount: report.failureCount + 1, failures };
  },
};
