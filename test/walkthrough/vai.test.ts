import assert from "node:assert/strict";
import { test } from "node:test";
import { hasAnswered } from "../../localstack/walkthrough/vai.ts";

test("USR-10 what a command prints is its answer, also with code 2; where it prints nothing then, or nobody answered, it did not do its work", () => {
  const said = [0, 1, 2, 3, 4, 5].filter((code) => hasAnswered(code, '{"ok":false}'));
  assert.deepEqual(said, [0, 1, 2, 3]);
  const silent = [0, 1, 2, 3, 4, 5, null].filter((code) => hasAnswered(code, ""));
  assert.deepEqual(silent, [0, 1, 3]);
});
