import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlayedCell } from "./batch.ts";
import { batchesOf, callsToTry, partOf, shortOf, wholeOf } from "./cells.ts";
import { COURSES, type Course } from "./courses.ts";
import type { SeenCall } from "./door.ts";
import { FAULT_KINDS } from "./faults.ts";

const seen = (name: string, nth: number, from: number, to: number): SeenCall => ({
  ...{ name, nth, from, to },
});
const named = (name: string): Course => {
  const course = COURSES.find((each) => each.name === name);
  assert.ok(course);
  return course;
};
const played = (course: Course, calls: readonly SeenCall[]): PlayedCell => ({
  ...{ course, calls, isHit: false, chainIds: [] },
});

test("VAI-98 the matrix tries every call of a clean run; of alike ones at once the first, of a loop four", () => {
  const calls = [
    ...[seen("kms:Sign", 1, 0, 1), seen("sts:AssumeRole exec", 1, 0, 5)],
    ...[seen("dynamodb:Query state", 1, 1, 4), seen("dynamodb:Query state", 2, 2, 4)],
    ...[seen("kms:Sign", 2, 6, 7), seen("dynamodb:Query state", 3, 8, 9)],
    ...[3, 4, 5, 6].map((nth) => seen("kms:Sign", nth, 10 + nth, 10.5 + nth)),
  ];
  assert.deepEqual(
    callsToTry(calls).map(({ name, nth }) => `${name} ${nth}`),
    [
      ...["kms:Sign 1", "sts:AssumeRole exec 1", "dynamodb:Query state 1", "kms:Sign 2"],
      ...["dynamodb:Query state 3", "kms:Sign 3", "kms:Sign 4"],
    ],
  );
});

test("VAI-98 the whole matrix is every call with every fault; its parts are all of it", () => {
  const calls = [seen("kms:Sign", 1, 0, 1), seen("kms:Sign", 2, 2, 3)];
  const whole = wholeOf(played(named("execute"), calls));
  assert.equal(whole.length, calls.length * FAULT_KINDS.length);
  const parts = [0, 1, 2, 3].flatMap((index) => partOf({ index, of: 4 }, whole));
  assert.deepEqual(new Set(parts), new Set(whole));
  assert.equal(parts.length, whole.length);
});

test("VAI-98 the short form has each fault at a call that changes something in each course, two of them where cells take turns", () => {
  const calls = Array.from({ length: 12 }, (_, index) =>
    seen(index % 2 === 0 ? "kms:Sign" : "dynamodb:Query state", index, index, index),
  );
  const faultsOf = (name: string) =>
    shortOf(played(named(name), calls)).map(({ planned }) => planned?.fault);
  assert.deepEqual(faultsOf("execute"), FAULT_KINDS);
  const tried = shortOf(played(named("execute"), calls));
  assert.ok(tried.every(({ planned }) => planned?.name === "kms:Sign"));
  const turns = COURSES.filter(({ alone }) => alone !== undefined).map(({ name }) =>
    faultsOf(name),
  );
  assert.ok(turns.every(({ length }) => length === 2));
  assert.deepEqual(new Set(turns.flat()), new Set(FAULT_KINDS));
});

test("VAI-98 cells of different courses never share a batch, and what changes everything has one to itself", () => {
  const calls = [seen("kms:Sign", 1, 0, 1), seen("kms:Sign", 2, 2, 3)];
  const cells = ["execute", "revoke plane"].flatMap((name) => wholeOf(played(named(name), calls)));
  const batches = batchesOf(cells);
  assert.deepEqual(
    batches.map(({ length }) => length),
    [10, 2, ...Array(12).fill(1)],
  );
  assert.ok(batches.every((batch) => new Set(batch.map(({ course }) => course)).size === 1));
});
