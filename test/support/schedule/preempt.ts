import type { Explored, Move, Run } from "./explore.ts";
import { areDependent, type Touch } from "./touch.ts";

/** A move with whose it is. */
interface Owned extends Move {
  readonly course: string;
}

export interface OwnedRun extends Run {
  enabled(): readonly Owned[];
}

interface Choice {
  /** What goes on, then what it is preempted for. */
  readonly options: readonly Owned[];
  index: number;
}

/**
 * Plays every schedule in which a course that could go on is stopped for another at most so many times; most races that
 * there are show with two ("CHESS": Musuvathi, Qadeer; PLDI 2007). A course is stopped only before a step that meets
 * something which another one touches: elsewhere it would be the same later.
 * @param shared what each course touches, as undisturbed runs have shown.
 */
export async function explorePreemptions(
  begin: () => Promise<OwnedRun>,
  onEnd: (schedule: readonly string[]) => Promise<boolean>,
  {
    most,
    shared,
  }: { readonly most: number; readonly shared: ReadonlyMap<string, readonly Touch[]> },
): Promise<Explored> {
  let complete = 0;
  const path: Choice[] = [];
  const meets = ({ touches, course }: Owned): boolean =>
    [...shared].some(([other, theirs]) => other !== course && areDependent(touches, theirs));
  do {
    const run = await begin();
    const schedule = await play(run, path, most, meets);
    complete += 1;
    if (!(await onEnd(schedule))) break;
  } while (turn(path));
  return { complete, cut: 0 };
}

async function play(
  run: OwnedRun,
  path: Choice[],
  most: number,
  meets: (move: Owned) => boolean,
): Promise<string[]> {
  const schedule: string[] = [];
  let current: string | undefined;
  let preempted = 0;
  for (let enabled = run.enabled(); enabled.length > 0; enabled = run.enabled()) {
    const depth = schedule.length;
    if (path[depth] === undefined) {
      const options = optionsOf(enabled, current, preempted < most, meets);
      path.push({ options, index: 0 });
    }
    const { options, index } = path[depth] as Choice;
    const chosen = options[index] as Owned;
    const isStopped = current !== undefined && enabled.some(({ course }) => course === current);
    if (isStopped && chosen.course !== current) preempted += 1;
    current = chosen.course;
    schedule.push(chosen.id);
    await run.take(chosen.id);
  }
  return schedule;
}

/** The first call of the course that is under way; and if it may be stopped here, the first of each other. */
function optionsOf(
  enabled: readonly Owned[],
  current: string | undefined,
  mayStop: boolean,
  meets: (move: Owned) => boolean,
): Owned[] {
  const firsts = [...Map.groupBy(enabled, ({ course }) => course).values()].flatMap(
    ([first]) => first ?? [],
  );
  const own = firsts.find(({ course }) => course === current);
  // Nobody is stopped: whoever has ended, or has not begun, leaves the choice.
  if (own === undefined) return firsts;
  return mayStop && meets(own) ? [own, ...firsts.filter((each) => each !== own)] : [own];
}

function turn(path: Choice[]): boolean {
  for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
    last.index += 1;
    if (last.index < last.options.length) return true;
    path.pop();
  }
  return false;
}
