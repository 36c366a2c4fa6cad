import type { RefusedAnswer } from "./answer.ts";
import type { CommandAnswer } from "./commands/command.ts";
import { COMMANDS, GOVERN_ORDER, ORDERS, READ_COMMAND } from "./commands/table.ts";
import type { GovernDeps, Invocation } from "./deps.ts";
import { isFailure, Judgement } from "./judgement.ts";
import { refuseCommand } from "./refused/command.ts";

/**
 * Commands of people (PROTOCOL.md §10): the event names one, and its own table judges it. Never throws: a fault ends in a
 * refusal.
 * @param event whatever the caller sent, of any shape.
 */
export async function govern(
  event: unknown,
  deps: GovernDeps,
  invocation: Invocation,
): Promise<CommandAnswer | RefusedAnswer> {
  const judgement = new Judgement(deps, invocation, GOVERN_ORDER, event);
  try {
    const read = judgement.judge(READ_COMMAND, { raw: event });
    if (isFailure(read)) return await refuseCommand(judgement, read);
    judgement.follow(ORDERS[read.op]);
    const result = await COMMANDS[read.op](judgement, read.members);
    return isFailure(result) ? await refuseCommand(judgement, result) : result;
  } catch (fault) {
    return refuseCommand(judgement, judgement.faulted(fault));
  }
}
