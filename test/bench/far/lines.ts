import type { LocalPlane } from "../../support/local/plane.ts";
import { DELIVERIES, type Delivery } from "../deliver.ts";
import { fixed, type Line, median, percentile } from "../measure.ts";
import { benchPlane } from "../plane.ts";
import { type Subject, settingSubject, shiftSubject } from "../subjects.ts";
import { type Asked, atAws, type Case, farCase, type Run } from "./case.ts";
import { distancesFrom } from "./distances.ts";

/** Milliseconds that governance may add at p50, and how many times as long as the bare calls it may take. */
export const MOST_ADDED = 120;
const MOST_TIMES = 2;

/** How often a case is run: those without an assumption for delivery `execute`, and the others. */
const RUNS = Number(process.env["VAI_BENCH_RUNS"] ?? 100);
const FEWER = Math.ceil(RUNS * 0.3);

/** The governed action and the bare calls with every AWS call as far away as in a real region. */
export async function measureDistances(): Promise<Line[]> {
  const plane = await benchPlane();
  const lines: Line[] = [introduction()];
  for (const subject of [shiftSubject(plane), await settingSubject(plane)]) {
    for (const asked of casesOf(subject)) {
      lines.push(lineOf(asked, await farCase(plane, asked)));
    }
  }
  return lines;
}

/** The case that goals hang on: no assumption, delivery `execute`. */
export const mainCase = (plane: LocalPlane, subject: Subject): Promise<Case> =>
  farCase(plane, { subject, delivery: "execute", isAssumed: false, runs: RUNS });

/** Credentials with an assumption are refused: nobody would read it again before the call. */
const casesOf = (subject: Subject): Asked[] =>
  DELIVERIES.flatMap((delivery) =>
    [false, true]
      .filter((isAssumed) => !isAssumed || delivery !== "credentials")
      .map((isAssumed) => {
        const runs = delivery === "execute" && !isAssumed ? RUNS : FEWER;
        return { subject, delivery, isAssumed, runs };
      }),
  );

/** What a case comes to at p50, in milliseconds. */
export function summary({ governed, bare }: Case) {
  const [own, theirs] = [governed.map(atAws), bare.map(atAws)];
  const [p50, bareP50] = [median(own), median(theirs)];
  return {
    ...{ p50, bareP50, added: p50 - bareP50, times: p50 / bareP50 },
    ...{ p99: percentile(own, 0.99), bareP99: percentile(theirs, 0.99) },
  };
}

function lineOf({ subject, delivery, isAssumed }: Asked, found: Case): Line {
  const data = summary(found);
  const { p50, bareP50, p99, bareP99, added, times } = data;
  const hasGoal = subject.action === "lambda:UpdateAlias" && delivery !== "credentials";
  const met = added <= MOST_ADDED && times <= MOST_TIMES;
  const goal = `≤ ${MOST_ADDED} ms added and ≤ ${fixed(MOST_TIMES, 1)} times the bare calls, at p50`;
  const assumed = isAssumed ? ", one assumption" : "";
  return {
    name: `${subject.action} by ${delivery}${assumed}, at AWS's distances`,
    value: `${fixed(added, 0)} ms added, ${fixed(times)} times, at p50`,
    ...(hasGoal && { goal, met }),
    how: howOf(subject, delivery, found),
    data,
    rows: [
      `governed  p50 ${fixed(p50, 0)} ms, p99 ${fixed(p99, 0)} ms; ${emulatorsShare(found.governed)}`,
      `bare      p50 ${fixed(bareP50, 0)} ms, p99 ${fixed(bareP99, 0)} ms; ${emulatorsShare(found.bare)}`,
    ],
  };
}

/** How much of the clock's time is the emulator's, which is not in the figures beside it. */
function emulatorsShare(runs: readonly Run[]): string {
  const late = runs.map(({ calls }) => calls.filter((call) => call.emulatorMs > call.distanceMs));
  const sums = late.map((calls) =>
    calls.reduce((sum, { emulatorMs, distanceMs }) => sum + emulatorMs - distanceMs, 0),
  );
  const clock = median(runs.map(({ measured }) => measured));
  const path = median(runs.map(({ emulator }) => emulator));
  const calls = median(runs.map((run) => run.calls.length));
  const beyond = median(late.map(({ length }) => length));
  return (
    `by the clock p50 ${fixed(clock, 0)} ms, ${fixed(path, 0)} of them the emulator's: ` +
    `${beyond} of ${calls} calls beyond their distance, by ${fixed(median(sums), 0)} ms in all`
  );
}

function howOf({ bareCalls }: Subject, delivery: Delivery, { governed }: Case): string {
  const bare =
    delivery === "credentials"
      ? "AssumeRole alone, since what is done with the session is the same on both sides and in neither"
      : `AssumeRole with a session policy of the same kind, ${bareCalls}`;
  const few = governed.length < 100 ? ", p99 is the slowest" : "";
  return `${governed.length} turns${few}; bare: ${bare}`;
}

/** What the lines of this part have in common. */
function introduction(): Line {
  const distances = Object.entries(distancesFrom(process.env));
  return {
    name: "AWS's distances, milliseconds from request to answer inside a region",
    value: distances.map(([name, milliseconds]) => `${name} ${milliseconds}`).join(", "),
    how:
      "the front door holds each answer until its distance has passed since the call came, so a call takes the larger of it and of " +
      "the emulator's time; what calls take beyond it on the path on which they wait for one another is the emulator's and taken off, " +
      "on both sides. Governed is the time inside the deployed functions, as their log lines say: of issue, with a handle of issue and " +
      "of execute; Lambda's Invoke is in neither side. Functions compute on a whole core here: for their share of one see `memory`",
    data: Object.fromEntries(distances),
  };
}
