import { type Refusal, refuse } from "../../refusal.ts";
import type { CommandDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import { eventProblem } from "../read/event.ts";
import { type Order, point, stage } from "../stage.ts";
import { type GovernCommand, type Members, malformed } from "./command.ts";
import { LIFT_ORDER, lift } from "./lift.ts";
import { PUBLISH_ORDER, publishTrustPolicy } from "./publish-trust-policy.ts";

/** Every command that this version has; adding one is a file and a line. */
export const COMMANDS = {
  publishTrustPolicy,
  command: lift,
} as const satisfies Record<string, GovernCommand>;

type Op = keyof typeof COMMANDS;

/** What every command passes first: the event's form, and which command it is. */
export const READ_COMMAND = stage<{ readonly raw: unknown }, Judgement<CommandDeps>>("parse").take(
  "parse",
  ({ raw }) => readCommand(raw),
);

const DURABLE = point("evidence", "durable");

/** What a command passes before it is known which, and the checks of each. */
export const GOVERN_ORDER: Order = [READ_COMMAND, DURABLE];
export const ORDERS: Readonly<Record<Op, Order>> = {
  publishTrustPolicy: [READ_COMMAND, ...PUBLISH_ORDER, DURABLE],
  command: [READ_COMMAND, ...LIFT_ORDER, DURABLE],
};

function readCommand(raw: unknown): { readonly op: Op; readonly members: Members } | Refusal {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    return malformed("the event is not a JSON object", "");
  }
  const problem = eventProblem(raw);
  if (problem !== undefined) return malformed(`the event ${problem.detail}`, problem.pointer);
  const { op, ...members } = raw as Members;
  if (typeof op !== "string") return malformed("must name a command", "/op");
  // Every other name is of a later version (PROTOCOL.md §10).
  return isOp(op)
    ? { op, members }
    : refuse(
        "NOT_SUPPORTED",
        `this version has ${Object.keys(COMMANDS).join(" and ")} alone`,
        "/op",
      );
}

const isOp = (op: string): op is Op => Object.hasOwn(COMMANDS, op);
