import { type PlannedCell, type PlayedCell, playBatch, type Stage, titleOf } from "./batch.ts";
import { batchesOf } from "./cells.ts";
import { COURSES } from "./courses.ts";
import { violationsOf } from "./invariants.ts";
import type { Violation } from "./observation.ts";

/** A violation, and the cells that it is of: of several where only their batch is known. */
interface Told extends Violation {
  readonly cells: readonly string[];
}

export interface Report {
  /** How many cells were played, those without a fault too. */
  readonly cells: number;
  /** Cells whose call did not come this time, by title: they show nothing. */
  readonly missed: readonly string[];
  readonly violations: readonly Told[];
}

/** What is said while it is played. */
export type Progress = (done: number, total: number, violations: number, title: string) => void;

/**
 * Plays every course without a fault, and then what `choose` makes of the calls that were seen.
 * @param only the courses, by name.
 */
export async function playMatrix(
  stage: Stage,
  choose: (clean: PlayedCell) => readonly PlannedCell[],
  {
    only = () => true,
    tell = () => {},
  }: { only?: (name: string) => boolean; tell?: Progress } = {},
): Promise<Report> {
  const violations: Told[] = [];
  const missed: string[] = [];
  let cells = 0;
  const play = async (batch: readonly PlannedCell[], total: number): Promise<PlayedCell[]> => {
    const played = await playBatch(stage, batch);
    cells += batch.length;
    violations.push(...toldOf(played.cells, violationsOf(played.observation)));
    missed.push(
      ...played.cells.filter(({ planned, isHit }) => planned !== undefined && !isHit).map(titleOf),
    );
    tell(cells, total, violations.length, batch[0] === undefined ? "" : titleOf(batch[0]));
    return [...played.cells];
  };
  const courses = COURSES.filter(({ name }) => only(name));
  const clean: PlayedCell[] = [];
  const isOver = (): boolean => stage.isOver?.() === true;
  for (const course of courses) {
    if (!isOver()) clean.push(...(await play([{ course }], courses.length)));
  }
  const chosen = clean.flatMap(choose);
  for (const batch of batchesOf(chosen)) {
    if (!isOver()) await play(batch, chosen.length + clean.length);
  }
  return { cells, missed, violations };
}

const toldOf = (cells: readonly PlayedCell[], violations: readonly Violation[]): Told[] =>
  violations.map((violation) => {
    const own = cells.filter(({ chainIds }) => chainIds.some((id) => id === violation.chainId));
    return { ...violation, cells: (own.length > 0 ? own : cells).map(titleOf) };
  });
