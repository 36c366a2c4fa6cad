import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonRenderer } from "../../localstack/walkthrough/render.ts";
import { reportOf, type StepResult } from "../../localstack/walkthrough/report.ts";
import { type Step, StepFailed, stepRunner } from "../../localstack/walkthrough/stage.ts";

function runner(signal = new AbortController().signal, isEnforced = true) {
  const results: StepResult[] = [];
  const renderer = jsonRenderer(() => {});
  const step = stepRunner({ renderer, results, signal, isEnforced, clock: () => 0 });
  return { results, step };
}

const step = (run: Step<number>["run"]): Step<number> => ({
  ...{ id: "one", title: "Somebody tries.", command: "$ vai try", expected: "CODE at stage" },
  run,
});

test("USR-10 a step is as expected only when it ends with exactly what was expected", async () => {
  const { results, step: play } = runner();
  assert.equal(await play(step(async () => ({ seen: "CODE at stage", value: 7 }))), 7);
  await play(step(async () => ({ seen: "CODE at stage 2", detail: "why", value: 0 })));
  assert.deepEqual(
    results.map(({ ok, seen, detail }) => ({ ok, seen, detail })),
    [
      { ok: true, seen: "CODE at stage", detail: undefined },
      { ok: false, seen: "CODE at stage 2", detail: "why" },
    ],
  );
});

test("USR-10 a step that cannot be run is kept with the reason, and ends the walkthrough", async () => {
  const { results, step: play } = runner();
  const broken = step(() => Promise.reject(new Error("no such command")));
  await assert.rejects(play(broken), StepFailed);
  assert.deepEqual(results, [
    {
      ...{ id: "one", title: "Somebody tries.", command: "$ vai try", expected: "CODE at stage" },
      ...{ seen: "no such command", ok: false },
    },
  ]);
});

test("USR-10 an interrupted step is no result", async () => {
  const { results, step: play } = runner(AbortSignal.abort());
  await assert.rejects(play(step(() => Promise.reject(new Error("aborted")))), /aborted/);
  assert.deepEqual(results, []);
});

test("USR-10 what this endpoint cannot enforce is not run, and is named and counted in the verdict", async () => {
  const { results, step: play } = runner(undefined, false);
  let runs = 0;
  const run = async () => {
    runs += 1;
    return { seen: "CODE at stage", value: 1 };
  };
  await play({ ...step(run), id: "iam-denies", expected: "AccessDeniedException" });
  assert.equal(runs, 0, "a call that IAM does not stop would do what it must not");
  await play(step(run));
  const { ok, verdict } = reportOf(results);
  assert.deepEqual(
    [runs, ok, verdict],
    [
      ...[1, true],
      "1 of 1 steps as expected; skipped 1 checks that this endpoint cannot enforce: iam-denies",
    ],
  );
  assert.equal(reportOf(results.slice(0, 1)).ok, false, "skipping alone shows nothing");
});
