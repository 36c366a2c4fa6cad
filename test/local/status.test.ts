import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import type { Status } from "../../lib/cli/status/status.ts";
import { deliveryKey } from "../../lib/client/credentials.ts";
import { newPrivateJwk, signingKey } from "../../lib/client/keys.ts";
import { contractDigest, issueEvent } from "../../lib/client/request.ts";
import { run } from "../cli/support/plane-endpoint.ts";
import { granted, invoke, refused, settingEvent } from "../support/local/agent.ts";
import { byTwo, call, command } from "../support/local/commands.ts";
import { keyOf, settingDraft, signDraft, tableArn } from "../support/local/contracts.ts";
import { endAll } from "../support/local/end-all.ts";
import { breaking, nameOf, recorded } from "../support/local/faults.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { signScope } from "../support/local/sessions.ts";
import { seedItem } from "../support/local/targets.ts";

/** The views of operators at the deployed stack, as the operator's user with the managed policy (PROTOCOL.md §10, Views). */

async function status(plane: LocalPlane): Promise<Status> {
  const { code, out, err } = await run(
    ["status", "--json", "--within", "120", "--blocked", "1000"],
    {
      environment: { VAI_OUTPUTS: plane.outputsFile },
    },
  );
  assert.equal(code, 0, err);
  return JSON.parse(out);
}

/** What one view shows that it did not show before, by name. */
const NAMES: { readonly [View in keyof Status]?: (each: never) => string } = {
  live: ({ id }: Status["live"][number]) => id,
  pending: ({ digest }: Status["pending"][number]) => digest,
  expiring: ({ digest }: Status["expiring"][number]) => digest,
  blocked: ({ chainId, seq }: Status["blocked"][number]) => `${chainId} ${seq}`,
  halted: (halt: Status["halted"][number]) => (halt.scope === "actor" ? halt.actor : "plane"),
  revokedKeys: (jkt: string) => jkt,
  quarantined: ({ path }: Status["quarantined"][number]) => path,
  owed: ({ chainId, order }: Status["owed"][number]) => `${order?.do} on ${chainId}`,
};

function added(before: Status, after: Status): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(NAMES).map(([view, name]) => {
      const namesIn = (each: Status): string[] => (each[view as "live"] as never[]).map(name);
      // Of contracts that were open before, more are about to end the longer it takes.
      const known = new Set([...namesIn(before), ...(view === "expiring" ? openIn(before) : [])]);
      return [view, namesIn(after).filter((each) => !known.has(each))];
    }),
  );
}

const openIn = ({ pending }: Status): string[] => pending.map(({ digest }) => digest);

/** Credentials for the sample table in somebody's hands. */
async function deliver(plane: LocalPlane) {
  const { contract, proof } = signScope(plane, {
    action: "dynamodb:UpdateItem",
    target: tableArn(plane),
  });
  const asked = {
    ...{ plane: plane.outputs.plane, contract, proof, step: "step" },
    ...({ delivery: "credentials", deliverTo: deliveryKey().deliverTo } as const),
    ...{ idempotencyKey: randomUUID(), jti: randomUUID(), iat: Math.floor(Date.now() / 1000) },
  };
  return granted(await invoke(plane, issueEvent(asked, keyOf(plane, "agent"))));
}

async function ordered(plane: LocalPlane, claims: Record<string, unknown>) {
  return call(plane, "revoke", { command: command(plane, claims) });
}

/** Stops somebody and something that no other test knows, and takes it back when the test is over. */
async function stop(t: TestContext, plane: LocalPlane) {
  const actorId = `spiffe://example.org/agent/${randomUUID()}`;
  const jkt = signingKey(newPrivateJwk()).thumbprint;
  for (const [denial, lift] of [
    [
      { do: "haltActor", actorId },
      { do: "reinstateActor", actorId },
    ],
    [
      { do: "revokeKey", jkt },
      { do: "reinstateKey", jkt },
    ],
  ] as const) {
    const answer = await ordered(plane, denial);
    assert.ok(answer.ok, JSON.stringify(answer));
    t.after(() => call(plane, "govern", byTwo(plane, lift)));
  }
  return { actorId, jkt };
}

/** A role that IAM would not be told of. */
async function quarantine(t: TestContext, plane: LocalPlane): Promise<string> {
  const { identity } = await deliver(plane);
  const faults = await breaking(t, plane, {
    match: { service: "iam", operation: "PutRolePolicy" },
    do: { status: 403, errorCode: "AccessDenied" },
  });
  const { identityId } = identity;
  const answer = await ordered(plane, { do: "revokeIdentity", identityId });
  await faults.assertHit();
  await faults.mend();
  const [path] = "points" in answer ? answer.points.flatMap(({ role }) => role ?? []) : [];
  assert.ok(path);
  t.after(async () => {
    await call(plane, "sweep", {});
    await endAll(plane, path);
    await call(plane, "govern", byTwo(plane, { do: "liftQuarantine", path }));
  });
  return path;
}

