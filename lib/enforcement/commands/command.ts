import type { IdentityView } from "../../evidence/intent-state.ts";
import { REVOCATIONS } from "../../lifecycle/revocation-policy.ts";
import { type Refusal, refuse } from "../../refusal.ts";
import { type RefusedAnswer, refusedAnswer } from "../answer.ts";
import type { GovernDeps } from "../deps.ts";
import type { Failure, Judgement } from "../judgement.ts";
import type { PointState } from "../points/iam-points.ts";

/** What came of a command; of an identity that had ended before, its state. */
export type CommandState =
  | "PUBLISHED"
  | "BOUND"
  | "RECORDED"
  | "SUPERSEDED"
  | "REVOKED"
  | "HALTED"
  | "NOTED"
  | "LIFTED"
  | "REVIEWED"
  | IdentityView["state"];

/** The answer to a command of people (PROTOCOL.md §10). */
export interface CommandAnswer {
  readonly ok: true;
  /** Whether this very command had its effect already. */
  readonly deduplicated: boolean;
  readonly state: CommandState;
  /** Covered identities that may be running. */
  readonly inFlight: number;
  readonly points: readonly PointState[];
  /** Absent while the record is owed; the same command again tells. */
  readonly evidence?: { readonly chainId: string; readonly seq: number };
}

/** The denial stands at the adapter, and IAM did not take it. */
export type UnreachedAnswer = RefusedAnswer &
  Pick<CommandAnswer, "state" | "inFlight" | "points" | "evidence">;

/** How far a denial has come. */
export interface Reached extends Pick<CommandAnswer, "state" | "inFlight" | "points" | "evidence"> {
  /** Whether this very command had its effect already. */
  readonly isKnown: boolean;
  /** Execution roles that it did not reach. */
  readonly unreached: readonly string[];
}

/** The answer to a denial: done, or refused though it stands, because sessions of a role may go on (PROTOCOL.md §10). */
export function answerOf({
  isKnown,
  unreached,
  ...reached
}: Reached): CommandAnswer | UnreachedAnswer {
  if (unreached.length === 0) return { ok: true, deduplicated: isKnown, ...reached };
  const detail = `the denial stands at the adapter and did not reach ${unreached.join(", ")}: see whether IAM lets the plane write ${REVOCATIONS} there; sweep goes on trying`;
  const refusal = refuse("REVOCATION_FAILED", detail);
  return { ...refusedAnswer({ stage: "execution", refusal }), ...reached };
}

/** Members of a command's event besides `op`; none of them is judged yet. */
export type Members = Readonly<Record<string, unknown>>;

/** Judges one command by its own table, and does it. */
export type GovernCommand = (
  judgement: Judgement<GovernDeps>,
  members: Members,
) => Promise<CommandAnswer | Failure>;

/** What the form of a command lacks, and where. */
export const malformed = (detail: string, where: string): Refusal =>
  refuse("COMMAND_MALFORMED", detail, where);

/** Another command has the id. */
export const replayed = (): Refusal =>
  refuse("NONCE_REPLAYED", "the jti belongs to another command", "/command/jti");
