import type { TakenKey } from "../evidence/ports.ts";
import type { Mark } from "./mark.ts";

/** A denial to be committed on a chain's head, without any signature of the plane. */
export interface MarkStep {
  readonly chainId: string;
  readonly mark: Mark;
  /** Taken with it: the command's id. Left out when a denial that did not last is committed anew. */
  readonly key?: TakenKey;
}

/** Which intents have something open; a convenience that anybody who writes State can spoil (PROTOCOL.md §10, Views). */
export interface OpenStore {
  /** Chains with work at or before an instant, in RFC 3339. @throws {Fault} `DEPENDENCY_UNAVAILABLE`. */
  due(until: string): Promise<string[]>;
  /** Every chain with something open. @throws the same. */
  all(): Promise<string[]>;
  /** Every identity that is open by what the heads say; whoever writes State can hide some. @throws the same. */
  identities(): Promise<OpenIdentity[]>;
}

/** As much of an open identity as a halt or a revoked key covers it by. */
export interface OpenIdentity {
  readonly actor?: string;
  readonly jkt: string;
}

/** Where denials are committed (PROTOCOL.md §10). */
export interface DenialStore {
  /** The chain of an identity, by index; an index lags, so that one that was just issued may not be found yet. */
  chainOf(identityId: string): Promise<string | undefined>;
  /** Chains that issued an identity since an instant, in RFC 3339, by index. @throws {Fault} `DEPENDENCY_UNAVAILABLE`. */
  issuedSince(since: string): Promise<string[]>;
  /** What State holds under a key, strongly consistent. @throws {Fault} `DEPENDENCY_UNAVAILABLE`. */
  valueOf(key: Pick<TakenKey, "pk" | "sk">): Promise<string | undefined>;
  /**
   * Adds a mark and raises the counter that every append is bound to, in one transaction. `taken`: the key is held
   * already, and nothing was done. @throws {Fault} `EVIDENCE_STORE_UNAVAILABLE`.
   */
  mark(step: MarkStep): Promise<"marked" | "taken">;
}
