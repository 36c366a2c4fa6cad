import type { InForce } from "../../evidence/details.ts";
import { type ReadCommand, readCommand } from "../../lifecycle/command.ts";
import { isRefusal, type Refusal } from "../../refusal.ts";
import type { Restrictions } from "../../trust/restrictions.ts";
import { settled } from "../barriers/append.ts";
import { appendToRegistry, type RegistryTail } from "../barriers/append-to-registry.ts";
import type { PlaneDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import { commandKey } from "../read/command-keys.ts";
import { registryRecords } from "../read/registry-records.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import { replayed } from "./command.ts";
import { restrictionDraft, type Signed } from "./restriction-record.ts";

/** What a change makes of the restrictions in force; a refusal when they do not allow it. */
type Change = (
  trust: TrustSnapshot,
) => { readonly restrictions: Restrictions; readonly instead?: string } | Refusal;

/** Where the change stands. */
export interface Changed {
  readonly seq: number;
  /** When it was committed; RFC 3339. */
  readonly at: string;
  /** Whether this very command did it before. */
  readonly isKnown: boolean;
}

/**
 * Changes the restrictions in one transaction with its record on `plane/registry`. When somebody was faster the change is
 * judged again on what is in force then. A command whose record stands changes nothing again, whatever was lifted since.
 * @param seen what this invocation has read, of a command whose id State does not know: its first try looks for no record,
 * so that a denial is three round trips. Whoever clears the id in State can have it stop things once more.
 * @throws {Fault} when store or signer fail.
 */
export async function changeRestrictions(
  judgement: Judgement<PlaneDeps>,
  signed: Signed,
  change: Change,
  seen?: RegistryTail,
): Promise<Changed | Refusal> {
  const { command } = signed;
  const prepare = async (trust: TrustSnapshot, isFirst: boolean) => {
    const isNew = isFirst && seen !== undefined;
    const before = isNew ? undefined : await earlier(judgement.deps, trust, command);
    if (before !== undefined) return isRefusal(before) ? before : settled(before);
    const next = change(trust);
    if (isRefusal(next)) return next;
    return {
      restrictions: next.restrictions,
      drafts: (inForce: InForce) => [restrictionDraft(signed, inForce, next.instead)],
      keys: [{ ...commandKey(command), value: command.jws.digest }],
    };
  };
  const result = await appendToRegistry<Changed>(judgement, prepare, seen);
  if (isRefusal(result)) return result;
  if (result.kind === "settled") return result.value;
  const { seq, at } = result;
  return { seq, at, isKnown: false };
}

/** The record of this very command; another command with its `jti` is a replay. */
async function earlier(
  deps: PlaneDeps,
  trust: TrustSnapshot,
  { jws, claims }: ReadCommand,
): Promise<Changed | Refusal | undefined> {
  const records = await registryRecords(deps, trust);
  if (isRefusal(records)) return records;
  for (const { detail, chain, event } of records) {
    if (detail["command"] === jws.compact) return { seq: chain.seq, at: event.at, isKnown: true };
    const read = detail["command"] === undefined ? undefined : readCommand(detail["command"]);
    if (read === undefined || isRefusal(read)) continue;
    const isSameId = read.claims.iss === claims.iss && read.claims.jti === claims.jti;
    if (isSameId) return replayed();
  }
  return undefined;
}
