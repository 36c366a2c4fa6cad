import { readContract } from "../contract/contract.ts";
import { sha256Digest } from "../encoding/digest.ts";
import type { ChainHead } from "../evidence/chain.ts";
import { intentIdOf, isIntentChain } from "../evidence/chain.ts";
import { foldIntent } from "../evidence/fold.ts";
import type { IdentityView, IntentState } from "../evidence/intent-state.ts";
import {
  type ChainDefect,
  type ChainIdentity,
  type OpenRecord,
  openChain,
} from "../evidence/open.ts";
import type { HeadView, StoredRow, TakenKey } from "../evidence/ports.ts";
import { readCommand } from "../lifecycle/command.ts";
import { readMarks } from "../lifecycle/mark.ts";
import { viewOf } from "../lifecycle/view.ts";
import { isRefusal } from "../refusal.ts";
import { commandKey } from "./read/command-keys.ts";
import { bindingKeys, grantedKeys } from "./records/keys.ts";

/** Everything that State holds of one chain, but for marks and counters: those are nowhere else. */
export interface ChainProjection {
  readonly chainId: string;
  readonly head: ChainHead;
  /** What stands on the head while anything is open. */
  readonly seen?: HeadView;
  readonly keys: readonly TakenKey[];
}

/**
 * State is a projection: what it holds of a chain, made from the chain's rows in Evidence alone. Seals and links
 * are verified first, and a chain that does not hold is projected by nobody. Whether rows are missing at its end only
 * State or an older export tells: compare with one (`vai verify`) before State is written.
 * @param now milliseconds.
 */
export function projectChain(
  rows: readonly StoredRow[],
  chain: ChainIdentity,
  now: number,
): ChainProjection | ChainDefect {
  const last = rows.at(-1);
  const end = last && { seq: last.seq, hash: sha256Digest(last.record) };
  const opened = openChain({ rows, head: end }, chain);
  if ("defect" in opened) return opened;
  const { chainId } = chain;
  const { records, head } = opened;
  const commands = records.flatMap(commandKeys);
  if (!isIntentChain(chainId)) return { chainId, head, keys: commands };
  const state = foldIntent(records, head);
  const marks = readMarks({});
  const seen = viewOf({ intentId: intentIdOf(chainId), state, marks, now });
  const keys = [...intentKeys(chainId, state), ...commands];
  return { chainId, head, keys, ...(seen !== undefined && { seen }) };
}

/** What State holds of an intent besides its head: who took which key. */
const intentKeys = (chainId: string, state: IntentState): TakenKey[] => [
  ...[...state.identities.values()].flatMap(retryKeysOf),
  ...bindings(chainId, state),
];

/** The keys that one transaction of an intent took: those of what its records have added. */
export function keysOfStep(
  chainId: string,
  records: readonly OpenRecord[],
  { from, to }: { readonly from: ChainHead; readonly to: ChainHead },
): TakenKey[] {
  const own = records.slice(from.seq, to.seq);
  const keysAt = (head: ChainHead): TakenKey[] =>
    intentKeys(chainId, foldIntent(records.slice(0, head.seq), head));
  const before = new Set(keysAt(from).map(({ pk, sk }) => `${pk} ${sk}`));
  const added = keysAt(to).filter(({ pk, sk }) => !before.has(`${pk} ${sk}`));
  return [...added, ...own.flatMap(commandKeys)];
}

/** Of the issuance, and of the redemption where there was one; a rollback takes none. */
function retryKeysOf(identity: IdentityView): TakenKey[] {
  if (identity.rollbackOf !== undefined) return [];
  const { executor, contractDigest, identityId, expiresAt, redemption } = identity;
  const grant = { identityId, expiresAt: Date.parse(expiresAt) };
  const keys = (use: "issue" | "execute", { idempotencyKey, requestJti: jti }: Names) =>
    grantedKeys({ executor, contractDigest, use, idempotencyKey, jti }, grant);
  return [
    ...keys("issue", identity),
    ...(redemption === undefined ? [] : keys("execute", redemption)),
  ];
}
type Names = Pick<IdentityView, "idempotencyKey" | "requestJti">;

function bindings(chainId: string, { contracts }: IntentState): TakenKey[] {
  return [...contracts.values()].flatMap(({ bound }) => {
    const contract = readContract(bound?.contract);
    return isRefusal(contract) ? [] : bindingKeys(chainId, contract);
  });
}

/** Who holds the id of a command that is on record. */
function commandKeys({ record: { detail } }: OpenRecord): TakenKey[] {
  if (detail["command"] === undefined) return [];
  const command = readCommand(detail["command"]);
  return isRefusal(command) ? [] : [{ ...commandKey(command), value: command.jws.digest }];
}
