import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { CloudTrailEvent } from "../../localstack/machine/control.ts";
import { granted, invoke, refused, settingEvent } from "../support/local/agent.ts";
import { intentOf, settingDraft, signDraft } from "../support/local/contracts.ts";
import { typesOf, verifiedChain } from "../support/local/evidence.ts";
import { breaking, named, recorded } from "../support/local/faults.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { readItem, seedItem } from "../support/local/targets.ts";

/** A contract about one item of its own, and the one request that uses it. */
async function governedItem(item: string) {
  const plane = await localPlane();
  await seedItem(plane, item);
  const held = signDraft(plane, settingDraft(plane, item));
  const event = settingEvent(plane, held, item);
  const chain = () => verifiedChain(plane, `intent/${intentOf(held)}`);
  return { plane, held, event, chain, ask: () => invoke(plane, event) };
}

const weightOf = async (plane: LocalPlane, item: string) =>
  (await readItem(plane, item))?.["weight"];

/** AssumeRole calls for an issued session, by what came of them. */
const issuances = (calls: readonly CloudTrailEvent[]): (string | undefined)[] =>
  named(calls, "sts AssumeRole")
    .filter(({ requestParameters }) => requestParameters?.["sourceIdentity"] !== undefined)
    .map(({ errorCode }) => errorCode);

/** Calls that change the sample table, by what came of them. */
const effects = (plane: LocalPlane, calls: readonly CloudTrailEvent[]): (string | undefined)[] =>
  named(calls, "dynamodb UpdateItem")
    .filter(
      ({ requestParameters }) => requestParameters?.["tableName"] === plane.outputs.samples.table,
    )
    .map(({ errorCode }) => errorCode);

async function broken(t: TestContext, ...rules: Parameters<typeof breaking>[2][]) {
  return breaking(t, await localPlane(), ...rules);
}

test("VAI-99 KMS throttled: a retryable refusal, nothing issued; the same request is granted afterwards", async (t) => {
  const { plane, ask, chain } = await governedItem("throttled");
  const fault = await broken(t, {
    match: { service: "kms", operation: "Sign" },
    do: { throttle: true },
  });
  const { result, calls } = await recorded(plane, ask);
  const refusal = refused(result, "EVIDENCE_SIGNER_UNAVAILABLE");
  assert.equal(refusal.retryable, true);
  await fault.assertHit();
  assert.ok(named(calls, "kms Sign").every(({ errorCode }) => errorCode === "ThrottlingException"));
  assert.deepEqual([issuances(calls), effects(plane, calls)], [[], []]);
  assert.equal(await weightOf(plane, "throttled"), 1);
  await fault.mend();
  granted(await ask());
  assert.equal(await weightOf(plane, "throttled"), 10);
  assert.equal(typesOf(await chain()).filter((type) => type === "IdentityIssued").length, 1);
});

test("VAI-98 barrier 1 is durable and every answer about it lost: it is read back, one grant, one effect", async (t) => {
  const { plane, ask, chain } = await governedItem("lost-answer");
  // Three: the SDK asks again by itself, with one client token.
  const fault = await broken(t, {
    ...{
      match: { service: "dynamodb", operation: "TransactWriteItems" },
      do: { dropAnswer: true },
    },
    times: 3,
  });
  const { result, calls } = await recorded(plane, ask);
  granted(result);
  await fault.assertHit();
  assert.deepEqual([issuances(calls), effects(plane, calls)], [[undefined], [undefined]]);
  const types = typesOf(await chain());
  assert.equal(types.filter((type) => type === "IdentityIssued").length, 1);
  assert.equal(types.at(-1), "IdentityCompleted");
  assert.equal(await weightOf(plane, "lost-answer"), 10);
});

test("VAI-100 STS answers 503: one attempt, no second with less, the use is spent and recorded", async (t) => {
  const { plane, ask, chain } = await governedItem("sts-down");
  const fault = await broken(t, {
    match: { service: "sts", operation: "AssumeRole" },
    do: { status: 503, errorCode: "ServiceUnavailable" },
  });
  const { result, calls } = await recorded(plane, ask);
  refused(result, "STS_FAILED");
  await fault.assertHit();
  assert.deepEqual(issuances(calls), ["ServiceUnavailable"]);
  assert.deepEqual(effects(plane, calls), []);
  assert.equal(typesOf(await chain()).at(-1), "IssuanceFailed");
  await fault.mend();
  const again = await ask();
  assert.ok(!again.ok && again.code === "STS_FAILED", "a retry repeats it, though STS is back");
  assert.deepEqual(await weightOf(plane, "sts-down"), 1);
});

