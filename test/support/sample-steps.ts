import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import type { ActionDescriptor } from "../../lib/actions/descriptor.ts";
import type { Constraint, Scalar } from "../../lib/contract/constraint.ts";
import type { Step } from "../../lib/contract/step.ts";

/** A step that some action can be asked for. */
export interface SampleStep {
  readonly name: string;
  readonly step: Step;
}

type Parameters = Readonly<Record<string, Constraint>>;

/** Values for every parameter of PROTOCOL.md §9; each action takes those that it knows. */
const VALUES: Readonly<Record<string, Scalar>> = {
  "key/pk": "svc-a",
  "set/weight": 10,
  "expect/state": "on",
  alias: "live",
  version: "7",
  percent: 10,
  body: "{}",
  contentType: "application/json",
  overwrite: false,
  value: "on",
  expect: "off",
  desiredCount: 2,
  "payload/clientToken": "ref-1",
  "payload/amount": 100,
};

const another = (value: Scalar): Scalar =>
  typeof value === "string" ? `${value}b` : typeof value === "number" ? value + 1 : !value;

/** Kinds of constraints: each gives the session policy another form. */
const KINDS: Readonly<Record<string, (value: Scalar) => Constraint>> = {
  exact: (value) => ({ exact: value }),
  oneOf: (value) => ({ oneOf: [value, another(value)] }),
  prefix: (value) => (typeof value === "string" ? { prefix: value } : { exact: value }),
  range: (value) =>
    typeof value === "number" ? { range: { min: 0, max: value } } : { oneOf: [value] },
  notOneOf: (value) => ({ notOneOf: [another(value)] }),
  all: (value) =>
    typeof value === "string"
      ? { all: [{ prefix: value.slice(0, 2) }, { notOneOf: [another(value)] }] }
      : { exact: value },
};

/** Each action of the catalogue under each kind of constraint, and the forms that are not of one. */
export function sampleSteps(): SampleStep[] {
  const ofEach = CATALOGUE.flatMap((descriptor) => {
    const kinds = Object.entries(KINDS).map(([kind, constrain]) =>
      stepOf(`${descriptor.action} ${kind}`, [descriptor], parametersOf(descriptor, constrain)),
    );
    return [...kinds, stepOf(`${descriptor.action} unbounded`, [descriptor], "unbounded")];
  });
  const families = [...new Set(CATALOGUE.map(({ family }) => family))].map((family) => {
    const actions = CATALOGUE.filter((each) => each.family === family && !each.isWiderInIam);
    return stepOf(`all of ${family}`, actions, "unbounded");
  });
  const item = CATALOGUE.filter(({ action }) => action === "dynamodb:UpdateItem");
  const composite: Parameters = {
    "key/pk": { oneOf: ["svc-a", "svc-b"] },
    "key/sk": { prefix: "2026-" },
    "set/weight": { exact: 1 },
    "set/gone": { absent: true },
  };
  return distinct([
    ...ofEach,
    ...families,
    stepOf("dynamodb:UpdateItem with two key attributes", item, composite),
  ]);
}

function parametersOf(
  descriptor: ActionDescriptor,
  constrain: (value: Scalar) => Constraint,
): Parameters {
  const known = Object.entries(VALUES).filter(([name]) => descriptor.knows(name));
  return Object.fromEntries(known.map(([name, value]) => [name, constrain(value)]));
}

/** On two targets, so that each can be taken away. */
function stepOf(
  name: string,
  descriptors: readonly ActionDescriptor[],
  parameters: Step["parameters"],
): SampleStep {
  const resources = [...new Set(descriptors.map(({ target }) => target.example))];
  const [first = ""] = resources;
  const second = first.replace(/.$/, (last) => (last === "7" ? "8" : "7"));
  const actions = descriptors.map(({ action }) => action);
  return {
    name,
    step: { type: "aws", id: "step", actions, resources: [...resources, second], parameters },
  };
}

/** Actions without parameters have one form, whatever the kind. */
const distinct = (samples: readonly SampleStep[]): SampleStep[] => [
  ...new Map(samples.map((each) => [JSON.stringify(each.step), each])).values(),
];
