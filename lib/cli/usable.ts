import { descriptorOf } from "../actions/catalogue.ts";
import { deriveAuthority } from "../authority/derive/derive.ts";
import { directMode } from "../authority/derive/direct-mode.ts";
import { judgeRollback } from "../authority/derive/judge-rollback.ts";
import { overbroadProblem } from "../authority/derive/overbroad.ts";
import { ownResourcePrefix, parsePlaneId } from "../config.ts";
import { type Contract, readContract, unsupportedMember } from "../contract/contract.ts";
import type { Step } from "../contract/step.ts";
import { isRefusal, pointer, type Refusal, refuse } from "../refusal.ts";
import { askProblem } from "./askable.ts";

/**
 * Why no plane of this version could ever grant anything under a contract, as far as that shows without a plane: form,
 * window, breadth, something that could be asked for, and an authority that can be derived. Whom a plane believes and
 * which actions it runs is in its trust policy, see `foreseen.ts`.
 */
export function uselessBecause(jws: string): Refusal | undefined {
  const read = readContract(jws);
  if (isRefusal(read)) return read;
  const { claims } = read;
  const plane = parsePlaneId(claims.aud);
  const prefix = plane && ownResourcePrefix(plane);
  const unsupported = unsupportedMember(claims);
  if (unsupported !== undefined) {
    const detail = `this version does not support ${unsupported}`;
    return refuse("NOT_SUPPORTED", detail, unsupported);
  }
  return (
    (prefix === undefined ? undefined : overbroadProblem(claims, prefix)) ??
    firstProblem(
      claims.authorization_details.map((step, index) => stepProblem(claims, step, index)),
    ) ??
    judgeRollback(claims)
  );
}

const firstProblem = (problems: readonly (Refusal | undefined)[]): Refusal | undefined =>
  problems.find((problem) => problem !== undefined);

function stepProblem(claims: Contract, step: Step, index: number): Refusal | undefined {
  const unknown = step.actions.findIndex((action) => descriptorOf(action) === undefined);
  if (unknown >= 0) {
    const place = pointer("/contract", ["authorization_details", index, "actions", unknown]);
    return refuse(
      "ACTION_UNREGISTERED",
      `${step.actions[unknown]} is not an action of this version`,
      place,
    );
  }
  const unaskable = askProblem(step, index);
  if (unaskable !== undefined) return unaskable;
  const derived = deriveAuthority(claims, step, {
    actions: step.actions.map((action) => ({ action })),
  });
  if (isRefusal(derived)) return derived;
  const isDirectOnly = claims.deliveries.every((delivery) => delivery === "credentials");
  const direct = isDirectOnly ? directMode(derived.enforcement, claims, step) : undefined;
  return isRefusal(direct) ? direct : undefined;
}
