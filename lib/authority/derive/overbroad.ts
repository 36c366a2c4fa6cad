import { descriptorOf } from "../../actions/catalogue.ts";
import { isIamLiteral } from "../../actions/iam-text.ts";
import type { Constraint } from "../../contract/constraint.ts";
import type { Contract } from "../../contract/contract.ts";
import type { Step } from "../../contract/step.ts";
import { pointer, type Refusal, refuse } from "../../refusal.ts";
import { parseArn } from "../evaluate/arn.ts";

/**
 * `CONTRACT_OVERBROAD` at the first place where a contract names more than it seems to: text that
 * IAM would expand (VAI-148, ADV-04, ADV-05), or the trust plane's own resources, with which it
 * could rewrite its own evidence.
 * @param ownPrefix - what the names of the plane's own resources begin with, such as `vai-local-`
 */
export function overbroadProblem(contract: Contract, ownPrefix: string): Refusal | undefined {
  for (const [index, step] of contract.authorization_details.entries()) {
    const problem = unsafeTextIn(step, pointer("/contract", ["authorization_details", index]));
    if (problem !== undefined) return problem;
  }
  for (const { resource, place } of resourcesOf(contract)) {
    if (!isIamLiteral(resource)) return unsafe("a resource", place);
    if (isOwn(resource, ownPrefix)) {
      return refuse("CONTRACT_OVERBROAD", "names a resource of the trust plane itself", place);
    }
  }
  return undefined;
}

interface PlacedResource {
  readonly resource: string;
  readonly place: string;
}

function resourcesOf(contract: Contract): PlacedResource[] {
  const { authorization_details: steps, assumptions = [], rollback } = contract;
  const at = (resource: string, path: PropertyKey[]): PlacedResource => ({
    resource,
    place: pointer("/contract", path),
  });
  return [
    ...steps.flatMap(({ resources }, step) =>
      resources.map((each, index) => at(each, ["authorization_details", step, "resources", index])),
    ),
    ...assumptions.map(({ resource }, index) => at(resource, ["assumptions", index, "resource"])),
    ...(rollback === undefined
      ? []
      : [at(rollback.operation.resource, ["rollback", "operation", "resource"])]),
  ];
}

/**
 * Any part of the name, in any letter case: `table/<name>`, `function:<name>`,
 * `log-group:/aws/lambda/<name>`, a bucket.
 */
function isOwn(resource: string, ownPrefix: string): boolean {
  const name = parseArn(resource)?.resource ?? resource;
  return name.split(/[:/]/).some((part) => part.toLowerCase().startsWith(ownPrefix.toLowerCase()));
}

/**
 * The first resource, parameter name or value of a step that the session policy would carry and IAM
 * would expand.
 */
export function unsafeTextIn(step: Step, place: string): Refusal | undefined {
  const resource = step.resources.findIndex((each) => !isIamLiteral(each));
  if (resource >= 0) return unsafe("a resource", pointer(place, ["resources", resource]));
  if (step.parameters === "unbounded") return undefined;
  for (const [name, constraint] of Object.entries(step.parameters)) {
    if (carriedTexts(step, name, constraint).every(isIamLiteral)) continue;
    return unsafe("a name or value that IAM carries", pointer(place, ["parameters", name]));
  }
  return undefined;
}

/**
 * What of one parameter the session policy would hold: the wildcard of a prefix is ours, everything
 * else is not.
 */
const carriedTexts = ({ actions }: Step, name: string, constraint: Constraint): string[] =>
  actions
    .flatMap((action) => descriptorOf(action)?.iamBounds({ [name]: constraint }) ?? [])
    .flatMap(({ patterns, like }) =>
      like ? patterns.map((each) => each.replace(/\*$/, "")) : patterns,
    );

const unsafe = (what: string, place: string): Refusal =>
  refuse(
    "CONTRACT_OVERBROAD",
    `${what} holds *, ?, \${ or more than printable ASCII, which IAM would expand or refuse`,
    place,
  );
