import type { PlannedCell, PlayedCell } from "./batch.ts";
import { COURSES, type Course } from "./courses.ts";
import type { CallPlace, SeenCall } from "./door.ts";
import { FAULT_KINDS } from "./faults.ts";

/** Calls of one name that are tried; a loop over chains makes any number of them. */
const MOST_OF_A_NAME = 4;

/**
 * The calls of a clean run, each of which goes wrong in turn: a call that is added later is among them by itself. Of calls
 * that are alike and under way at once (sixteen views, six roles) the first stands for all.
 */
export function callsToTry(calls: readonly SeenCall[]): CallPlace[] {
  const tried: SeenCall[] = [];
  for (const call of calls) {
    const alike = tried.filter(({ name }) => name === call.name);
    const isBeside = alike.some(({ to }) => to > call.from);
    if (!isBeside && alike.length < MOST_OF_A_NAME) tried.push(call);
  }
  return tried.map(({ name, nth }) => ({ name, nth }));
}

/** Every call of a course with every fault. */
export const wholeOf = ({ course, calls }: PlayedCell): PlannedCell[] =>
  callsToTry(calls).flatMap((place) =>
    FAULT_KINDS.map((fault) => ({ course, planned: { ...place, fault } })),
  );

/** Faults of the short form in a course whose cells take turns. */
const IN_TURN = 2;

/** Calls that sign, write, obtain a session or act: what goes wrong with a read stops what comes after it. */
const CHANGES = /:(Sign|TransactWriteItems|UpdateItem|PutRolePolicy|AssumeRole exec-\w+$)/;

/**
 * The short form, always the same: each fault at one call of a course that changes something, evenly picked; where cells
 * take turns two faults, other ones for each course.
 */
export function shortOf({ course, calls }: PlayedCell): PlannedCell[] {
  const places = callsToTry(calls).filter(({ name }) => CHANGES.test(name));
  const turn = COURSES.filter(({ alone }) => alone !== undefined).indexOf(course);
  const kinds = FAULT_KINDS.filter(
    (_, index) => turn < 0 || Math.floor(index / IN_TURN) === turn % (FAULT_KINDS.length / IN_TURN),
  );
  return kinds.flatMap((fault, index) => {
    const place = places[Math.floor(((index + 0.5) * places.length) / kinds.length)];
    return place === undefined ? [] : [{ course, planned: { ...place, fault } }];
  });
}

/** Cells that are played together. */
const TOGETHER = 10;

/** Cells by batch: of one course each, and alone where they change what all share. */
export function batchesOf(cells: readonly PlannedCell[]): PlannedCell[][] {
  const byCourse = Map.groupBy(cells, ({ course }) => course);
  return [...byCourse].flatMap(([course, own]) => inGroups(own, sizeOf(course)));
}

const sizeOf = ({ alone }: Course): number => (alone === "wholly" ? 1 : TOGETHER);

function inGroups<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );
}

/** One of several parts of a matrix, for runs that share the work. */
export interface Part {
  readonly index: number;
  readonly of: number;
}

/** Every so-many-th cell: each part has every course, and most faults. */
export const partOf = ({ index, of }: Part, cells: readonly PlannedCell[]): PlannedCell[] =>
  cells.filter((_, place) => place % of === index);
