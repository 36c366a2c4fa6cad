import type { IssueDeps } from "../../../lib/enforcement/deps.ts";
import { readTrust } from "../../../lib/enforcement/read/registry.ts";
import { OPEN } from "../faults.ts";
import type { Plane } from "../plane.ts";
import { explorePreemptions } from "./preempt.ts";
import { playRandomly } from "./random.ts";
import { Scheduler, type Step } from "./scheduler.ts";
import type { Touch } from "./touch.ts";

/** What is under way at once, by name, each in a process of its own that has served before. */
export type Courses<Said> = Readonly<Record<string, (deps: IssueDeps) => Promise<Said>>>;

/** One interleaving to its end: what each course answered, and the steps in their order. */
export interface PlayedCourses<Said> {
  readonly said: Readonly<Record<string, Said>>;
  readonly steps: readonly Step[];
}

/** How much longer than asked for every wait takes, as on a busy machine. */
const SLOWNESS = 10;

/** Begins all courses on a plane as it stands: each has come to its first calls. */
async function begin<Said>(plane: Plane, courses: Courses<Said>, memory: IssueDeps["memory"]) {
  const scheduler = new Scheduler();
  const said: Record<string, Said> = {};
  plane.faults.gate = scheduler.gate;
  for (const [number, [name, course]] of Object.entries(courses).entries()) {
    const deps = processOf(plane, scheduler, memory, number);
    await scheduler.begin(name, async () => {
      said[name] = await course(deps);
    });
  }
  return { scheduler, said };
}

function processOf(
  plane: Plane,
  scheduler: Scheduler,
  memory: IssueDeps["memory"],
  number: number,
): IssueDeps {
  const { world } = plane;
  const place = (number + 1).toString(16).padStart(4, "0");
  let ids = 0;
  return {
    ...plane.process(),
    memory: { ...memory, handles: new Map(), keyLooks: new Map() },
    newId: () => {
      ids += 1;
      return `0198c7d2-${place}-7000-8000-${ids.toString(16).padStart(12, "0")}`;
    },
    random: () => 0.5,
    sleep: (milliseconds) => {
      const end = world.now + SLOWNESS * milliseconds;
      return scheduler.sleep(() => {
        world.now = Math.max(world.now, end);
      });
    },
  };
}

async function warm(plane: Plane): Promise<IssueDeps["memory"]> {
  const deps = plane.process();
  await readTrust(deps);
  return deps.memory;
}

/**
 * Plays every schedule in which a course is stopped for another at most `most` times, each from the plane as it stands
 * now, and tells each to `judge`, with the plane as it was left.
 * @returns how many there were.
 */
export async function playEvery<Said>(
  plane: Plane,
  courses: Courses<Said>,
  { most, judge }: { readonly most: number; readonly judge: (played: PlayedCourses<Said>) => void },
): Promise<number> {
  const memory = await warm(plane);
  const putBack = plane.saved();
  const shared = new Map<string, readonly Touch[]>();
  // Undisturbed, each first once: whoever comes later may end before it meets anything.
  for (const first of Object.keys(courses)) {
    const { scheduler } = await begin(plane, courses, memory);
    for (let next = scheduler.enabled(); next.length > 0; next = scheduler.enabled()) {
      const own = next.find(({ course }) => course === first) ?? next[0];
      if (own !== undefined) await scheduler.take(own.id);
    }
    for (const { course, touches } of scheduler.steps) {
      shared.set(course, [...(shared.get(course) ?? []), ...touches]);
    }
    putBack();
  }
  let last: Awaited<ReturnType<typeof begin<Said>>> | undefined;
  const { complete } = await explorePreemptions(
    async () => {
      putBack();
      last = await begin(plane, courses, memory);
      return last.scheduler;
    },
    async () => {
      plane.faults.gate = OPEN;
      if (last !== undefined) judge({ said: last.said, steps: last.scheduler.steps });
      return true;
    },
    { most, shared },
  );
  plane.faults.gate = OPEN;
  return complete;
}

/** One interleaving by chance: the same for the same seed. */
export async function playOne<Said>(
  plane: Plane,
  courses: Courses<Said>,
  seed: number,
): Promise<PlayedCourses<Said>> {
  const { scheduler, said } = await begin(plane, courses, await warm(plane));
  await playRandomly(scheduler, seed);
  plane.faults.gate = OPEN;
  return { said, steps: scheduler.steps };
}
