import assert from "node:assert/strict";
import { test } from "node:test";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { breaking } from "../../support/local/faults.ts";
import { permissionOf } from "../../support/local/iam.ts";
import { sessionAsIssued } from "../../support/local/issued.ts";
import { localPlane } from "../../support/local/plane.ts";
import {
  policyOf,
  sessionsOfDeployed,
  sessionsOfEverything,
} from "../../support/local/sessions.ts";
import { WALLS } from "./walls.ts";

// STS sessions live at least 900 s; a contract's window is as short as it says.

const HOUR = 3_600_000;
/** When the contract was signed for ten minutes, seen from the call. */
const SIGNED: readonly (readonly [when: string, at: number, isOpen: boolean])[] = [
  ["before its window", HOUR, false],
  ["after its window", -HOUR, false],
  ["within its window", 0, true],
];

for (const [name, build] of Object.entries(WALLS)) {
  test(`VAI-116 VAI-151 IAM keeps a session for ${name} within its window`, async (t) => {
    const plane = await localPlane();
    const { scope, bounded, outcome = "allowed" } = await build(t, plane);
    const everything = await sessionsOfEverything(t, plane);
    const deployed = await sessionsOfDeployed(t, plane, scope.action);
    for (const [when, at, isOpen] of SIGNED) {
      const expected = isOpen ? outcome : "denied";
      const policy = await policyOf(plane, scope, { now: Date.now() + at });
      for (const { session, roleArn } of [everything, deployed]) {
        const as = plane.as(await session(policy));
        assert.equal(await permissionOf(bounded(as)), expected, `${when} ${roleArn}`);
      }
    }
  });
}

// EC2 has a name of its own for it (Amazon EC2 API reference, "Common client error codes").
const EXPIRED: readonly string[] = ["ExpiredToken", "ExpiredTokenException", "RequestExpired"];

/** Seconds by which AWS's clock is ahead of the clock by which the contract was issued, for 600 s. */
const AHEAD: readonly (readonly [skewSeconds: number, isOpen: boolean])[] = [
  [-30, false],
  [300, true],
  [601, false],
];

for (const [name, build] of Object.entries(WALLS)) {
  test(`VAI-116 an issued session for ${name} ends with its contract, by STS where it was delivered, else by IAM`, async (t) => {
    const plane = await localPlane();
    const { scope, bounded, outcome = "allowed" } = await build(t, plane);
    const as = plane.as(await sessionAsIssued(t, plane, scope));
    const { Arn = "" } = await as.sts.send(new GetCallerIdentityCommand({}));
    const session = Arn.slice(Arn.lastIndexOf("/") + 1);
    for (const [skewSeconds, isOpen] of AHEAD) {
      const late = await breaking(t, plane, { match: { session }, do: { skewSeconds } });
      // What was delivered was cut to its window; before it and within it IAM alone judges.
      const isOver = scope.parameters === undefined && skewSeconds > 600;
      const expected = isOpen ? [outcome] : isOver ? EXPIRED : ["denied"];
      const seen = await permissionOf(bounded(as));
      assert.ok(expected.includes(seen), `${skewSeconds} s ahead: ${seen}`);
      await late.assertHit();
      await late.mend();
    }
  });
}
