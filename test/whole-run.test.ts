import assert from "node:assert/strict";
import { test } from "node:test";
import { HANDLE } from "./support/deliveries.ts";
import { identityEnds } from "./support/identity-ends.ts";
import { newPlane, PLANES, type Plane } from "./support/plane.ts";

/*
 * Read last of all files: what every other test has left behind in memory.
 */

/** Seconds after which nothing that was issued can live, and no function that had it in hand. */
const OVER = 7_300;

const endsIn = (plane: Plane) => identityEnds(plane.everyRecord());

test("VAI-07 every identity that any of these tests has issued has exactly one terminal record, once its time is over and sweep has come", async () => {
  // One at least, also when nothing else is run: a handle that nobody redeems, which only sweep ends.
  const own = await newPlane();
  await own.grant(HANDLE);
  assert.notDeepEqual(endsIn(own).open, []);
  const wrong: object[] = [];
  for (const plane of PLANES.filter(({ isWhole }) => isWhole)) {
    if (endsIn(plane).open.length > 0) {
      plane.faults.clear();
      plane.world.pass(OVER);
      await plane.sweep(plane.process()).catch((error: unknown) => {
        wrong.push({ madeBy: plane.madeBy, error: String(error) });
      });
    }
    const { open, twice, unissued } = endsIn(plane);
    if ([...open, ...twice, ...unissued].length > 0) {
      wrong.push({ madeBy: plane.madeBy, open, twice, unissued });
    }
  }
  assert.deepEqual(wrong, []);
});
