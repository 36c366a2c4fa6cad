import type { Reconciled } from "../../evidence/details.ts";
import type { IdentityView } from "../../evidence/intent-state.ts";
import { readBack } from "../../execution/run.ts";
import { overdue } from "../../lifecycle/due.ts";
import { type SweepDeps, targetPlace } from "../deps.ts";
import type { Intent } from "../read/intent.ts";
import { recordedOperation } from "../read/operation.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";

/** Looks at the targets of executions whose outcome nobody recorded; what cannot be seen is told as that. */
export async function reconcile(
  deps: SweepDeps,
  intent: Intent,
  trust: TrustSnapshot,
): Promise<ReadonlyMap<string, Reconciled>> {
  const lost = [...intent.state.identities.values()].filter((identity) =>
    isToBeSeen(identity, deps.clock()),
  );
  const seen = await Promise.all(
    lost.map(
      async ({ identityId }) =>
        [identityId, await lookAt(deps, intent, trust, identityId)] as const,
    ),
  );
  return new Map(seen);
}

/** What nobody knows of a call, or a promise that its effect be seen. */
function isToBeSeen(identity: IdentityView, now: number): boolean {
  const what = overdue(identity, now);
  const isOwed = (identity.duties ?? []).some(({ kind }) => kind === "readBack");
  return what === "executionLost" || (what === "dutyOpen" && isOwed);
}

async function lookAt(
  deps: SweepDeps,
  { records }: Intent,
  trust: TrustSnapshot,
  identityId: string,
): Promise<Reconciled> {
  const operation = recordedOperation(
    records.map(({ record }) => record),
    identityId,
  );
  const governed = trust.policy.actions.find(({ action }) => action === operation?.action);
  const descriptor = operation && deps.descriptorOf(operation.action);
  if (operation === undefined || governed === undefined || descriptor?.readBack === undefined)
    return "unseen";
  try {
    const credentials = await deps.readerCredentials(governed.readerRoleArn, descriptor.family);
    const seen = await readBack(descriptor, operation, { ...targetPlace(deps), credentials });
    if (seen === undefined) return "unseen";
    return seen.matches ? "matches" : "differs";
  } catch {
    return "unseen";
  }
}
