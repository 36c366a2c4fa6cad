import type { EndTrigger } from "../evidence/details.ts";
import type { EventType } from "../evidence/events.ts";
import type { RefusalCode } from "../refusal.ts";

/** How one trigger ends an identity (PROTOCOL.md §10). */
interface Ending {
  /** The terminal records that it may end with. */
  readonly records: readonly EventType[];
  /** What `execute` is then refused with. */
  readonly execute: readonly RefusalCode[];
  /** What `issue` is then refused with, where the contract ends too. */
  readonly issue: readonly RefusalCode[];
}

/** Everything that ends authority, who sees it, and what it leaves (VAI-106 to VAI-114). */
export const TRIGGERS = {
  /** The clock at each use, and `sweep`. */
  windowEnded: {
    records: ["IdentityExpired"],
    execute: ["IDENTITY_EXPIRED"],
    issue: ["CONTRACT_EXPIRED"],
  },
  /** Barrier 3, and `sweep`. */
  completed: {
    records: ["IdentityCompleted"],
    execute: ["DUPLICATE_EXECUTION"],
    issue: ["CONTRACT_CONSUMED"],
  },
  /** Stage `context`, the recheck, a signal. */
  contextChanged: {
    records: ["IdentityRevoked"],
    execute: ["IDENTITY_REVOKED"],
    issue: ["CONTRACT_REVOKED"],
  },
  /** Stage `proof`, a publication, a supersession, a signal. */
  policyChanged: {
    records: ["IdentityRevoked"],
    execute: ["IDENTITY_REVOKED", "POLICY_VERSION_STALE"],
    issue: ["CONTRACT_REVOKED", "DECISION_SUPERSEDED", "POLICY_VERSION_STALE"],
  },
  /** A signal. */
  riskSignal: {
    records: ["IdentityRevoked"],
    execute: ["IDENTITY_REVOKED"],
    issue: ["CONTRACT_REVOKED"],
  },
  /** Barrier 3, STS, `sweep`. */
  executionFailed: {
    records: ["IdentityCompleted", "IssuanceFailed", "ExecutionIncomplete"],
    // Of a handle that was never begun, because STS gave no session for it.
    execute: ["DUPLICATE_EXECUTION", "IDENTITY_REVOKED"],
    issue: ["CONTRACT_REVOKED", "CONTRACT_CONSUMED"],
  },
  /** A command, a halt, a revoked key. */
  operator: {
    records: ["IdentityRevoked"],
    execute: ["IDENTITY_REVOKED", "PLANE_HALTED", "AGENT_HALTED", "KEY_REVOKED"],
    issue: ["CONTRACT_REVOKED", "PLANE_HALTED", "AGENT_HALTED", "KEY_REVOKED"],
  },
  /** Barrier 3 that never came, by `sweep`; a mark that nobody signed. */
  evidenceFailed: {
    records: ["ExecutionIncomplete", "IdentityRevoked"],
    execute: ["DUPLICATE_EXECUTION", "IDENTITY_REVOKED"],
    issue: ["CONTRACT_CONSUMED", "CONTRACT_REVOKED"],
  },
  /** `execute`, stage `scope`. */
  violation: {
    records: ["IdentityRevoked"],
    execute: ["IDENTITY_REVOKED"],
    issue: ["CONTRACT_REVOKED"],
  },
  /** `withdraw`, a command that ends a block. */
  withdrawn: {
    records: ["IdentityRevoked"],
    execute: ["IDENTITY_REVOKED"],
    issue: ["CHAIN_BLOCK_REVOKED"],
  },
} as const satisfies Record<EndTrigger, Ending>;

/** Their names. */
export const TRIGGER_NAMES = Object.keys(TRIGGERS) as [EndTrigger, ...EndTrigger[]];
