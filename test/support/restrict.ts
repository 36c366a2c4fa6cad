import { changeRestrictions } from "../../lib/enforcement/commands/change-restrictions.ts";
import { Judgement } from "../../lib/enforcement/judgement.ts";
import { readCommand } from "../../lib/lifecycle/command.ts";
import { isRestricting } from "../../lib/lifecycle/restrict.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { type Change, changed } from "./mutate.ts";
import type { Plane } from "./plane.ts";

/** Restrictions of another form, in one transaction with a record that says so. */
export async function restrict(plane: Plane, change: Change): Promise<void> {
  const command = readCommand(plane.command({ do: "haltActor", actorId: "nobody" }));
  if (isRefusal(command) || !isRestricting(command)) throw new Error("is no command");
  const judgement = new Judgement(plane.deps, plane.invocation(), [], {});
  const done = await changeRestrictions(judgement, { command, cosign: undefined }, (trust) => ({
    restrictions: changed(trust.restrictions, change, plane.world.now),
  }));
  if (isRefusal(done)) throw new Error(`was refused: ${JSON.stringify(done)}`);
}
