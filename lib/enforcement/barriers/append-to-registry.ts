import { sha256Digest } from "../../encoding/digest.ts";
import { REGISTRY_CHAIN } from "../../evidence/chain.ts";
import type { InForce } from "../../evidence/details.ts";
import type { TakenKey } from "../../evidence/ports.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import { isRefusal, type Refusal } from "../../refusal.ts";
import { type Restrictions, restrictionsText } from "../../trust/restrictions.ts";
import type { PlaneDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import { readTrust } from "../read/registry.ts";
import type { RegistryHead } from "../read/registry-port.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import { backOff, type Settled, sealBatch } from "./append.ts";
import { storeChange } from "./store-change.ts";

/** Records of `plane/registry` with the restrictions that are in force behind them, which each of them names. */
export interface RegistryStep {
  readonly restrictions: Restrictions;
  readonly drafts: (inForce: InForce) => readonly RecordDraft[];
  readonly keys?: readonly TakenKey[];
}

/** What an append continues. */
export interface RegistryTail {
  readonly trust: TrustSnapshot;
  /** The counter of marks on the chain's head. */
  readonly marked: unknown;
}

export interface RegistryAppended {
  readonly kind: "appended";
  readonly seq: number;
  /** The time of its records; RFC 3339. */
  readonly at: string;
}

/**
 * Appends to `plane/registry` in one transaction with the restrictions. When somebody was faster the step is prepared
 * again for what is in force then.
 * @param seen what this very invocation has read: the first try continues it.
 * @throws {Fault} when store or signer fail.
 */
export async function appendToRegistry<T = never>(
  judgement: Judgement<PlaneDeps>,
  prepare: (trust: TrustSnapshot, isFirst: boolean) => Promise<RegistryStep | Settled<T> | Refusal>,
  seen?: RegistryTail,
): Promise<RegistryAppended | Settled<T> | Refusal> {
  for (let attempt = 0; ; attempt++) {
    const isFirst = attempt === 0;
    const tail = (isFirst ? seen : undefined) ?? (await readTail(judgement.deps));
    if (isRefusal(tail)) return tail;
    const { trust, marked } = tail;
    judgement.believe(trust);
    const step = await prepare(trust, isFirst);
    if (isRefusal(step) || "kind" in step) return step;
    const placed = await commit(judgement, step, trust, marked);
    if (placed !== undefined) return { kind: "appended", ...placed };
    await backOff(judgement, attempt);
  }
}

async function readTail(deps: PlaneDeps): Promise<RegistryTail | Refusal> {
  const { heads, trust } = await readTrust(deps);
  return isRefusal(trust) ? trust : { trust, marked: heads.registryChain.marks.marked };
}

/** @returns number and time of the last record; nothing when somebody was faster. */
async function commit(
  judgement: Judgement<PlaneDeps>,
  { restrictions, drafts, keys = [] }: RegistryStep,
  { head: from, policy }: TrustSnapshot,
  marked: unknown,
): Promise<Omit<RegistryAppended, "kind"> | undefined> {
  const text = restrictionsText(restrictions);
  const inForce = {
    version: from.version,
    trustPolicyDigest: from.trustPolicyDigest,
    restrictionsDigest: sha256Digest(text),
  };
  const head = { seq: from.seq, hash: from.recordHash };
  const tail = { chainId: REGISTRY_CHAIN, head, marked };
  const batch = { drafts: drafts(inForce), keys };
  const { append, records } = await sealBatch(judgement, tail, batch, policy);
  const to: RegistryHead = { ...inForce, seq: append.to.seq, recordHash: append.to.hash };
  const result = await storeChange(judgement.deps, { from, to, restrictions: text, append });
  const last = records.at(-1);
  return result === "appended" && last !== undefined
    ? { seq: append.to.seq, at: last.record.event.at }
    : undefined;
}
