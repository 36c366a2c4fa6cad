import type { AppendResult } from "../../evidence/ports.ts";
import type { PlaneDeps } from "../deps.ts";
import type { RegistryChange } from "../read/registry-port.ts";

/** Stores a change. A lost answer is read back before it counts as failed. */
export async function storeChange(deps: PlaneDeps, change: RegistryChange): Promise<AppendResult> {
  try {
    return await deps.registry.commit(change);
  } catch (fault) {
    const stored = await deps.registry.readDocuments(change.to).catch(() => undefined);
    const [row] = change.append.rows;
    if (row !== undefined && stored?.last?.record === row.record) return "appended";
    throw fault;
  }
}
