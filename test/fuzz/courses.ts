import type { Answer } from "../../lib/enforcement/answer.ts";
import { type Dependency, WAYS_TO_FAIL } from "../support/faults.ts";
import type { Governed, Mutation } from "../support/governed.ts";
import { newPlane, type Plane } from "../support/plane.ts";
import { Dice } from "./dice.ts";
import { type Fuzzer, fuzz } from "./fuzzer.ts";

const PLACES: readonly Dependency[] = [
  ...(["heads:read", "evidence:read", "evidence:write", "state:write", "signer:key"] as const),
  ...(["signer:sign", "planeSigner:sign", "sts", "reader"] as const),
  ...(["target:preRead", "target:call", "target:readBack"] as const),
];
const CALLS = 2;
const contract = (deliveries: readonly string[]) => ({
  set: {
    "/deliveries": deliveries,
    "/authorization_details/0/limits": { calls: CALLS, totals: { percent: 10 } },
  },
});
const asked = (delivery: string, percent: number): Mutation => ({
  contract: contract([delivery]),
  request: { set: { "/delivery": delivery, "/operation/parameters/percent": percent } },
});

/** One request after another, each sent once or twice, and of a handle its redemption too; what was answered. */
async function play(plane: Plane, governed: Governed, dice: Dice, delivery: string) {
  const answers: Answer[] = [];
  for (let request = 0; request < 3; request++) {
    for (let fault = dice.roll(3); fault > 0; fault--) {
      const from = 1 + dice.roll(6);
      const [at, how] = [dice.pick(PLACES), dice.pick(WAYS_TO_FAIL)];
      plane.faults.plan({ at, how, from, to: from + dice.roll(3), applied: dice.hits(2) });
    }
    const event = plane.event(governed, asked(delivery, 5));
    const given = await Promise.all(
      Array.from({ length: 1 + dice.roll(2) }, () => plane.issue(event, plane.process())),
    );
    answers.push(...given);
    for (const answer of given) {
      if (!answer.ok || answer.handle === undefined) continue;
      const set = { "/operation/parameters/percent": 5 };
      const redemption = plane.redemption(governed, answer.handle, { request: { set } });
      answers.push(await plane.execute(redemption, plane.process()));
    }
    plane.faults.clear();
    plane.world.pass(dice.roll(30));
  }
  return answers;
}

/** Whole courses with dependencies that fail at random: authority is never more than the contract, and is told. */
export const coursesFuzzer: Fuzzer = {
  about:
    "whole courses under random faults: no call beyond the contract, none without evidence, no broken chain",
  run(seed, inputs, isOver) {
    return fuzz(
      inputs,
      async (input) => {
        const dice = new Dice(seed * 1_000_003 + input);
        const plane = await newPlane();
        const delivery = dice.pick(["execute", "handle"]);
        const governed = plane.contract(asked(delivery, 5));
        const answers = await play(plane, governed, dice, delivery);
        const { calls } = plane.effects();
        if (calls > CALLS) return `${calls} calls, ${CALLS} allowed`;
        const isWritten = plane.chains().includes(governed.chainId);
        // Opens the chain, and throws where it does not hold.
        const types = isWritten ? plane.types(governed.chainId) : [];
        const started = types.filter((type) => type === "ExecutionStarted").length;
        if (calls > started) return `${calls} calls, ${started} of them recorded before`;
        const granted = answers.filter((answer) => answer.ok && !answer.deduplicated).length;
        const issued = types.filter((type) => type === "IdentityIssued").length;
        return granted > 0 && issued === 0 ? `${granted} grants without a record` : undefined;
      },
      isOver,
    );
  },
};
