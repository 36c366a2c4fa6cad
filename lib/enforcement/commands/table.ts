import { type Refusal, refuse } from "../../refusal.ts";
import type { GovernDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import { eventProblem } from "../read/event.ts";
import { type Order, point, stage } from "../stage.ts";
import { APPROVE_ORDER, approve } from "./approve.ts";
import { ATTEST_ORDER, attest } from "./attest.ts";
import { type GovernCommand, type Members, malformed } from "./command.ts";
import { LIFT_ORDER, lift } from "./lift.ts";
import { PUBLISH_ORDER, publishTrustPolicy } from "./publish-trust-policy.ts";
import { REGISTER_ORDER, register } from "./register.ts";
import { holdsReview, REVIEW_ORDER, review } from "./review.ts";
import { SUPERSEDE_ORDER, supersede } from "./supersede.ts";

/** A command's own JWS says whether it takes something back or reviews; each has its own table. */
const command: GovernCommand = (judgement, members) => {
  if (!holdsReview(members)) return lift(judgement, members);
  judgement.follow(REVIEWING);
  return review(judgement, members);
};

/** Every command that this version has; adding one is a file and a line. */
export const COMMANDS = {
  publishTrustPolicy,
  register,
  approve,
  attest,
  supersede,
  command,
} as const satisfies Record<string, GovernCommand>;

type Op = keyof typeof COMMANDS;

/** What every command passes first: the event's form, and which command it is. */
export const READ_COMMAND = stage<{ readonly raw: unknown }, Judgement<GovernDeps>>("parse").take(
  "parse",
  ({ raw }) => readCommand(raw),
);

const DURABLE = point("evidence", "durable");

/** What a command passes that reviews. */
export const REVIEWING: Order = [READ_COMMAND, ...REVIEW_ORDER, DURABLE];

/** What a command passes before it is known which, and the checks of each. */
export const GOVERN_ORDER: Order = [READ_COMMAND, DURABLE];
export const ORDERS: Readonly<Record<Op, Order>> = {
  publishTrustPolicy: [READ_COMMAND, ...PUBLISH_ORDER, DURABLE],
  register: [READ_COMMAND, ...REGISTER_ORDER, DURABLE],
  approve: [READ_COMMAND, ...APPROVE_ORDER, DURABLE],
  attest: [READ_COMMAND, ...ATTEST_ORDER, DURABLE],
  supersede: [READ_COMMAND, ...SUPERSEDE_ORDER, DURABLE],
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
    : refuse("NOT_SUPPORTED", `this version has ${Object.keys(COMMANDS).join(", ")}`, "/op");
}

const isOp = (op: string): op is Op => Object.hasOwn(COMMANDS, op);
