import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { jsonRenderer, type Renderer, textRenderer } from "../../localstack/walkthrough/render.ts";
import { reportOf, type StepResult } from "../../localstack/walkthrough/report.ts";

const GOOD: StepResult = {
  id: "refuse-percent",
  title: "The agent asks for 100 %.",
  command: "$ vai issue shift.json --set percent=100",
  expected: "PARAMETER_OUT_OF_BOUNDS at scope",
  seen: "PARAMETER_OUT_OF_BOUNDS at scope",
  detail: `percent 100 is above the contract's maximum 10${" and so on".repeat(20)}`,
  ok: true,
};
const BAD: StepResult = { ...GOOD, id: "replay", expected: "deduplicated", seen: "x", ok: false };
const PLACE = { endpoint: "http://127.0.0.1:1", work: "some/work", anchor: "thumbprint" };

/** All that a renderer writes of a walkthrough with these steps. */
function written(make: (write: (text: string) => void) => Renderer, steps: StepResult[]): string {
  let text = "";
  const renderer = make((more) => {
    text += more;
  });
  renderer.begin(PLACE);
  renderer.section(1, "A section", `${"many words ".repeat(20)}`.trim());
  for (const step of steps) {
    renderer.asking(step, 1.23);
    renderer.show(["a line of it"]);
    renderer.answered(step);
  }
  renderer.end(reportOf(steps), PLACE);
  return text;
}

const plainly = (steps: StepResult[]) => written((write) => textRenderer(write, false), steps);

test("USR-10 a pipe gets the time line without a control character", () => {
  const text = plainly([GOOD]);
  assert.equal(text, stripVTControlCharacters(text));
  const lines = text.split("\n");
  const asked = lines.indexOf("  1.2 s The agent asks for 100 %.");
  assert.deepEqual(lines.slice(asked + 1, asked + 3), [
    "        $ vai issue shift.json --set percent=100",
    "        | a line of it",
  ]);
  assert.match(
    lines[asked + 3] ?? "",
    /^ {8}ok {2}PARAMETER_OUT_OF_BOUNDS at scope {2}percent .*…$/,
  );
  assert.ok(lines.includes("verdict: 1 of 1 steps as expected"));
  assert.match(text, /npx --no -- vai verify some\/work\/evidence --anchor thumbprint/);
  assert.ok(lines.every((line) => line.length <= 140));
});

test("USR-10 a call without vai follows what it showed, in one line", () => {
  const look = { ...GOOD, command: "# by SDK as agent: lambda:GetAlias", detail: "not shown" };
  const lines = plainly([look]).split("\n");
  assert.ok(lines.includes(`        ok  ${look.seen}  by SDK as agent: lambda:GetAlias`));
  assert.ok(!lines.some((line) => line.includes("#") || line.includes("not shown")));
});

test("USR-10 a terminal gets the same words in colour", () => {
  const coloured = written((write) => textRenderer(write, true), [GOOD, BAD]);
  assert.notEqual(coloured, stripVTControlCharacters(coloured));
  assert.equal(stripVTControlCharacters(coloured), plainly([GOOD, BAD]));
});

test("USR-10 a step that ended otherwise is shown with what was expected, and in the verdict", () => {
  const text = plainly([GOOD, BAD]);
  assert.match(text, /\n {8}NOT AS EXPECTED {2}x .*\n {8}expected: deduplicated\n/);
  assert.match(text, /\nverdict: 1 of 2 steps as expected; otherwise: replay\n$/);
});

test("USR-10 a machine gets one JSON document and nothing else", () => {
  const document = JSON.parse(written((write) => jsonRenderer(write), [GOOD, BAD]));
  assert.deepEqual(document, {
    ok: false,
    verdict: "1 of 2 steps as expected; otherwise: replay",
    steps: [GOOD, BAD],
  });
});

test("USR-10 a walkthrough that stopped, or tried nothing, is not as expected", () => {
  assert.equal(reportOf([GOOD]).ok, true);
  const stopped = reportOf([GOOD], "the next could not be run");
  assert.equal(stopped.ok, false);
  assert.equal(stopped.verdict, "1 of 1 steps as expected; stopped: the next could not be run");
  assert.equal(reportOf([]).ok, false);
});
