import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { localPlane } from "../../support/local-plane.ts";
import { outcomeOf } from "../../support/local-iam.ts";
import {
  policyOf,
  sessionsOfDeployed,
  sessionsOfEverything,
} from "../../support/local-sessions.ts";
import { planeWall } from "./plane.ts";
import type { Wall } from "./wall.ts";
import { WALLS } from "./walls.ts";

// IAM alone: a session's credentials in raw SDK clients, none of our code between them and AWS.

/** Clients by region of one session. */
type Session = (region?: string) => Clients;

interface Tried {
  /** The role alone, which may do everything. */
  readonly alone: Session;
  /** Sessions under the policy of the contract, each with what else limits it. */
  readonly walled: Readonly<Record<string, Session>>;
}

async function sessionsFor(t: TestContext, { scope }: Wall): Promise<Tried> {
  const plane = await localPlane();
  const policy = await policyOf(plane, scope);
  const everything = await sessionsOfEverything(t, plane);
  const deployed = await sessionsOfDeployed(t, plane, scope.action);
  const [bare, derived, issued] = await Promise.all([
    everything.session(),
    everything.session(policy),
    deployed.session(policy),
  ]);
  const as = (credentials: typeof bare) => (region?: string) =>
    plane.as(credentials, region);
  return {
    alone: as(bare),
    walled: {
      "by the session policy alone": as(derived),
      "in the deployed role": as(issued),
    },
  };
}

for (const [name, build] of Object.entries(WALLS)) {
  test(`VAI-42 VAI-45 VAI-46 IAM holds a session for ${name}`, async (t) => {
    const plane = await localPlane();
    const wall = await build(t, plane);
    const { alone, walled } = await sessionsFor(t, wall);
    const bounded = async () => {
      for (const [held, session] of Object.entries(walled))
        assert.equal(await outcomeOf(wall.bounded(session())), "allowed", held);
    };
    await bounded();
    for (const [what, { call, region, alone: twin = "allowed" }] of Object.entries({
      ...wall.beyond,
      ...(await planeWall(t, plane)),
    })) {
      await t.test(`${what}: denied to the session, not to its role`, async () => {
        for (const [held, session] of Object.entries(walled))
          assert.equal(await outcomeOf(call(session(region))), "denied", held);
        assert.equal(await outcomeOf(call(alone(region))), twin, "the role alone");
      });
    }
    await bounded();
  });
}
