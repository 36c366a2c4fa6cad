import { documentDigest } from "../../lib/encoding/canonical-json.ts";
import { LONGEST_LIFE } from "../../lib/lifecycle/due.ts";
import { publishedNow } from "../matrix/registry.ts";
import type { Ending } from "../support/local/iam.ts";
import type { LocalPlane } from "../support/local/plane.ts";
import { Errand } from "./errand.ts";
import { type Judged, judge, type Played, unattributedBefore } from "./judge.ts";
import { Ledger } from "./ledger.ts";
import type { Sample } from "./memory.ts";
import type { Told } from "./outcome.ts";
import { Emergencies } from "./people.ts";
import { planOf } from "./plan.ts";
import { play, type Stage } from "./play.ts";
import { Served } from "./served.ts";

/** Actions under way at once. */
const LANES = 4;
/** Actions between two runs of `sweep`, as it comes each minute. */
const SWEEP_EVERY = 200;
/** Milliseconds: past whatever can live. */
const LATER = LONGEST_LIFE + 3_600_000;

export interface LoadOptions {
  readonly actions: number;
  readonly seed: number;
  /** Whether nobody else has used this plane: then everything in its tables must be of the run. */
  readonly isAlone: boolean;
  /** Actions between two looks at the memory; none without. */
  readonly sampleEvery?: number;
  readonly sample?: (actions: number) => Sample;
  readonly tell?: (done: number, what: string) => void;
  readonly isOver?: () => boolean;
}

export interface LoadReport extends Judged {
  readonly actions: number;
  /** Actions by kind. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Faults that hit nothing. */
  readonly missed: readonly string[];
  readonly seconds: number;
  readonly samples: readonly Sample[];
}

/** Plays the actions, lets every window pass, sweeps until nothing is left to do, and judges what is there. */
export async function runLoad(
  t: Ending,
  plane: LocalPlane,
  options: LoadOptions,
): Promise<{ readonly report: LoadReport; readonly played: Played }> {
  let offset = 0;
  const clock = (): number => Date.now() + offset;
  const served = await Served.of(t, plane, clock);
  const before = await unattributedBefore(plane);
  const { policy } = await publishedNow(plane);
  const stage: Stage = {
    ...{ plane, served, clock, flooded: renewed(plane, clock), emergencies: new Emergencies() },
    governanceDigest: documentDigest(policy.governance),
  };
  const started = performance.now();
  const { told, samples } = await playAll(stage, options);
  const seconds = (performance.now() - started) / 1000;
  options.tell?.(told.length, "sweeping");
  offset += LATER;
  await sweepAll(served);
  options.tell?.(told.length, "judging");
  const played = { told, before, now: clock(), isAlone: options.isAlone };
  const judged = await judge(plane, played);
  const kinds: Record<string, number> = {};
  for (const { title } of told) {
    const [kind = ""] = title.split(" ");
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  const missed = told.filter(({ isHit }) => isHit === false).map(({ title }) => title);
  const report = { ...judged, actions: told.length, kinds, missed, seconds, samples };
  return { report, played };
}

/** One contract for many requests, and the next when its window draws to its end. */
function renewed(plane: LocalPlane, clock: () => number): () => Promise<Errand> {
  let current = Errand.begin(plane, "execute", clock);
  return async () => {
    const known = await current;
    if (known.isFresh) return known;
    current = Errand.begin(plane, "execute", clock);
    return current;
  };
}

async function playAll(
  stage: Stage,
  { actions, seed, sampleEvery = 0, sample, tell, isOver }: LoadOptions,
): Promise<{ told: Told[]; samples: Sample[] }> {
  const plan = planOf(actions, seed);
  // On disk: what this process holds is measured.
  const ledger = new Ledger();
  const samples: Sample[] = [];
  let next = 0;
  const lane = async (until: number): Promise<void> => {
    while (next < until && isOver?.() !== true) {
      const action = plan[next++];
      if (action !== undefined) ledger.write(await play(stage, action));
    }
  };
  const step = sampleEvery > 0 ? Math.min(sampleEvery, SWEEP_EVERY) : SWEEP_EVERY;
  while (next < plan.length && isOver?.() !== true) {
    const until = Math.min(plan.length, next + step);
    await Promise.all(Array.from({ length: LANES }, () => lane(until)));
    if (next % SWEEP_EVERY < step) await stage.served.run("sweep", {});
    if (sample !== undefined) samples.push(sample(next));
    tell?.(next, "actions");
  }
  return { told: ledger.close(), samples };
}

/** Runs of `sweep` after which there must be nothing left to do. */
const SWEEPS = 500;

async function sweepAll(served: Served): Promise<void> {
  for (let run = 0; run < SWEEPS; run++) {
    const said = await served.run("sweep", {});
    const isQuiet =
      typeof said === "object" && "chains" in said && said.written + said.failed === 0;
    if (isQuiet) return;
  }
  throw new Error("sweep never came to an end");
}
