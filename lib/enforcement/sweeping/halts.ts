import { INVOCATION_MILLISECONDS } from "../../config.ts";
import type { PointName } from "../../evidence/details.ts";
import type { EventType } from "../../evidence/events.ts";
import type { EvidenceRecord } from "../../evidence/record.ts";
import { Fault, isRefusal } from "../../refusal.ts";
import { settled } from "../barriers/append.ts";
import { appendToRegistry } from "../barriers/append-to-registry.ts";
import type { SweepDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import { registryRecords } from "../read/registry-records.ts";
import { acknowledgedDraft } from "../records/denial.ts";

/** What people stop for everybody. */
const HALTS: ReadonlySet<EventType> = new Set([
  "PlaneHalted",
  "AgentHalted",
  "KeyRevoked",
  "RootKeyRevoked",
]);

/** A halt that has reached the adapter, and when: one function's life behind it. */
interface ReachedHalt {
  readonly point: PointName;
  readonly milliseconds: number;
}

/**
 * Records of halts and revoked keys that they have reached the adapter (VAI-117): from then on nothing begins that they
 * cover. Nothing: what cannot be recorded now a later run records.
 */
export async function acknowledgeHalts(
  judgement: Judgement<SweepDeps>,
): Promise<ReachedHalt[] | undefined> {
  let reached: readonly string[] = [];
  try {
    const done = await appendToRegistry<undefined>(judgement, async (trust) => {
      const records = await registryRecords(judgement.deps, trust);
      if (isRefusal(records)) return records;
      reached = unacknowledged(records, judgement.deps.clock());
      if (reached.length === 0) return settled(undefined);
      const { restrictions } = trust;
      return {
        restrictions,
        drafts: (inForce) =>
          reached.map((at) =>
            acknowledgedDraft("adapter", at, Date.parse(at) + INVOCATION_MILLISECONDS, inForce),
          ),
      };
    });
    if (isRefusal(done)) return undefined;
    if (done.kind === "settled") return [];
  } catch (fault) {
    if (fault instanceof Fault) return undefined;
    throw fault;
  }
  return reached.map(() => ({ point: "adapter", milliseconds: INVOCATION_MILLISECONDS }));
}

/** Instants of halts behind which a function's life has passed, and of which no record says so yet. */
function unacknowledged(records: readonly EvidenceRecord[], now: number): string[] {
  const told = new Set(
    records
      .filter(
        ({ event, detail }) =>
          event.type === "RevocationAcknowledged" && detail["point"] === "adapter",
      )
      .map(({ detail }) => detail["requestedAt"]),
  );
  const halted = records
    .filter(({ event }) => HALTS.has(event.type))
    .map(({ event }) => event.at)
    .filter((at) => !told.has(at) && Date.parse(at) + INVOCATION_MILLISECONDS <= now);
  return [...new Set(halted)];
}
