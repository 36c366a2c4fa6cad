import assert from "node:assert/strict";
import { test } from "node:test";
import { outcomeOf } from "../../support/local-iam.ts";
import { localPlane } from "../../support/local-plane.ts";
import {
  policyOf,
  sessionsOfDeployed,
  sessionsOfEverything,
} from "../../support/local-sessions.ts";
import { WALLS } from "./walls.ts";

// STS sessions live at least 900 s; a contract's window is as short as it says.

const HOUR = 3_600_000;
/** When the contract was signed for ten minutes, seen from the call. */
const SIGNED: readonly (readonly [when: string, at: number, outcome: string])[] = [
  ["before its window", HOUR, "denied"],
  ["after its window", -HOUR, "denied"],
  ["within its window", 0, "allowed"],
];

for (const [name, build] of Object.entries(WALLS)) {
  test(`VAI-116 VAI-151 IAM keeps a session for ${name} within its window`, async (t) => {
    const plane = await localPlane();
    const { scope, bounded } = await build(t, plane);
    const everything = await sessionsOfEverything(t, plane);
    const deployed = await sessionsOfDeployed(t, plane, scope.action);
    for (const [when, at, expected] of SIGNED) {
      const policy = await policyOf(plane, scope, { now: Date.now() + at });
      for (const { session, roleArn } of [everything, deployed]) {
        const as = plane.as(await session(policy));
        assert.equal(await outcomeOf(bounded(as)), expected, `${when} ${roleArn}`);
      }
    }
  });
}
