import { type Contract, readContract } from "../contract/contract.ts";
import type { Digest } from "../encoding/digest.ts";
import { readJws } from "../encoding/jws.ts";
import type { ContractView } from "../evidence/intent-state.ts";
import { isRefusal } from "../refusal.ts";

/** What a bound contract says that operators look at, and the policy that decided it. */
export interface Terms {
  readonly contract: Contract;
  readonly policy:
    | { readonly id: string; readonly version: string; readonly digest: string }
    | undefined;
}

/** Contracts do not change: what was read last is kept. */
const known = new Map<Digest, Terms>();
const KEPT = 64;

/** The terms of a contract that its chain has bound; `undefined` for one that is not bound, or cannot be read. */
export function termsOf(digest: Digest, { bound }: ContractView): Terms | undefined {
  const before = known.get(digest);
  if (before !== undefined || bound === undefined) return before;
  const contract = readContract(bound.contract);
  if (isRefusal(contract)) return undefined;
  const decision = readJws(bound.proof?.decision, "vai-decision+jwt");
  const terms = {
    contract: contract.claims,
    policy: decision.ok ? policyIn(decision.value.payload) : undefined,
  };
  if (known.size >= KEPT) known.clear();
  known.set(digest, terms);
  return terms;
}

function policyIn(payload: unknown): Terms["policy"] {
  const { policy } = payload as { policy?: Partial<Record<"id" | "version" | "digest", unknown>> };
  const { id, version, digest } = policy ?? {};
  const isWhole = [id, version, digest].every((each) => typeof each === "string");
  return isWhole ? { id: String(id), version: String(version), digest: String(digest) } : undefined;
}
