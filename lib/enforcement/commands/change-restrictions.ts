import { sha256Digest } from "../../encoding/digest.ts";
import { REGISTRY_CHAIN } from "../../evidence/chain.ts";
import { type ReadCommand, readCommand } from "../../lifecycle/command.ts";
import { isRefusal, type Refusal } from "../../refusal.ts";
import { type Restrictions, restrictionsText } from "../../trust/restrictions.ts";
import { backOff, sealBatch } from "../barriers/append.ts";
import type { PlaneDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import { commandKey } from "../read/command-keys.ts";
import { readTrust } from "../read/registry.ts";
import type { RegistryHead } from "../read/registry-port.ts";
import { registryRecords } from "../read/registry-records.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import { replayed } from "./command.ts";
import { restrictionDraft, type Signed } from "./restriction-record.ts";
import { storeChange } from "./store-change.ts";

/** What a change makes of the restrictions in force; a refusal when they do not allow it. */
export type Change = (
  trust: TrustSnapshot,
) => { readonly restrictions: Restrictions; readonly instead?: string } | Refusal;

/** Where the change stands, and the trust that it was made under. */
export interface Changed {
  readonly trust: TrustSnapshot;
  readonly seq: number;
  /** When this very command did it before; RFC 3339. */
  readonly before?: string;
}

/**
 * Changes the restrictions in one transaction with its record on `plane/registry`. When somebody was faster the change is
 * judged again on what is in force then. A command whose record stands changes nothing again, whatever was lifted since.
 * @throws {Fault} when store or signer fail.
 */
export async function changeRestrictions(
  judgement: Judgement<PlaneDeps>,
  signed: Signed,
  change: Change,
): Promise<Changed | Refusal> {
  const { deps } = judgement;
  for (let attempt = 0; ; attempt++) {
    const { heads, trust } = await readTrust(deps);
    if (isRefusal(trust)) return trust;
    judgement.believe(trust);
    const before = await earlier(deps, trust, signed.command);
    if (before !== undefined) return isRefusal(before) ? before : { trust, ...before };
    const next = change(trust);
    if (isRefusal(next)) return next;
    const seq = await commit(judgement, signed, trust, heads.registryChain.marks.marked, next);
    if (seq !== undefined) return { trust, seq };
    await backOff(judgement, attempt);
  }
}

/** The record of this very command; another command with its `jti` is a replay. */
async function earlier(
  deps: PlaneDeps,
  trust: TrustSnapshot,
  { jws, claims }: ReadCommand,
): Promise<Pick<Changed, "seq" | "before"> | Refusal | undefined> {
  const records = await registryRecords(deps, trust);
  if (isRefusal(records)) return records;
  for (const { detail, chain, event } of records) {
    if (detail["command"] === jws.compact) return { seq: chain.seq, before: event.at };
    const read = detail["command"] === undefined ? undefined : readCommand(detail["command"]);
    if (read === undefined || isRefusal(read)) continue;
    const isSameId = read.claims.iss === claims.iss && read.claims.jti === claims.jti;
    if (isSameId) return replayed();
  }
  return undefined;
}

async function commit(
  judgement: Judgement<PlaneDeps>,
  signed: Signed,
  trust: TrustSnapshot,
  marked: unknown,
  next: { readonly restrictions: Restrictions; readonly instead?: string },
): Promise<number | undefined> {
  const { command } = signed;
  const { head: from, policy } = trust;
  const restrictions = restrictionsText(next.restrictions);
  const inForce = {
    version: from.version,
    trustPolicyDigest: from.trustPolicyDigest,
    restrictionsDigest: sha256Digest(restrictions),
  };
  const draft = restrictionDraft(signed, inForce, next.instead);
  const tail = {
    chainId: REGISTRY_CHAIN,
    head: { seq: from.seq, hash: from.recordHash },
    marked,
  };
  const keys = [{ ...commandKey(command), value: command.jws.digest }];
  const { append } = await sealBatch(judgement, tail, { drafts: [draft], keys }, policy);
  const to: RegistryHead = { ...inForce, seq: append.to.seq, recordHash: append.to.hash };
  const result = await storeChange(judgement.deps, { from, to, restrictions, append });
  return result === "appended" ? append.to.seq : undefined;
}
