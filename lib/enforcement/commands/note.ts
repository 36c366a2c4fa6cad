import { toInstant } from "../../clock.ts";
import { readContract } from "../../contract/contract.ts";
import { CHAIN_CEILING, intentIdOf } from "../../evidence/chain.ts";
import { contractView } from "../../evidence/intent-state.ts";
import { isRefusal } from "../../refusal.ts";
import { appendToIntent, ready, settled } from "../barriers/append.ts";
import type { RevokeDeps } from "../deps.ts";
import type { Failure, Judgement } from "../judgement.ts";
import { commandKey } from "../read/command-keys.ts";
import { type Intent, readIntent } from "../read/intent.ts";
import { requestedDraft, requestOf, SIGNALS } from "../records/denial.ts";
import { withOpening } from "../records/issuance.ts";
import { type CommandAnswer, replayed } from "./command.ts";
import { aboutTarget, type Denying, type Located, targetOf } from "./denying.ts";
import { readable } from "./locate.ts";

/**
 * Whether the contract ends by a signal of that kind, as its issuer has signed it. Where nobody can tell, because the
 * chain cannot be read, it does: not knowing never keeps authority alive.
 */
export async function isListened(
  deps: RevokeDeps,
  { trust, chainId, contract: given }: Located,
  { kind, contractDigest }: Extract<Denying, { readonly do: "signal" }>,
): Promise<boolean> {
  const wanted = SIGNALS[kind];
  if (given !== undefined) return given.claims.revokeOn?.includes(wanted) === true;
  const intent = await readable(deps, { trust, chainId });
  if (intent === undefined) return true;
  const bound = readContract(contractView(intent.state, contractDigest).bound?.contract);
  return isRefusal(bound) || bound.claims.revokeOn?.includes(wanted) === true;
}

/** A signal that the contract does not list is recorded and ends nothing. */
export async function note(
  judgement: Judgement<RevokeDeps>,
  { trust, chainId, command, contract, taken }: Located,
): Promise<CommandAnswer | Failure> {
  const { deps } = judgement;
  const breakGlass = contract?.claims.breakGlass?.policy;
  const start = isRefusal(trust) ? trust : await readIntent(deps, chainId, trust, { breakGlass });
  if (isRefusal(start)) return judgement.fail(start);
  judgement.learn({ intentId: intentIdOf(chainId) });
  const key = { ...commandKey(command), value: command.jws.digest };
  const requestedAt = toInstant(judgement.now);
  const done = await appendToIntent<Intent, RevokeDeps>(judgement, start, {
    prepare: (intent) => {
      // Beyond it a signal that ends nothing is not written: it must not use an intent up.
      const isLong = intent.state.head.seq >= CHAIN_CEILING;
      if (isLong || requestOf(intent, command.jws.compact) !== undefined) return settled(intent);
      const about = aboutTarget(intent, targetOf(command.claims), contract);
      const draft = requestedDraft(command, about, {
        ...{ requestedAt, committedAt: requestedAt },
        isEnding: false,
      });
      const drafts = contract === undefined ? [draft] : withOpening(intent, { contract }, [draft]);
      return ready({ drafts, ...(taken === undefined && { keys: [key] }) });
    },
    onTaken: () => judgement.fail(replayed()),
  });
  if (done.kind === "refused") return done.failure;
  const intent = done.kind === "settled" ? done.value : done.intent;
  const isTold = requestOf(intent, command.jws.compact) !== undefined;
  return {
    ...{ ok: true, deduplicated: isTold && done.kind === "settled", state: "NOTED", inFlight: 0 },
    points: [],
    ...(isTold && { evidence: { chainId, seq: intent.state.head.seq } }),
  };
}
