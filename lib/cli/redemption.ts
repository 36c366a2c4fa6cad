import { judgeOperation } from "../authority/derive/judge-operation.ts";
import { satisfies } from "../contract/constraint.ts";
import type { Step } from "../contract/step.ts";
import { canonicalize } from "../encoding/canonical-json.ts";
import type { Operation } from "../request/request.ts";
import type { HandleFile } from "./handle-file.ts";
import { CommandError, EXIT } from "./io.ts";
import { type SendingOptions, stepOf } from "./operation.ts";

/** The command that redeems a handle, as a person has to type it; `VALUE` stands for what is still to be chosen. */
export function redeemCommand(
  file: string,
  step: Step,
  operation: Operation | undefined,
  { key, outputs }: Pick<SendingOptions, "key" | "outputs">,
): string {
  return [
    `vai execute ${file}`,
    ...(operation === undefined ? openChoices(step) : []),
    ...(key === undefined ? [] : [`--key ${key}`]),
    ...(outputs === undefined ? [] : [`--outputs ${outputs}`]),
  ].join(" ");
}

/** What a handle without an operation leaves open, and the contract does not fix. */
function openChoices({ actions, resources, parameters }: Step): string[] {
  const names =
    parameters === "unbounded"
      ? []
      : Object.entries(parameters)
          .filter(([, constraint]) => !("exact" in constraint) && !satisfies(constraint, undefined))
          .map(([name]) => name);
  return [
    ...(actions.length > 1 ? ["--action ACTION"] : []),
    ...(resources.length > 1 ? ["--resource ARN"] : []),
    ...names.map((name) => `--set ${name}=VALUE`),
  ];
}

/**
 * Before a handle is redeemed: that the plane would not have to call it a violation, which ends the contract.
 * @throws {CommandError} with the code that the plane would give.
 */
export function requireInside(held: HandleFile, operation: Operation): void {
  const problem = problemOf(held, operation);
  if (problem === undefined) return;
  throw new CommandError(
    EXIT.unreadable,
    `not sent: ${problem}. A redemption outside the contract ends the contract; --force sends it all the same`,
  );
}

function problemOf(
  { claims, step, operation: issued }: HandleFile,
  operation: Operation,
): string | undefined {
  const refusal = judgeOperation(stepOf(claims, step), operation, claims);
  if (refusal !== undefined) return `${refusal.code}, ${refusal.detail}`;
  const isIssued = issued === undefined || canonicalize(issued) === canonicalize(operation);
  return isIssued ? undefined : "CONTRACT_MISMATCH, the handle was issued for another operation";
}
