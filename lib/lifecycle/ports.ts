import type { ChainHead } from "../evidence/chain.ts";
import type { HeadView, TakenKey } from "../evidence/ports.ts";
import type { DecisionNeeded } from "../proof/decision-needed.ts";
import type { Mark } from "./mark.ts";
import type { Revoked } from "./revocation-policy.ts";

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
  /** Sets right what a head shows, unless it has moved since. @throws the same. */
  show(shown: HeadShown): Promise<void>;
}

/** What a head that was read is to show; nothing (`null`) while nothing is open. */
export interface HeadShown {
  readonly chainId: string;
  readonly head: ChainHead;
  /** The counter of marks that was read with it. */
  readonly marked: unknown;
  readonly seen: HeadView | null;
}

/** As much of an open identity as a denial covers it by, and where its session is; nobody vouches for it. */
export interface OpenIdentity {
  readonly id?: unknown;
  readonly contractDigest?: unknown;
  readonly actor?: string;
  readonly jkt: string;
  readonly state?: unknown;
  readonly delivery?: unknown;
  readonly roleArn?: unknown;
}

/** Where denials are committed (PROTOCOL.md §10). */
export interface DenialStore {
  /**
   * Intents' chains that speak of an identity, by index; an index lags, so that one that was just issued may not be found
   * yet, and whoever writes Evidence can have it name further ones.
   */
  chainsOf(identityId: string): Promise<string[]>;
  /** Chains that issued an identity since an instant, in RFC 3339, by index. @throws {Fault} `DEPENDENCY_UNAVAILABLE`. */
  issuedSince(since: string): Promise<string[]>;
  /** Chains that bound a contract since an instant, which a refused request does too. @throws the same. */
  boundSince(since: string): Promise<string[]>;
  /** What State holds under a key, strongly consistent. @throws {Fault} `DEPENDENCY_UNAVAILABLE`. */
  valueOf(key: Pick<TakenKey, "pk" | "sk">): Promise<string | undefined>;
  /**
   * Adds a mark and raises the counter that every append is bound to, in one transaction. `taken`: the key is held
   * already, and nothing was done. @throws {Fault} `EVIDENCE_STORE_UNAVAILABLE`.
   */
  mark(step: MarkStep): Promise<"marked" | "taken">;
}

/** Which sessions of a role are denied, by rows of State: what each writer of its policy reads (PROTOCOL.md §10, Points). */
export interface RevokedStore {
  /** @throws {Fault} `EVIDENCE_STORE_UNAVAILABLE`. */
  add(role: string, revoked: readonly Revoked[]): Promise<void>;
  /** Those that are not over, strongly consistent; `now` in seconds. @throws {Fault} `DEPENDENCY_UNAVAILABLE`. */
  list(role: string, now: number): Promise<Revoked[]>;
}

/** Has what is due done at once, not a minute later; it is done then anyway, so nobody hears of a failure. */
export type WakeSweep = () => Promise<void>;

/**
 * Says outside of the plane what people are asked for. They find it in `vai status` anyway, so nobody hears of a failure,
 * and it takes a moment at most.
 */
export type AskPeople = (needed: readonly DecisionNeeded[]) => Promise<void>;

/** What came of asking as one session whether IAM denies it: by IAM's own word, or nobody knows. */
export type ProbeAnswer = "denied" | "allowed" | "unknown";

/**
 * Asks IAM whether it denies sessions of a role by their name, as a session that shares nothing with them but that (PROTOCOL.md
 * §10, point `session`). Never throws: what is not known is no denial.
 */
export type AskIam = (role: string, session: string) => Promise<ProbeAnswer>;

/**
 * The inline policy of execution roles. Both throw a {Fault}: `REVOCATION_FAILED` when IAM refuses, so that trying again
 * is of no use; `DEPENDENCY_UNAVAILABLE` when nobody knows.
 */
export interface RolePolicies {
  /** The document as IAM has it; nothing for none. */
  read(role: string): Promise<string | undefined>;
  write(role: string, document: string): Promise<void>;
}

/**
 * Objects of emergencies: put once, never overwritten or deleted, and read as if nobody could hide one. Keys begin with
 * `break-glass/`.
 */
export interface BreakGlassStore {
  /** What was ever put under a key, in all versions, the oldest last. @throws {Fault} `DEPENDENCY_UNAVAILABLE`. */
  read(key: string): Promise<readonly string[]>;
  /** Puts an object unless there is one; `false` when there is. @throws the same. */
  putIfAbsent(key: string, text: string): Promise<boolean>;
  /** What the keys under a prefix go on with, up to the next slash. @throws the same. */
  names(under: string): Promise<readonly string[]>;
  /** Keys under a prefix that come behind another, in order, whatever hides them. @throws the same. */
  keys(under: string, behind: string): Promise<readonly string[]>;
}
