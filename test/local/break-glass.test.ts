import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import {
  DeleteObjectCommand,
  GetObjectLockConfigurationCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { granted, invoke, refused, shiftEvent } from "../support/local/agent.ts";
import { call, command } from "../support/local/commands.ts";
import { intentOf } from "../support/local/contracts.ts";
import { emergency, reviewAll, waitingReviews } from "../support/local/emergencies.ts";
import { typesOf, verifiedChain } from "../support/local/evidence.ts";
import { allDenied } from "../support/local/iam.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { roleProbe } from "../support/local/probe.ts";
import { resetRouting } from "../support/local/targets.ts";

const bucketOf = ({ outputs }: LocalPlane): string => outputs.buckets.breakGlass;

const putting = (plane: LocalPlane, Key: string, IfNoneMatch?: "*") => ({
  service: "s3",
  command: "PutObjectCommand",
  input: {
    ...{ Bucket: bucketOf(plane), Key, Body: "{}", ChecksumAlgorithm: "SHA256" },
    ...(IfNoneMatch && { IfNoneMatch }),
  },
});
const deleting = (plane: LocalPlane, Key: string, more: object = {}) => ({
  service: "s3",
  command: "DeleteObjectCommand",
  input: { Bucket: bucketOf(plane), Key, ...more },
});

/** Takes away everything under a prefix, past its lock, as the local administrator may. */
async function emptied(plane: LocalPlane, Prefix: string): Promise<void> {
  const { s3 } = plane.deployer;
  const Bucket = bucketOf(plane);
  const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix }));
  for (const { Key, VersionId } of Versions) {
    const BypassGovernanceRetention = true;
    await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId, BypassGovernanceRetention }));
  }
}

test("VAI-125 VAI-126 the bucket of emergencies takes an object once, from the plane alone, and gives none up", async (t: TestContext) => {
  const plane = await localPlane();
  const { s3 } = plane.deployer;
  const Bucket = bucketOf(plane);
  const issue = await roleProbe(t, plane, "vai-local-issue");
  const key = `break-glass/tried/${randomUUID()}/use`;
  // What is no transaction in a spool is for sweep to fail at, each minute: it goes with this test.
  t.after(() => emptied(plane, "break-glass/tried/"));
  assert.deepEqual(await issue([putting(plane, key)]), ["AccessDenied"]);
  assert.deepEqual(await issue([putting(plane, key, "*")]), ["allowed"]);
  assert.deepEqual(await issue([putting(plane, key, "*")]), ["PreconditionFailed"]);
  assert.deepEqual(await issue([putting(plane, key)]), ["AccessDenied"]);
  assert.deepEqual(await issue([putting(plane, "elsewhere", "*")]), ["AccessDenied"]);
  const listed = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: key }));
  const [version] = listed.Versions ?? [];
  assert.equal(listed.Versions?.length, 1);
  const VersionId = String(version?.VersionId);
  assert.deepEqual(
    await issue([
      deleting(plane, key),
      deleting(plane, key, { VersionId, BypassGovernanceRetention: true }),
      { service: "s3", command: "PutBucketPolicyCommand", input: { Bucket, Policy: "{}" } },
    ]),
    ["AccessDenied", "AccessDenied", "AccessDenied"],
  );
  await allDenied({
    "an administrator puts": s3.send(
      new PutObjectCommand({ Bucket, Key: `${key}-2/use`, Body: "{}", IfNoneMatch: "*" }),
    ),
    "an administrator overwrites": s3.send(new PutObjectCommand({ Bucket, Key: key, Body: "{}" })),
  });
  // The other functions spool evidence, and take no use's place.
  const govern = await roleProbe(t, plane, "vai-local-govern");
  const spooled = `break-glass/tried/spool/${randomUUID()}/000001`;
  assert.deepEqual(await govern([putting(plane, `${key}/use`, "*")]), ["AccessDenied"]);
  assert.deepEqual(await govern([putting(plane, spooled)]), ["AccessDenied"]);
  assert.deepEqual(await govern([putting(plane, spooled, "*")]), ["allowed"]);
  const execute = await roleProbe(t, plane, "vai-local-execute");
  assert.deepEqual(await execute([putting(plane, `${spooled}2`, "*")]), ["AccessDenied"]);
  const { ObjectLockConfiguration: lock } = await s3.send(
    new GetObjectLockConfigurationCommand({ Bucket }),
  );
  assert.equal(lock?.ObjectLockEnabled, "Enabled");
  assert.equal(lock?.Rule?.DefaultRetention?.Mode, "GOVERNANCE");
});

test("VAI-122 VAI-126 VAI-127 an emergency runs once without attestations, blocks the next, and is reviewed by an auditor", async (t) => {
  const plane = await localPlane();
  await resetRouting(plane);
  await reviewAll(plane);
  t.after(() => reviewAll(plane));
  const first = emergency(plane);
  const done = granted(await invoke(plane, shiftEvent(plane, first.held)));
  assert.equal(done.identity.state, "COMPLETED");
  const types = typesOf(await verifiedChain(plane, `intent/${intentOf(first.held)}`));
  assert.ok(types.includes("BreakGlassInvoked"), types.join());
  const second = emergency(plane);
  refused(await invoke(plane, shiftEvent(plane, second.held)), "BREAK_GLASS_REVIEW_OVERDUE");
  const { operator } = plane.outputs.names;
  const review = (iss: string, signer: "auditor" | "operator") => ({
    op: "command",
    command: command(
      plane,
      {
        ...{ iss, do: "reviewBreakGlass", contractDigest: first.digest },
        finding: "the traffic had to move",
      },
      signer,
    ),
  });
  const foreign = await call(plane, "govern", review(operator, "operator"));
  assert.equal(foreign.ok ? "ok" : foreign.code, "ACTOR_AUTH_INVALID");
  assert.deepEqual(await waitingReviews(plane), [first.digest]);
  await reviewAll(plane);
  assert.deepEqual(await waitingReviews(plane), []);
  granted(await invoke(plane, shiftEvent(plane, second.held)));
});
