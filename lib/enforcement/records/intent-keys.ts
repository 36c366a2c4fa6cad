import { readContract } from "../../contract/contract.ts";
import type { Digest } from "../../encoding/digest.ts";
import type { ChainHead } from "../../evidence/chain.ts";
import { foldIntent } from "../../evidence/fold.ts";
import type { ContractView, IdentityView, IntentState } from "../../evidence/intent-state.ts";
import type { OpenRecord } from "../../evidence/open.ts";
import type { TakenKey } from "../../evidence/ports.ts";
import { readCommand } from "../../lifecycle/command.ts";
import { isRefusal } from "../../refusal.ts";
import { commandKey } from "../read/command-keys.ts";
import { executorKey } from "../read/state-keys.ts";
import { blockKeys, delegatorKey, endingKeys } from "./delegation.ts";
import { bindingKeys, grantedKeys } from "./keys.ts";

/** What State holds of an intent besides its head: who took which key. */
export const intentKeys = (chainId: string, state: IntentState): TakenKey[] => [
  ...[...state.identities.values()].flatMap(retryKeysOf),
  ...bindings(chainId, state),
  ...[...state.identities.values()].flatMap(holderOf),
  ...[...state.contracts].flatMap(delegationKeys),
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

/** Whoever was granted something under a chain holds its key from then on. */
const holderOf = ({ blocks, executor, actor }: IdentityView): TakenKey[] =>
  blocks === undefined || actor === undefined ? [] : [{ ...executorKey(executor), value: actor }];

/** Of each block that was handed on, and each that an executor ended; whoever handed on under a block holds its key. */
const delegationKeys = ([digest, { tree }]: readonly [Digest, ContractView]): TakenKey[] => [
  ...[...tree.blocks.values()].flatMap((block) => {
    const parent = block.parent && tree.blocks.get(block.parent);
    const held = parent ? [delegatorKey(block.delegator, parent.agent)] : [];
    return [...blockKeys(digest, block), ...held];
  }),
  ...tree.endings.flatMap((ending) =>
    endingKeys(digest, ending, tree.blocks.get(ending.block)?.exp ?? 0),
  ),
];

type Names = Pick<IdentityView, "idempotencyKey" | "requestJti">;

function bindings(chainId: string, { contracts }: IntentState): TakenKey[] {
  return [...contracts.values()].flatMap(({ bound }) => {
    const contract = readContract(bound?.contract);
    return isRefusal(contract) ? [] : bindingKeys(chainId, contract);
  });
}

/** Who holds the id of a command that is on record. */
export function commandKeys({ record: { detail } }: OpenRecord): TakenKey[] {
  if (detail["command"] === undefined) return [];
  const command = readCommand(detail["command"]);
  return isRefusal(command) ? [] : [{ ...commandKey(command), value: command.jws.digest }];
}
