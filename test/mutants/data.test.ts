import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { REPOSITORY_ROOT } from "../../localstack/machine/paths.ts";
import { readMutants, titleOf } from "./mutant.ts";
import { isPlaced, Sources, unplacedText } from "./place.ts";
import { Visibility } from "./visible.ts";

const mutants = readMutants();
const sources = new Sources(REPOSITORY_ROOT);

suite("the list of mutants", () => {
  test("each has one place in the source, by the text that it is anchored to", () => {
    const lost = mutants.map((each) => sources.place(each)).filter((each) => !isPlaced(each));
    assert.deepEqual(
      lost.map((each) => ("problem" in each ? unplacedText(each) : "")),
      [],
    );
  });

  test("there are enough, each once, over every room that authority and evidence hang on", () => {
    assert.ok(mutants.length >= 200, `${mutants.length}`);
    const edits = mutants.map(
      ({ file, anchor, replacement }) => `${file} ${anchor} ${replacement}`,
    );
    assert.equal(new Set(edits).size, edits.length);
    const titles = mutants.map(titleOf);
    assert.deepEqual(
      titles.filter((title, index) => titles.indexOf(title) !== index),
      [],
    );
    for (const room of [
      "enforcement",
      "evidence",
      "authority",
      "audit",
      "aws",
      "contract",
      "encoding",
    ])
      assert.ok(mutants.filter(({ file }) => file.startsWith(`lib/${room}/`)).length >= 20, room);
  });

  test("the tests that are named as near are there, and are unit tests that reach the file", () => {
    const visibility = new Visibility(REPOSITORY_ROOT);
    for (const mutant of mutants) {
      const seeing = visibility.testsOf(mutant.file);
      for (const file of mutant.tests) {
        assert.ok(existsSync(join(REPOSITORY_ROOT, file)), file);
        assert.ok(seeing.includes(file), `${file} does not reach ${mutant.file}`);
      }
    }
  });
});
