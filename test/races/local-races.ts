import { randomUUID } from "node:crypto";
import { type PlannedCell, playBatch, type Stage, titleOf } from "../matrix/batch.ts";
import type { Held } from "../matrix/cell.ts";
import {
  ask,
  type Course,
  type CourseStep,
  haltActor,
  publication,
  redeem,
  revokeContract,
  sent,
} from "../matrix/courses.ts";
import type { Said } from "../matrix/functions.ts";
import { racedViolationsOf } from "../matrix/invariants.ts";
import type { Observation, Violation } from "../matrix/observation.ts";

/** The contract is there, and how its identity is going to be called, before anybody asks for anything. */
const prepare = (delivery: Held["delivery"]): CourseStep => ({
  by: "issue",
  event: async (cell) => {
    const held = await cell.contract("it", delivery);
    held.identityId = randomUUID();
    return undefined;
  },
});

const named = (step: CourseStep): CourseStep => ({
  ...step,
  identityId: ({ held }) => held.get("it")?.identityId,
});

const revokeIdentity = sent("revoke", "end", ({ held }) => ({
  ...{ do: "revokeIdentity", identityId: held.get("it")?.identityId },
}));
/** Nobody may have seen it before: the command brings it. */
const revokeUnseen: CourseStep = {
  ...revokeContract(),
  event: async (cell) => {
    const command = await revokeContract().event(cell);
    return { ...command, contract: cell.held.get("it")?.signed.contract };
  },
};

const WITHDRAWN = publication("withdrawn", ({ policies }) => ({
  policies: policies.map((each) => ({ ...each, version: `${each.version}-withdrawn` })),
}));
const BACK = publication("back", ({ policies }) => ({
  policies: policies.map((each) => ({ ...each, version: each.version.replace("-withdrawn", "") })),
}));

const USES: readonly (Pick<Course, "name" | "act"> & { readonly before: readonly CourseStep[] })[] =
  [
    { name: "issue execute", before: [prepare("execute")], act: named(ask("execute")) },
    { name: "issue credentials", before: [prepare("credentials")], act: named(ask("credentials")) },
    { name: "execute", before: [ask("handle")], act: redeem() },
  ];

const DENIALS: readonly (Pick<Course, "name" | "next" | "alone"> & {
  readonly beside: CourseStep;
})[] = [
  { name: "revokeIdentity", beside: revokeIdentity },
  { name: "revokeContract", beside: revokeUnseen },
  { name: "haltActor", beside: haltActor },
  // It is everybody's policy, so each cell has it for itself.
  { name: "publishTrustPolicy", beside: WITHDRAWN, next: [BACK], alone: "inTurn" },
];

export const LOCAL_RACES: readonly Course[] = USES.flatMap((use) =>
  DENIALS.map((denial) => ({ ...use, ...denial, name: `${use.name} × ${denial.name}` })),
);

/** Races under way at once: enough that they wait for one another, few enough for their windows. */
const AT_ONCE = 8;

export interface LocalReport {
  readonly played: number;
  /** How often both were answered so: that they did race. */
  readonly answers: Readonly<Record<string, number>>;
  readonly violations: readonly (Violation & { readonly race: string; readonly seeds: string })[];
}

/** Plays so many races, of each kind as many, with delays by chance. */
export async function playLocalRaces(
  stage: Stage,
  { races, seed, only = () => true }: LocalRaces,
  tell: (played: number, violations: number, race: string) => void = () => {},
): Promise<LocalReport> {
  const chosen = LOCAL_RACES.filter(({ name }) => only(name));
  const cells = Array.from({ length: races }, (_, index): PlannedCell => {
    const course = chosen[index % chosen.length];
    if (course === undefined) throw new TypeError("there are races");
    return { course, seed: seed + index };
  });
  const violations: LocalReport["violations"][number][] = [];
  const answers: Record<string, number> = {};
  let played = 0;
  for (const batch of batchesOf(cells)) {
    if (stage.isOver?.() === true) break;
    const observation = await observed(stage, batch);
    // Whoever stopped it is told what was seen until then.
    if (observation === undefined) break;
    for (const each of batch) {
      const answer = `${each.course.name}: ${answersOf(observation, each)}`;
      answers[answer] = (answers[answer] ?? 0) + 1;
    }
    played += batch.length;
    const race = batch[0]?.course.name ?? "";
    const seeds = batch.map((each) => each.seed).join(" ");
    violations.push(...racedViolationsOf(observation).map((each) => ({ ...each, race, seeds })));
    tell(played, violations.length, race);
  }
  return { played, answers, violations };
}

/** What was seen of a batch; nothing of one that was interrupted, its local AWS with it. */
async function observed(
  stage: Stage,
  batch: readonly PlannedCell[],
): Promise<Observation | undefined> {
  try {
    return (await playBatch(stage, batch)).observation;
  } catch (error) {
    if (stage.isOver?.() === true) return undefined;
    throw error;
  }
}

/** What the use was answered, and the denial. */
function answersOf({ answers }: Observation, { course, ...plan }: PlannedCell): string {
  const own = answers.filter(
    ({ cell, isLate }) => !isLate && cell === titleOf({ course, ...plan }),
  );
  const last = (by: unknown) => own.findLast((each) => each.by === by)?.said;
  const first = (by: unknown) => own.find((each) => each.by === by)?.said;
  return `${wordOf(last(course.act.by))}, ${wordOf(first(course.beside?.by))}`;
}

function wordOf(said: Said | undefined): string {
  if (typeof said !== "object") return said ?? "no answer";
  if ("brokeOff" in said) return "broke off";
  if (!said.ok) return said.code;
  return "identity" in said ? "granted" : "state" in said ? said.state : "swept";
}

export interface LocalRaces {
  readonly races: number;
  readonly seed: number;
  readonly only?: (name: string) => boolean;
}

/** A few of each kind in turn, so that whoever stops has seen something of all. */
function batchesOf(cells: readonly PlannedCell[]): PlannedCell[][] {
  const kinds = [...Map.groupBy(cells, ({ course }) => course.name).values()];
  const most = Math.max(0, ...kinds.map(({ length }) => length));
  const batches: PlannedCell[][] = [];
  for (let from = 0; from < most; from += AT_ONCE) {
    batches.push(
      ...kinds.map((kind) => kind.slice(from, from + AT_ONCE)).filter((each) => each.length > 0),
    );
  }
  return batches;
}
