import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate as tick } from "node:timers/promises";
import type { Dependency, Gate, GatedCall } from "../faults.ts";
import type { Move, Run } from "./explore.ts";

/** A call that was made: its place in the order of all is that of its effect. */
export interface Step extends Move {
  readonly course: string;
  readonly at: Dependency | "sleep";
  /** What is seen of it besides, such as the types of the records that it writes. */
  readonly writes: readonly string[];
  readonly isDone: boolean;
}

interface Pending extends Omit<Step, "isDone"> {
  readonly go: () => Promise<boolean>;
}

interface Course {
  readonly name: string;
  readonly counts: Map<string, number>;
  /** Calls that wait for their turn. */
  waiting: number;
  isOver: boolean;
}

/**
 * Courses of the plane at once, in one process, each of whose calls to AWS waits until it is its turn. A step is a call with
 * its answer: whatever a course does between two calls is seen by nobody else, so the order of calls is all that two
 * courses can differ in.
 */
export class Scheduler implements Run {
  readonly steps: Step[] = [];
  readonly #courses: Course[] = [];
  readonly #current = new AsyncLocalStorage<Course>();
  #pending: Pending[] = [];

  /** What the fakes ask before they do anything. A call of no course passes. */
  readonly gate: Gate = (call, effect) => {
    const course = this.#current.getStore();
    return course === undefined ? effect() : this.#wait(course, call, effect);
  };

  /** Begins a course; it comes as far as its first calls. */
  async begin<T>(name: string, work: () => Promise<T>): Promise<void> {
    const course: Course = { name, counts: new Map(), waiting: 0, isOver: false };
    this.#courses.push(course);
    void this.#current.run(course, work).finally(() => {
      course.isOver = true;
    });
    await this.#settle();
  }

  /** A wait that ends when it is its turn; it meets nothing, since only the clock moves. */
  sleep(end: () => void): Promise<void> {
    return this.gate({ at: "sleep", touches: [], writes: [] }, async () => end());
  }

  enabled(): readonly Pending[] {
    return this.#pending;
  }

  async take(id: string): Promise<void> {
    const due = this.#pending.find((each) => each.id === id);
    if (due === undefined) throw new TypeError(`${id} is not there: the run is not the same again`);
    this.#pending = this.#pending.filter((each) => each !== due);
    const { go, ...step } = due;
    const isDone = await go();
    this.steps.push({ ...step, isDone });
    await this.#settle();
  }

  #wait<T>(course: Course, call: GatedCall, effect: () => Promise<T>): Promise<T> {
    const label = `${course.name} ${call.at}`;
    const nth = (course.counts.get(label) ?? 0) + 1;
    course.counts.set(label, nth);
    course.waiting += 1;
    return new Promise<T>((resolve, reject) => {
      const go = (): Promise<boolean> => {
        course.waiting -= 1;
        return effect().then(
          (answer) => {
            resolve(answer);
            return true;
          },
          (error: unknown) => {
            reject(error as Error);
            return false;
          },
        );
      };
      this.#pending.push({ ...call, id: `${label} ${nth}`, course: course.name, go });
    });
  }

  /** Everybody has come as far as he can: to his next calls or to his end. What runs beside JavaScript is waited for. */
  async #settle(): Promise<void> {
    await tick();
    while (this.#courses.some(({ waiting, isOver }) => waiting === 0 && !isOver)) await tick();
  }
}
