import assert from "node:assert/strict";
import { test } from "node:test";
import { Functions } from "../matrix/functions.ts";
import { undoDenials } from "../matrix/undo-denials.ts";
import { playLocalRaces } from "../races/local-races.ts";
import { localPlane } from "../support/local/plane.ts";

// A thousand are `npm run races:local`.
test("VAI-06 VAI-07 VAI-112 24 races of uses with denials, every call late by chance: no violation", async (t) => {
  const plane = await localPlane();
  t.after(() => undoDenials(plane));
  const functions = await Functions.of(t, plane);
  const { played, violations } = await playLocalRaces({ plane, functions }, { races: 24, seed: 1 });
  assert.deepEqual(violations, []);
  assert.equal(played, 24);
});
