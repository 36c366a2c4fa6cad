import type { StageName } from "../refusal.ts";
import { AGENT, MALFORMED } from "./explanations/agent.ts";
import { CONTEXT_ROWS, GOVERNANCE, IDENTITY_ROWS, TRUST_ROOTS } from "./explanations/governance.ts";
import { PLATFORM, VERIFIER } from "./explanations/platform.ts";

/** What a code means to whoever gets it, and what to do next. */
export interface Explanation {
  readonly means: string;
  /** Stages that give it (lambdas/PROTOCOL.md §4); none for what only `vai verify` says. */
  readonly stages: readonly StageName[];
  readonly next: string;
}

const ROWS = {
  ...MALFORMED,
  ...AGENT,
  ...GOVERNANCE,
  ...TRUST_ROOTS,
  ...CONTEXT_ROWS,
  ...IDENTITY_ROWS,
  ...PLATFORM,
  ...VERIFIER,
};

/** Every explained code, in the order of the failure domains. A test holds them against the codes that exist. */
export const EXPLANATIONS: ReadonlyMap<string, Explanation> = new Map(
  Object.entries(ROWS).map(([code, [means, stages, next]]) => [code, { means, stages, next }]),
);
