import { type Refusal, refuse } from "../../refusal.ts";
import type { PlaneDeps } from "../deps.ts";
import type { Failure, Judgement } from "../judgement.ts";

/** The answer to a command of people (PROTOCOL.md §10). */
export interface CommandAnswer {
  readonly ok: true;
  /** Whether this very command had its effect already. */
  readonly deduplicated: boolean;
  readonly state: "PUBLISHED";
  readonly inFlight: 0;
  readonly points: readonly [];
  readonly evidence: { readonly chainId: string; readonly seq: number };
}

/** Members of a command's event besides `op`; none of them is judged yet. */
export type Members = Readonly<Record<string, unknown>>;

/** Judges one command by its own table, and does it. */
export type Command = (
  judgement: Judgement<PlaneDeps>,
  members: Members,
) => Promise<CommandAnswer | Failure>;

/** What the form of a command lacks, and where. */
export const malformed = (detail: string, where: string): Refusal =>
  refuse("COMMAND_MALFORMED", detail, where);
