import type { IdentityView } from "../../evidence/fold.ts";
import { type Refusal, refuse } from "../../refusal.ts";
import type { RevokeDeps } from "../deps.ts";
import type { Failure, Judgement } from "../judgement.ts";

/** How far a denial has come at one point (PROTOCOL.md §10). Times in RFC 3339. */
interface PointState {
  readonly point: "adapter" | "iam" | "session";
  /** Of points `iam` and `session`: the execution role. */
  readonly role?: string;
  readonly requestedAt: string;
  /** Absent until then. */
  readonly acknowledgedAt?: string;
}

/** What came of a command; of an identity that had ended before, its state. */
export type CommandState =
  | "PUBLISHED"
  | "REVOKED"
  | "HALTED"
  | "NOTED"
  | "LIFTED"
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

/** Members of a command's event besides `op`; none of them is judged yet. */
export type Members = Readonly<Record<string, unknown>>;

/** Judges one command by its own table, and does it. */
export type Command = (
  judgement: Judgement<RevokeDeps>,
  members: Members,
) => Promise<CommandAnswer | Failure>;

/** What the form of a command lacks, and where. */
export const malformed = (detail: string, where: string): Refusal =>
  refuse("COMMAND_MALFORMED", detail, where);

/** Another command has the id. */
export const replayed = (): Refusal =>
  refuse("NONCE_REPLAYED", "the jti belongs to another command", "/command/jti");
