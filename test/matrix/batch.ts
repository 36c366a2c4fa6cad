import { LONGEST_LIFE } from "../../lib/lifecycle/due.ts";
import type { LocalPlane } from "../support/local/plane.ts";
import { readItem } from "../support/local/targets.ts";
import { BEFORE, WEIGHT } from "../support/local/terms.ts";
import { Cell, type Held } from "./cell.ts";
import type { Course, CourseStep } from "./courses.ts";
import { delayBy } from "./delay-by.ts";
import type { Door, Planned, SeenCall } from "./door.ts";
import { verifiedChains } from "./evidence.ts";
import { endOfFeed, feedSince } from "./feed.ts";
import type { FunctionName, Functions, Ran, Run, Said } from "./functions.ts";
import type { Observation, SeenAnswer, SeenContract } from "./observation.ts";
import { quarantinedPaths } from "./registry.ts";

/** Milliseconds by which the clock moves on: past whatever can live, and the time in which identities are looked for. */
const LATER = LONGEST_LIFE + 3_600_000;
/** Runs of `sweep` after which there must be nothing left to do. */
const SWEEPS = 6;

/** One cell of the matrix: a course in which one call goes wrong, or none. */
export interface PlannedCell {
  readonly course: Course;
  readonly planned?: Planned | undefined;
  /** By which the calls of what is under way at once are delayed. */
  readonly seed?: number | undefined;
}

export const titleOf = ({ course, planned, seed }: PlannedCell): string =>
  seed !== undefined
    ? `${course.name}: seed ${seed}`
    : planned === undefined
      ? `${course.name}: nothing goes wrong`
      : `${course.name}: ${planned.name} (${planned.nth}) ${planned.fault}`;

/** A cell after its batch. */
export interface PlayedCell extends PlannedCell {
  /** Whether the planned call came: a fault that hits nothing shows nothing. */
  readonly isHit: boolean;
  /** The calls of the function under the fault. */
  readonly calls: readonly SeenCall[];
  readonly chainIds: readonly string[];
}

export interface Batch {
  readonly cells: readonly PlayedCell[];
  readonly observation: Observation;
}

interface Playing {
  readonly plan: PlannedCell;
  readonly cell: Cell;
  acted?: Door | undefined;
}

interface Asked extends Omit<Run, "by" | "clock"> {
  readonly each: Playing;
}

/** Where cells are played: the deployed plane, its functions in this process, and their clock. */
export interface Stage {
  readonly plane: LocalPlane;
  readonly functions: Pick<Functions, "runAll">;
  /** Whether somebody has interrupted it. */
  readonly isOver?: () => boolean;
}

/**
 * Plays cells of one course: all of them up to the fault, then with AWS well again; then the clock moves on and `sweep` runs
 * until it has nothing left to do; then everything is asked once more, and looked at.
 */
export async function playBatch(stage: Stage, plans: readonly PlannedCell[]): Promise<Batch> {
  const playing = new BatchPlay(stage, plans);
  return playing.play();
}

class BatchPlay {
  readonly #stage: Stage;
  readonly #course: Course;
  readonly #cells: readonly Playing[];
  readonly #doors: Door[] = [];
  readonly #answers: SeenAnswer[] = [];
  #offset = 0;
  /** Every window is over, and everything swept. */
  #isOver = false;
  #feedEnd = 0;

