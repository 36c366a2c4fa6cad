import type { ReadContract } from "../../contract/contract.ts";
import { governedAction } from "../../contract/judge.ts";
import type { Step } from "../../contract/step.ts";
import { pointer, refuse } from "../../refusal.ts";
import type { Failure, Judgement } from "../judgement.ts";
import { isUnderUnnamedKey, type Lookable } from "../read/key-look.ts";
import type { Grant } from "./authority.ts";
import { CONTRACT } from "./contract.ts";

/** Milliseconds for all looks of one request together: a use that AWS then denies costs less than a request that waits. */
const PATIENCE = 2_000;

/**
 * No target of a grant lies under a KMS key that the deployment does not name, or the first that does: else its session
 * would be made, and a use spent, for calls that AWS denies. It is the deployment that does not open such a target, so the
 * refusal stands where {@link judgeOpened} would have put it, had the list of targets told.
 *
 * A handle that names no operation is judged when one is redeemed. One after the other, so that one session of the reader
 * looks at all, and what holds several is looked at once.
 */
export async function judgeTargetKeys(
  judgement: Judgement,
  contract: ReadContract,
  grant: Grant,
): Promise<Failure | undefined> {
  const { deps } = judgement;
  const until = deps.clock() + PATIENCE;
  for (const lookable of lookablesOf(judgement, grant)) {
    const left = until - deps.clock();
    if (left <= 0) return undefined;
    if (await isUnderUnnamedKey(deps, lookable, left)) return unnamed(contract, grant, lookable);
  }
  return undefined;
}

function lookablesOf(judgement: Judgement, grant: Grant): Lookable[] {
  const { policy } = judgement.requireTrust();
  const { descriptorOf } = judgement.deps;
  const { actions, resources } = aimOf(grant);
  return actions.flatMap((action) => {
    const descriptor = descriptorOf(action);
    const readerRoleArn = governedAction(policy, action)?.readerRoleArn;
    if (descriptor === undefined || readerRoleArn === undefined) return [];
    return resources
      .filter((resource) => descriptor.target.pattern.test(resource))
      .map((target) => ({ descriptor, target, readerRoleArn }));
  });
}

/** What a session of the grant can work on: its operation's target; delivered to its holder, whatever the step lets it. */
function aimOf({ delivery, operation, step }: Grant): Pick<Step, "actions" | "resources"> {
  if (operation !== undefined) {
    return { actions: [operation.action], resources: [operation.resource] };
  }
  return delivery === "credentials" ? step : { actions: [], resources: [] };
}

function unnamed(
  { claims: { authorization_details } }: ReadContract,
  { step: { id } }: Grant,
  { descriptor: { action }, target }: Lookable,
): Failure {
  const index = authorization_details.findIndex((step) => step.id === id);
  const position = authorization_details[index]?.resources.indexOf(target) ?? -1;
  return {
    stage: CONTRACT.name,
    check: "registeredActions",
    refusal: refuse(
      "ACTION_UNREGISTERED",
      `${target} lies under a KMS key, and this plane does not open ${action} on it with that key: its cloud team can, by adding the ARN with its key to targetKeys of the deployment file`,
      pointer("/contract", ["authorization_details", index, "resources", position]),
    ),
  };
}