test("VAI-129 at the deployed stack one of each is seeded, each view shows exactly it, and the feed has 16 queries and no scan", async (t) => {
  const plane = await localPlane();
  const item = `seen-${randomUUID().slice(0, 8)}`;
  await seedItem(plane, item);
  const before = await status(plane);

  const handles = settingDraft(plane, item, {}, { deliveries: ["handle"] });
  const held = async () =>
    granted(
      await invoke(
        plane,
        settingEvent(plane, signDraft(plane, handles), item, { delivery: "handle" }),
      ),
    );
  const live = await held();
  const owing = await held();
  const pending = signDraft(plane, settingDraft(plane, item, { calls: 2 }));
  granted(await invoke(plane, settingEvent(plane, pending, item)));
  const window = { startsIn: 0, seconds: 110 };
  const expiring = signDraft(plane, settingDraft(plane, item, { calls: 2 }, { window }));
  granted(await invoke(plane, settingEvent(plane, expiring, item)));
  const beyond = settingEvent(plane, pending, item, { parameters: { "set/weight": 999 } });
  const blocked = refused(await invoke(plane, beyond), "PARAMETER_OUT_OF_BOUNDS");
  const { actorId, jkt } = await stop(t, plane);
  const path = await quarantine(t, plane);
  const faults = await breaking(t, plane, {
    match: { service: "kms", operation: "Sign" },
    do: { status: 400, errorCode: "ThrottlingException" },
  });
  const { identityId } = owing.identity;
  const unsigned = await ordered(plane, { do: "revokeIdentity", identityId });
  assert.ok(unsigned.ok && unsigned.evidence === undefined, JSON.stringify(unsigned));
  await faults.assertHit();

  const { result: after, calls } = await recorded(plane, () => status(plane));
  await faults.mend();
  const open = [expiring, pending].map(({ contract }) => contractDigest(contract));
  const { chainId, seq } = blocked.evidence ?? {};
  const { owed, ...views } = added(before, after);
  assert.deepEqual(owed, [`revokeIdentity on ${owing.evidence.chainId}`]);
  assert.deepEqual(views, {
    // What is denied and owed is open until its record is written: the list says both.
    live: [live.identity.identityId, identityId].sort(
      (one, other) => orderIn(after, one) - orderIn(after, other),
    ),
    pending: open,
    expiring: open.slice(0, 1),
    blocked: [`${chainId} ${seq}`],
    ...{ halted: [actorId], revokedKeys: [jkt], quarantined: [path] },
  });
  const made = calls.filter(({ userIdentity }) => userIdentity.type === "IAMUser").map(nameOf);
  // The bucket tells which emergencies wait for a review: a list of its policies, and of each the uses.
  const asked = new Set(made.filter((each) => each !== "s3 GetObject"));
  assert.deepEqual([...asked].sort(), [
    "dynamodb BatchGetItem",
    "dynamodb Query",
    "s3 ListObjectVersions",
  ]);
  // One list of sixteen each, and two days of refusals.
  assert.ok(made.filter((each) => each === "dynamodb Query").length <= 18, made.join());

  await call(plane, "sweep", {});
  assert.deepEqual(added(before, await status(plane))["owed"], []);
});

const orderIn = ({ live }: Status, id: string): number => live.findIndex((each) => each.id === id);

test("VAI-128 VAI-136 at the deployed stack an auditor's policy is enough for identity and metrics, without a scan", async () => {
  const plane = await localPlane();
  const item = `told-${randomUUID().slice(0, 8)}`;
  await seedItem(plane, item);
  const { contract, proof } = signDraft(plane, settingDraft(plane, item));
  const { identity } = granted(await invoke(plane, settingEvent(plane, { contract, proof }, item)));
  const environment = { VAI_OUTPUTS: plane.outputsFile };
  const vai = (...args: readonly string[]) => run([...args, "--json"], { environment });
  const { result, calls } = await recorded(plane, async () => ({
    story: await vai("identity", identity.identityId),
    metrics: await vai("metrics", "--days", "1"),
  }));
  assert.equal(result.story.code, 0, result.story.err);
  assert.match(JSON.parse(result.story.out).end[0], / COMPLETED \(IdentityCompleted\)$/);
  assert.equal(result.metrics.code, 0, result.metrics.err);
  const { requests, uses } = JSON.parse(result.metrics.out);
  assert.ok(requests.requests > 0 && uses.issued > 0);
  const made = calls.filter(({ userIdentity }) => userIdentity.type === "IAMUser").map(nameOf);
  assert.deepEqual([...new Set(made)], ["dynamodb Query"]);
});