  constructor(stage: Stage, plans: readonly PlannedCell[]) {
    const [first] = plans;
    if (first === undefined) throw new TypeError("a batch has cells");
    this.#stage = stage;
    this.#course = first.course;
    this.#cells = plans.map((plan) => ({
      plan,
      cell: new Cell(stage.plane, this.#clock, first.course.terms),
    }));
  }

  readonly #clock = (): number => Date.now() + this.#offset;

  async play(): Promise<Batch> {
    const start = await endOfFeed(this.#stage.plane, 0);
    this.#feedEnd = start;
    const { before = [], act, next = [], alone, isLate = false, last = [] } = this.#course;
    if (this.#course.isApart === true) this.#moveOn();
    const groups = alone === undefined ? [this.#cells] : this.#cells.map((each) => [each]);
    for (const step of before) for (const group of groups) await this.#step(step, group);
    if (isLate) this.#moveOn();
    for (const group of groups) {
      await this.#act(act, group);
      for (const step of next) await this.#step(step, group);
    }
    await this.#settle();
    this.#moveOn();
    await this.#sweep();
    const overAt = this.#feedEnd;
    this.#isOver = true;
    await this.#askLate();
    for (const step of last) await this.#all(step);
    await this.#liftQuarantines();
    return this.#look(start, overAt);
  }

  #moveOn(): void {
    this.#offset += LATER;
  }

  async #all(step: CourseStep): Promise<void> {
    await this.#step(step, this.#cells);
  }

  /** The run under the fault. */
  async #act(step: CourseStep, group: readonly Playing[]): Promise<void> {
    const { beside } = this.#course;
    const [ran] = await Promise.all([
      this.#step(step, group, ({ plan }) => plan.planned),
      beside === undefined ? [] : this.#step(beside, group),
    ]);
    for (const { each, door } of ran) each.acted = door;
  }

  /** One step of several cells at once. */
  async #step(
    step: CourseStep,
    group: readonly Playing[],
    planned: (each: Playing) => Planned | undefined = () => step.broken,
  ): Promise<{ readonly each: Playing; readonly door: Door }[]> {
    const asked: Asked[] = [];
    for (const each of group) {
      const event = await step.event(each.cell);
      if (event === undefined) continue;
      const { seed } = each.plan;
      const delay = seed === undefined ? undefined : delayBy(`${seed} ${step.by}`);
      const firstId = step.identityId?.(each.cell);
      // In the run under the fault, what goes wrong in every cell goes wrong besides.
      const broken = planned(each) ?? step.broken;
      const besides = broken === step.broken ? undefined : step.broken;
      asked.push({ each, event, planned: broken, besides, delay, firstId });
    }
    const ran = await this.#run(step.by, asked);
    return asked.map(({ each, event }, index) => {
      const { said, door } = ran[index] as Ran;
      step.learn?.(each.cell, said);
      this.#tell(each.plan, step.by, event, said);
      return { each, door };
    });
  }

  async #run(by: FunctionName, runs: readonly Omit<Run, "by" | "clock">[]): Promise<Ran[]> {
    const ran = await this.#stage.functions.runAll(
      by,
      runs.map(({ event, planned, besides, delay, firstId }) => ({
        ...{ event, planned, besides, delay, firstId },
        clock: this.#clock,
      })),
    );
    this.#doors.push(...ran.map(({ door }) => door));
    const end = await endOfFeed(this.#stage.plane, this.#feedEnd);
    // Another run may have come to its end meanwhile, further on.
    this.#feedEnd = Math.max(this.#feedEnd, end);
    return ran;
  }

  #tell(plan: PlannedCell, by: FunctionName, event: object, said: Said): void {
    const { command } = event as { readonly command?: string };
    const at = { feedEnd: this.#feedEnd, isLate: this.#isOver };
    this.#answers.push({ cell: titleOf(plan), by, said, command, ...at });
  }

  /** What was on its way has arrived. */
  async #settle(): Promise<void> {
    await Promise.all(this.#doors.splice(0).map((door) => door.close()));
    this.#feedEnd = await endOfFeed(this.#stage.plane, this.#feedEnd);
  }

  /** As `sweep` does it each minute, until there is nothing left. */
  async #sweep(): Promise<void> {
    for (let run = 0; run < SWEEPS; run++) {
      const [ran] = await this.#run("sweep", [{ event: {} }]);
      await this.#settle();
      const said = ran?.said;
      if (typeof said === "object" && "chains" in said && said.written + said.failed === 0) return;
    }
  }

  /** Everything that was ever granted is asked for again, after its end. */
  async #askLate(): Promise<void> {
    const names = new Set(this.#cells.flatMap(({ cell }) => [...cell.held.keys()]));
    for (const name of names) {
      await this.#all({
        by: "issue",
        event: (cell) => {
          const held = cell.held.get(name);
          return held && cell.issuing(held, "late");
        },
      });
      await this.#all({
        by: "execute",
        event: (cell) => {
          const held = cell.held.get(name);
          return held && cell.redeeming(held, "late");
        },
      });
    }
    await this.#settle();
  }

  /** What IAM did not take is stopped until two people lift it: the next batch is to find the roles open. */
  async #liftQuarantines(): Promise<void> {
    const [first] = this.#cells;
    for (const path of await quarantinedPaths(this.#stage.plane)) {
      const signed = first?.cell.command(`lift ${path}`, { do: "liftQuarantine", path }, true);
      await this.#run("govern", [{ event: { op: "command", ...signed } }]);
    }
    await this.#settle();
  }

  async #look(start: number, overAt: number): Promise<Batch> {
    const { plane } = this.#stage;
    const held = this.#cells.flatMap(({ cell }) => [...cell.held.values()]);
    const ids = held.map(({ chainId }) => chainId);
    const [evidence, contracts, feed] = await Promise.all([
      verifiedChains(plane, ids),
      Promise.all(held.map((each) => this.#target(each))),
      feedSince(plane, start),
    ]);
    return {
      observation: { ...evidence, contracts, feed, answers: this.#answers, overAt },
      cells: this.#cells.map(({ plan, cell, acted }) => ({
        ...plan,
        isHit: acted?.isHit ?? false,
        calls: acted?.calls ?? [],
        chainIds: [...cell.held.values()].map(({ chainId }) => chainId),
      })),
    };
  }

  async #target({ digest, chainId, exp, calls, item }: Held): Promise<SeenContract> {
    const weight = (await readItem(this.#stage.plane, item))?.["weight"];
    const isTakenBack = this.#course.terms?.isTakenBack === true;
    return {
      ...{ digest, chainId, exp, calls, weight, wanted: WEIGHT },
      ...(isTakenBack && { takenBackTo: BEFORE }),
    };
  }
}
