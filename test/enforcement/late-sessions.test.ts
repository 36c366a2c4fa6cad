import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { CREDENTIALS } from "../support/deliveries.ts";
import { OPEN } from "../support/faults.ts";
import type { Governed, Mutation } from "../support/governed.ts";
import { identityEnds } from "../support/identity-ends.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";

/*
 * Somebody ends an identity while STS is asked for its session: nothing is begun with it, and that it exists is on record.
 */

/** A request whose contract is revoked just before STS answers; what `then` breaks comes behind that. */
async function revokedMeanwhile(mutation: Mutation, then: (plane: Plane) => void = () => {}) {
  const plane = await newPlane();
  return revokedAgain(plane, plane.contract(mutation), mutation, then);
}

async function revokedAgain(
  plane: Plane,
  governed: Governed,
  mutation: Mutation,
  then: (plane: Plane) => void = () => {},
) {
  plane.faults.gate = async (call, effect) => {
    if (call.at === "sts") {
      plane.faults.gate = OPEN;
      const { contractDigest } = governed;
      const command = plane.command({ do: "revokeContract", contractDigest });
      assert.ok((await plane.revoke({ command })).ok);
      then(plane);
    }
    return OPEN(call, effect);
  };
  const answer = refused(await plane.ask(mutation, governed));
  return { plane, answer, records: plane.records(governed.chainId) };
}

const USES: Readonly<Record<string, Mutation>> = { execute: {}, credentials: CREDENTIALS };

suite("a session that comes after its identity's end", () => {
  for (const [delivery, mutation] of Object.entries(USES)) {
    test(`VAI-68 ${delivery}: it is told of once, nothing is begun, and the operator's end stands`, async () => {
      const { plane, answer, records } = await revokedMeanwhile(mutation);
      assert.equal(answer.code, "IDENTITY_REVOKED");
      assert.equal(plane.sts.executions.length, 1);
      assert.equal(plane.targets.calls.length, 0);
      const [rejection, ...others] = records.filter(
        ({ event }) => event.type === "ExecutionRejected",
      );
      assert.match(String(rejection?.detail["unusedAccessKeyId"]), /^ASIA….{4}$/);
      assert.deepEqual(others, []);
      assert.deepEqual(identityEnds(records), { issued: 1, open: [], twice: [], unissued: [] });
    });
  }

  test("VAI-68 it is told of once though the answer of the store is lost, and nobody can look at first", async () => {
    const { records } = await revokedMeanwhile({}, ({ faults }) => {
      // Barrier 2 and the end of an open identity are refused by their conditions; the third tells of the session.
      faults.plan({ at: "evidence:write", from: 3, to: 3, applied: true });
      faults.plan({ at: "evidence:read", from: 3, to: 3 });
    });
    const told = records.filter(({ event }) => event.type === "ExecutionRejected");
    assert.equal(told.length, 1);
  });

  test("VAI-68 it is told of besides the session of another identity that was refused before", async () => {
    const plane = await newPlane();
    const twice: Mutation = {
      contract: {
        set: { "/authorization_details/0/limits": { calls: 2, totals: { percent: 100 } } },
      },
    };
    const governed = plane.contract(twice);
    plane.faults.plan({ at: "target:preRead", to: 1 });
    refused(await plane.ask(twice, governed));
    const { records } = await revokedAgain(plane, governed, twice);
    const told = records.filter(({ event }) => event.type === "ExecutionRejected");
    assert.equal(new Set(told.map(({ identity }) => identity?.id)).size, 2);
  });
});
