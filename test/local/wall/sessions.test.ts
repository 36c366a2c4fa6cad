import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { CATALOGUE } from "../../../lib/actions/catalogue.ts";
import type { Clients } from "../../../localstack/deploy/clients.ts";
import type { AwsCredentials } from "../../../localstack/machine/start-processes.ts";
import { permissionOf } from "../../support/local/iam.ts";
import { sessionAsIssued } from "../../support/local/issued.ts";
import { type LocalPlane, localPlane } from "../../support/local/plane.ts";
import { functionRole } from "../../support/local/roles.ts";
import { policyOf, type Scope, sessionsOfEverything } from "../../support/local/sessions.ts";
import { planeWall } from "./plane.ts";
import { WALLS } from "./walls.ts";

// IAM alone: a session's credentials in raw SDK clients, none of our code between them and AWS.

/** Clients of one session, by region. */
type Session = (region?: string) => Clients;

interface Tried {
  /** Sessions under the policy of the contract, each with what else limits it. */
  readonly walled: Readonly<Record<string, Session>>;
  /** Who can make the same calls. */
  readonly twins: Readonly<Record<"role" | "issue" | "govern", Session>>;
}

async function sessionsFor(t: TestContext, plane: LocalPlane, scope: Scope): Promise<Tried> {
  const as = (credentials: AwsCredentials) => (region?: string) => plane.as(credentials, region);
  const policy = await policyOf(plane, scope);
  const everything = await sessionsOfEverything(t, plane);
  return {
    walled: {
      "by the session policy alone": as(await everything.session(policy)),
      "as the plane issues it": as(await sessionAsIssued(t, plane, scope)),
    },
    twins: {
      role: as(await everything.session()),
      issue: as(await functionRole(t, plane, "vai-local-issue")),
      govern: as(await functionRole(t, plane, "vai-local-govern")),
    },
  };
}

for (const [name, build] of Object.entries(WALLS)) {
  test(`VAI-42 VAI-45 IAM holds a session for ${name}`, async (t) => {
    const plane = await localPlane();
    const { scope, bounded, outcome = "allowed", beyond } = await build(t, plane);
    const { walled, twins } = await sessionsFor(t, plane, scope);
    const allowed = async () => {
      for (const [held, session] of Object.entries(walled))
        assert.equal(await permissionOf(bounded(session())), outcome, held);
    };
    await allowed();
    const tried = { ...beyond, ...(await planeWall(t, plane, scope.action)) };
    for (const [what, { call, region, ...expected }] of Object.entries(tried)) {
      await t.test(`${what}: denied to the session, not to its twin`, async () => {
        const sessions = Object.entries(walled);
        const outcomes = sessions.map(([, session]) => permissionOf(call(session(region))));
        const held = sessions.map(([name]) => [name, "denied"]);
        const found = await Promise.all(outcomes);
        assert.deepEqual(
          sessions.map(([name], index) => [name, found[index]]),
          held,
        );
        const { twin = "role", outcome: reached = "allowed" } = expected;
        assert.equal(await permissionOf(call(twins[twin](region))), reached, `the twin: ${twin}`);
      });
    }
    await allowed();
  });
}

test("VAI-42 every action of the catalogue has a wall", async (t) => {
  const plane = await localPlane();
  const walls = await Promise.all(Object.values(WALLS).map((build) => build(t, plane)));
  const actions = new Set(walls.map(({ scope }) => scope.action));
  assert.deepEqual([...actions].sort(), CATALOGUE.map(({ action }) => action).sort());
});
