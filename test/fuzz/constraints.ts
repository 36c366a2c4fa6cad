import { type Constraint, narrows, type Scalar, satisfies } from "../../lib/contract/constraint.ts";
import { Dice } from "./dice.ts";
import { type Fuzzer, fuzz } from "./fuzzer.ts";

const WORDS = ["", "a", "ab", "abc", "b", "7", "true"] as const;

export function scalar(dice: Dice): Scalar {
  if (dice.hits(3)) return dice.roll(12) - 2;
  return dice.hits(5) ? dice.hits(2) : dice.pick(WORDS);
}

const several = <T>(dice: Dice, make: () => T): T[] =>
  Array.from({ length: 1 + dice.roll(3) }, make);

/** One type a list, as contracts have it. */
function list(dice: Dice): Scalar[] {
  const [first, ...more] = several(dice, () => scalar(dice));
  return [first ?? "", ...more.filter((each) => typeof each === typeof first)];
}

function range(dice: Dice): Constraint {
  const [min, max] = [dice.roll(8) - 2, dice.roll(12)];
  return {
    range: {
      ...(dice.roll(3) > 0 && { min }),
      ...(dice.roll(3) > 0 && { max: Math.max(min, max) }),
    },
  };
}

export function constraint(dice: Dice, depth = 0): Constraint {
  switch (dice.roll(depth < 2 ? 7 : 6)) {
    case 0:
      return { exact: scalar(dice) };
    case 1:
      return { oneOf: list(dice) };
    case 2:
      return { notOneOf: list(dice) };
    case 3:
      return range(dice);
    case 4:
      return { prefix: dice.pick(WORDS) };
    case 5:
      return { absent: true };
    default:
      return { all: several(dice, () => constraint(dice, depth + 1)) };
  }
}

/** Whether one constraint narrows another, against what both say of values (POC-14, POC-15). */
export const constraintsFuzzer: Fuzzer = {
  about: "narrows against satisfies: what meets a narrower constraint meets the wider one",
  run(seed, inputs, isOver) {
    const dice = new Dice(seed);
    return fuzz(
      inputs,
      async () => {
        const [child, parent] = [constraint(dice), constraint(dice)];
        if (!narrows(child, child)) return `does not narrow itself: ${JSON.stringify(child)}`;
        if (!narrows(child, parent)) return undefined;
        const values = [undefined, ...Array.from({ length: 8 }, () => scalar(dice))];
        const wider = values.find((value) => satisfies(child, value) && !satisfies(parent, value));
        const isWider = values.some(
          (value) => satisfies(child, value) && !satisfies(parent, value),
        );
        return isWider ? `${JSON.stringify([child, parent])} differ at ${wider}` : undefined;
      },
      isOver,
    );
  },
};
