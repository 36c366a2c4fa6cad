import assert from "node:assert/strict";
import { test } from "node:test";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { READS } from "../../lib/actions/reads.ts";
import { CANARY } from "../support/canary.ts";
import { ask, casesOf, runsAsSupposed } from "../support/local/actions.ts";
import { granted } from "../support/local/agent.ts";
import { verifiedChain } from "../support/local/evidence.ts";
import { localPlane } from "../support/local/plane.ts";
import { resetRouting, seedItem } from "../support/local/targets.ts";

// Every action of the catalogue, asked of the deployed plane under a contract that supposes something of its target.

/** Ends a sample for good, so it has a file of its own that runs last. */
const LAST = "ec2:TerminateInstances";

test("VAI-31 every action of the catalogue runs under a contract, as long as the world is as supposed", async (t) => {
  const plane = await localPlane();
  const cases = casesOf(plane);
  const actions = Object.keys(cases);
  assert.deepEqual(actions.toSorted(), CATALOGUE.map(({ action }) => action).toSorted());
  const reads = new Set(Object.values(cases).map(({ read }) => read));
  assert.deepEqual([...reads].toSorted(), READS.map(({ read }) => read).toSorted());
  await seedItem(plane, "every-action");
  await resetRouting(plane);
  await plane.deployer.s3.send(
    new PutObjectCommand({
      Bucket: plane.outputs.samples.bucket,
      Key: "every-action.txt",
      Body: "there",
    }),
  );
  for (const action of actions.filter((each) => each !== LAST)) {
    await t.test(`${action}: refused when the world differs, run when it does not`, () =>
      runsAsSupposed(plane, action),
    );
  }
  await resetRouting(plane);
});

test("USR-16 sensitive parameters are in no record of the requests that carried them", async () => {
  const plane = await localPlane();
  const cases = casesOf(plane);
  for (const action of ["s3:PutObject", "ssm:PutParameter"]) {
    const each = cases[action];
    assert.ok(each);
    const answer = granted(await ask(plane, action, each, each.holds));
    const records = await verifiedChain(plane, answer.evidence.chainId);
    const requested = records.filter(({ detail }) => "requestClaims" in detail);
    assert.ok(requested.length > 0, action);
    assert.ok(!JSON.stringify(records).includes(CANARY), action);
  }
});
