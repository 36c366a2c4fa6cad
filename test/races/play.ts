import { type Explored, explore } from "../support/schedule/explore.ts";
import { explorePreemptions } from "../support/schedule/preempt.ts";
import { violationsOf } from "./invariants.ts";
import { type Played, type Race, Stage } from "./races.ts";
import { look } from "./seen.ts";

/** Something that did not hold, with the first interleaving that shows it. */
interface Violation {
  readonly what: string;
  readonly schedule: readonly string[];
  /** In how many it was seen. */
  times: number;
}

export interface Report extends Explored {
  readonly race: Race;
  readonly violations: readonly Violation[];
  /** How often both were answered so. */
  readonly answers: Readonly<Record<string, number>>;
}

export interface How {
  /** Every schedule with so many preemptions at most; without it every interleaving. */
  readonly preemptions?: number;
  /** Asked after each, for those who wait. */
  readonly tell?: (played: number, violations: number) => void;
  readonly isOver?: () => boolean;
}

/** Plays a race in every interleaving, or in every schedule of few preemptions, and judges each. */
export async function playRace(
  race: Race,
  { preemptions, tell = () => {}, isOver = () => false }: How = {},
): Promise<Report> {
  const stage = await Stage.of(race);
  const violations = new Map<string, Violation>();
  const answers: Record<string, number> = {};
  let played: Played | undefined;
  let count = 0;
  const begin = async () => {
    played = await stage.begin();
    return played.scheduler;
  };
  const onEnd = async (schedule: readonly string[]): Promise<boolean> => {
    if (played === undefined) throw new TypeError("what ends was begun");
    count += 1;
    const seen = await look(played);
    const answer = `${wordOf(seen.use)}, ${wordOf(seen.denial)}`;
    answers[answer] = (answers[answer] ?? 0) + 1;
    for (const what of violationsOf(seen)) {
      const known = violations.get(what);
      if (known === undefined) violations.set(what, { what, schedule, times: 1 });
      else known.times += 1;
    }
    tell(count, violations.size);
    return !isOver();
  };
  const explored =
    preemptions === undefined
      ? await explore(begin, onEnd)
      : await explorePreemptions(begin, onEnd, { most: preemptions, shared: stage.shared });
  return { race, ...explored, violations: [...violations.values()], answers };
}

function wordOf(said: Played["said"]["use"] | Played["said"]["denial"]): string {
  if (said === undefined) return "no answer";
  if (!said.ok) return said.code;
  return "state" in said ? said.state : "granted";
}
