import { availableParallelism } from "node:os";
import { REPOSITORY_ROOT } from "../../localstack/machine/paths.ts";
import { Judge, type Judged } from "./judge.ts";
import type { Mutant } from "./mutant.ts";
import { isPlaced, type Placed, Sources, type Unplaced } from "./place.ts";
import { Scratch } from "./scratch.ts";
import { Visibility } from "./visible.ts";

export interface Options {
  readonly workers?: number;
  readonly onJudged?: (judged: Judged, done: number, total: number) => void;
}

export interface Outcome {
  readonly judged: readonly Judged[];
  readonly unplaced: readonly Unplaced[];
}

/** Judges mutants, each worker in its own copy of the tree. The tree itself is never edited. */
export async function runMutants(
  mutants: readonly Mutant[],
  { workers = Math.min(2, availableParallelism()), onJudged = () => {} }: Options = {},
): Promise<Outcome> {
  const sources = new Sources(REPOSITORY_ROOT);
  const found = mutants.map((mutant) => sources.place(mutant));
  const placed = found.filter(isPlaced);
  const unplaced = found.filter((each) => "problem" in each);
  const judged: Judged[] = [];
  const queue = [...placed];
  const visibility = new Visibility(REPOSITORY_ROOT);
  const green = new Map<string, Promise<boolean>>();
  const work = async (): Promise<void> => {
    const scratch = new Scratch();
    try {
      const judge = new Judge(scratch, visibility, green);
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const one = await judge.judge(next);
        judged.push(one);
        onJudged(one, judged.length, placed.length);
      }
    } finally {
      queue.length = 0;
      scratch.remove();
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, placed.length) }, work));
  return { judged: inOrder(judged, placed), unplaced };
}

/** Workers end in any order; a list that is read twice should not. */
const inOrder = (judged: readonly Judged[], placed: readonly Placed[]): Judged[] =>
  placed.flatMap(({ mutant }) => judged.find((each) => each.mutant === mutant) ?? []);
