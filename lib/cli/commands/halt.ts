import type { AddCommand } from "../command.ts";
import { readDeployment } from "../deployment.ts";
import { CommandError, EXIT } from "../io.ts";
import { addOrderOptions, type OrderOptions } from "../order/options.ts";
import { sendOrder } from "../order/send.ts";
import { signedOrder } from "../order/sign.ts";

/** What is to be halted: by option, or by the words that lifts take too. */
interface Halted {
  readonly plane?: true;
  readonly actor?: string;
}

/** `vai halt`: stops everything, or everything of one actor, by one name. */
export const haltCommand: AddCommand = (halt, io, end) => {
  addOrderOptions(
    halt
      .option("--plane", "nothing is granted, redeemed or begun any more")
      .option("--actor <id>", "the same for one actor, by its id in contracts, under each key")
      .argument("[words...]", '"plane", or "actor" and its id, in place of the option'),
  ).action(async (words: readonly string[], options: Halted & OrderOptions) => {
    const verb = verbOf([...words, ...wordsOf(options)]);
    const deployment = readDeployment(io, options.outputs);
    const event = signedOrder(deployment, verb, options);
    end(await sendOrder(io, deployment, { to: "revoke", event }, options));
  });
};

const wordsOf = ({ plane, actor }: Halted): string[] => [
  ...(plane === true ? ["plane"] : []),
  ...(actor === undefined ? [] : ["actor", actor]),
];

/** One thing, said once: of two nobody knows which was meant. @throws {CommandError}. */
function verbOf([what, actorId, ...more]: readonly string[]) {
  if (what === "plane" && actorId === undefined) return { do: "haltPlane" } as const;
  if (what === "actor" && actorId !== undefined && more.length === 0) {
    return { do: "haltActor", actorId } as const;
  }
  throw new CommandError(EXIT.unreadable, "say what to halt: --plane, or --actor ID");
}
