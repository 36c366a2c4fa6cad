import { limitProblem } from "../../encoding/strict-json.ts";
import { type Refusal, refuse } from "../../refusal.ts";
import type { PlaneDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import { type Order, point, stage } from "../stage.ts";
import { type Command, type Members, malformed } from "./command.ts";
import { PUBLISH_ORDER, publishTrustPolicy } from "./publish-trust-policy.ts";

/** Every command that this version has; adding one is a file and a line. */
export const COMMANDS = {
  publishTrustPolicy,
} as const satisfies Record<string, Command>;

type Op = keyof typeof COMMANDS;

/** Commands of the protocol that this version does not have: refused by name, never as unknown. */
const LATER: ReadonlySet<unknown> = new Set(["register", "supersede", "approve", "command"]);

/** What every command passes first: the event's form, and which command it is. */
export const READ_COMMAND = stage<{ readonly raw: unknown }, Judgement<PlaneDeps>>("parse").take(
  "parse",
  ({ raw }) => readCommand(raw),
);

/** The checks of all commands, in order. */
export const GOVERN_ORDER: Order = [READ_COMMAND, ...PUBLISH_ORDER, point("evidence", "durable")];

function readCommand(raw: unknown): { readonly op: Op; readonly members: Members } | Refusal {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    return malformed("the event is not a JSON object", "");
  }
  const problem = limitProblem(raw);
  if (problem !== undefined) return malformed(`the event ${problem.detail}`, problem.pointer);
  const { op, ...members } = raw as Members;
  if (LATER.has(op)) return refuse("NOT_SUPPORTED", `this version does not have ${op}`, "/op");
  return isOp(op) ? { op, members } : malformed(`must be ${Object.keys(COMMANDS)}`, "/op");
}

const isOp = (op: unknown): op is Op => typeof op === "string" && Object.hasOwn(COMMANDS, op);