test("ADV-69 the bounded call is applied and its answer lost: unknown, never asked twice; the feed knows better", async (t) => {
  const { plane, ask, chain } = await governedItem("lost-effect");
  const fault = await broken(t, {
    match: { service: "dynamodb", operation: "UpdateItem", role: "vai-local-exec-dynamodb" },
    do: { dropAnswer: true },
  });
  const { result, calls } = await recorded(plane, ask);
  await fault.assertHit();
  assert.deepEqual(effects(plane, calls), [undefined], "made once, and applied");
  assert.equal(await weightOf(plane, "lost-effect"), 10);
  assert.equal(result.ok && result.outcome?.status, "unknown", JSON.stringify(result));
  const end = (await chain()).find(({ event }) => event.type === "ExecutionFailed");
  assert.equal(end?.decision.code, "EXECUTION_OUTCOME_UNKNOWN");
});

test("ADV-69 the target throttles: the call fails once, is not repeated, and the item is untouched", async (t) => {
  const { plane, ask } = await governedItem("busy-target");
  const fault = await broken(t, {
    match: { service: "dynamodb", operation: "UpdateItem", role: "vai-local-exec-dynamodb" },
    do: { throttle: true },
  });
  const { result, calls } = await recorded(plane, ask);
  await fault.assertHit();
  assert.deepEqual(effects(plane, calls), ["ThrottlingException"]);
  assert.ok(result.ok && result.outcome?.error?.kind === "throttled", JSON.stringify(result));
  assert.equal(await weightOf(plane, "busy-target"), 1);
});

test("VAI-98 slow dependencies delay an answer and change nothing else", async (t) => {
  const { plane, ask } = await governedItem("slow");
  const fault = await broken(
    t,
    { match: { service: "dynamodb" }, do: { latencyMs: 300 }, times: 12 },
    { match: { service: "kms" }, do: { latencyMs: 300 }, times: 12 },
  );
  granted(await ask());
  await fault.assertHit();
  assert.equal(await weightOf(plane, "slow"), 10);
});

test("VAI-116 AWS's clock differs: IAM judges the window by its own clock, and denies outside it", async (t) => {
  const { plane, ask } = await governedItem("early");
  const fault = await broken(t, {
    match: { role: "vai-local-exec-dynamodb" },
    do: { skewSeconds: -120 },
  });
  const { result, calls } = await recorded(plane, ask);
  await fault.assertHit();
  assert.deepEqual(effects(plane, calls), ["AccessDeniedException"]);
  assert.ok(result.ok && result.outcome?.error?.kind === "denied", JSON.stringify(result));
  assert.equal(await weightOf(plane, "early"), 1);
});

test("VAI-154 AWS's clock is minutes ahead: the SDK corrects itself; what it costs is a retry, never authority", async (t) => {
  const { plane, ask } = await governedItem("ahead");
  const fault = await broken(t, { match: { service: "kms" }, do: { skewSeconds: 400 } });
  const { calls } = await recorded(plane, () => untilGranted(ask));
  await fault.assertHit();
  const signs = named(calls, "kms Sign").map(({ errorCode }) => errorCode);
  assert.ok(signs.includes("InvalidSignatureException"), "the first signature was out of time");
  assert.deepEqual(effects(plane, calls), [undefined]);
  await fault.mend();
  const back = await governedItem("back");
  await untilGranted(back.ask);
});

/**
 * Asks again as long as the refusal says that this may help. Requests that were on their way when
 * the SDK corrected its clock are refused, and so may a second one be, of a client beside it.
 */
async function untilGranted(ask: () => ReturnType<typeof invoke>): Promise<void> {
  for (let attempt = 1; attempt < 4; attempt++) {
    const answer = await ask();
    if (answer.ok) return;
    assert.deepEqual([answer.code, answer.retryable], ["EVIDENCE_SIGNER_UNAVAILABLE", true]);
  }
  granted(await ask());
}
