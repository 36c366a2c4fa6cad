import assert from "node:assert/strict";
import { test } from "node:test";
import { verifierFuzzer } from "./verifier.ts";

test("VAI-91 ADV-07 an export with random edits: never an exception, never a good verdict", async () => {
  const { inputs, failures } = await verifierFuzzer.run(1, 300);
  assert.equal(inputs, 300);
  assert.deepEqual(failures, []);
});
