import assert from "node:assert/strict";
import { test } from "node:test";
import { granted, invoke, refused, settingEvent } from "../support/local/agent.ts";
import { assertGrantedShape, mapOf } from "../support/local/answer.ts";
import { intentOf, settingDraft, signDraft } from "../support/local/contracts.ts";
import { typesOf, verifiedChain } from "../support/local/evidence.ts";
import { localPlane } from "../support/local/plane.ts";
import { readItem, seedItem } from "../support/local/targets.ts";

const STORY = [
  ...["IntentSubmitted", "ContextEvaluated", "PolicyEvaluated", "ContractBound"],
  ...["IdentityRequested", "ProofValidated", "IdentityIssued"],
  ...["CredentialsMinted", "ExecutionStarted", "ExecutionCompleted", "IdentityCompleted"],
];

test("USR-05 USR-07 USR-08 VAI-140 one item is changed, and evidence tells the whole story", async () => {
  const plane = await localPlane();
  await seedItem(plane, "granted");
  const held = signDraft(plane, settingDraft(plane, "granted"));
  const answer = granted(await invoke(plane, settingEvent(plane, held, "granted")));

  assertGrantedShape(answer);
  assert.equal(answer.deduplicated, false);
  assert.equal(answer.identity.state, "COMPLETED");
  assert.deepEqual(answer.outcome, {
    ...{ status: "succeeded", readBack: { matches: true }, obligations: [] },
  });
  assert.deepEqual(await readItem(plane, "granted"), {
    ...{ pk: "granted", weight: 10, owner: "team-a" },
  });

  const chain = await verifiedChain(plane, `intent/${intentOf(held)}`);
  assert.deepEqual(typesOf(chain), STORY);
  assert.deepEqual(answer.evidence, {
    chainId: `intent/${intentOf(held)}`,
    ...{ firstSeq: 1, lastSeq: chain.length, head: chain.at(-1)?.hash },
  });
});

test("VAI-43 the enforcement map of a grant covers every pointer of its contract", async () => {
  const plane = await localPlane();
  await seedItem(plane, "mapped");
  const held = signDraft(plane, settingDraft(plane, "mapped"));
  const answer = granted(await invoke(plane, settingEvent(plane, held, "mapped")));
  const step = "/authorization_details/0";
  assert.deepEqual(mapOf(answer), {
    ...{ "/nbf": "trustPlane iam adapter", "/exp": "trustPlane iam adapter" },
    ...{ "/account": "trustPlane iam", "/region": "trustPlane iam adapter" },
    [`${step}/actions`]: "trustPlane iam adapter",
    [`${step}/resources`]: "trustPlane iam adapter",
    [`${step}/parameters`]: "trustPlane adapter",
    [`${step}/parameters/key~1pk`]: "trustPlane iam adapter",
    [`${step}/parameters/set~1weight`]: "trustPlane adapter",
    [`${step}/limits/calls`]: "trustPlane",
    [`${step}/limits/totals/set~1weight`]: "trustPlane",
  });
});

test("VAI-05 VAI-76 the minted session is named in evidence, masked, with the policy that bound it", async () => {
  const plane = await localPlane();
  await seedItem(plane, "minted");
  const held = signDraft(plane, settingDraft(plane, "minted"));
  const answer = granted(await invoke(plane, settingEvent(plane, held, "minted")));
  const chain = await verifiedChain(plane, answer.evidence.chainId);
  const minted = chain.find(({ event }) => event.type === "CredentialsMinted");
  assert.match(String(minted?.detail["accessKeyId"]), /^ASIA….{4}$/);
  const policy = JSON.stringify(minted?.detail["sessionPolicy"]);
  assert.ok(policy.includes(":table/sample-settings") && policy.includes("LeadingKeys"), policy);
  assert.ok(policy.length <= 2048);
});

test("VAI-64 VAI-67 a retry is the same grant; the same key for something else is refused", async () => {
  const plane = await localPlane();
  await seedItem(plane, "retried");
  const held = signDraft(plane, settingDraft(plane, "retried"));
  const keys = { idempotencyKey: "weight-of-retried", jti: "first" };
  const event = settingEvent(plane, held, "retried", keys);
  const first = granted(await invoke(plane, event));
  const replay = granted(await invoke(plane, event));
  const fresh = { ...keys, jti: "second" };
  const retry = granted(await invoke(plane, settingEvent(plane, held, "retried", fresh)));
  assert.deepEqual(replay, { ...first, deduplicated: true });
  assert.deepEqual(retry, { ...first, deduplicated: true });

  const parameters = { "set/weight": 11 };
  const conflict = settingEvent(plane, held, "retried", { ...fresh, jti: "third", parameters });
  assert.equal(refused(await invoke(plane, conflict), "IDEMPOTENCY_CONFLICT").stage, "retry");
  const replayed = settingEvent(plane, held, "retried", {
    ...keys,
    idempotencyKey: "k",
    parameters,
  });
  assert.equal(refused(await invoke(plane, replayed), "NONCE_REPLAYED").stage, "retry");
  assert.equal((await readItem(plane, "retried"))?.["weight"], 10);

  const types = typesOf(await verifiedChain(plane, first.evidence.chainId));
  const count = (type: string) => types.filter((each) => each === type).length;
  assert.deepEqual([count("IdentityIssued"), count("CredentialsMinted")], [1, 1]);
  assert.equal(count("RetryDeduplicated"), 1);
});

test("VAI-66 a second, fresh request on a contract of one call is consumed", async () => {
  const plane = await localPlane();
  await seedItem(plane, "consumed");
  const held = signDraft(plane, settingDraft(plane, "consumed"));
  granted(await invoke(plane, settingEvent(plane, held, "consumed")));
  const second = refused(
    await invoke(plane, settingEvent(plane, held, "consumed")),
    "CONTRACT_CONSUMED",
  );
  assert.deepEqual([second.stage, second.failureDomain], ["state", "governance"]);
});

test("VAI-76 an item that is not there is not made: failed is said, the use is spent", async () => {
  const plane = await localPlane();
  const held = signDraft(plane, settingDraft(plane, "missing"));
  const answer = granted(await invoke(plane, settingEvent(plane, held, "missing")));
  assertGrantedShape(answer);
  assert.equal(answer.outcome?.status, "failed");
  assert.equal(answer.outcome?.error?.kind, "precondition");
  assert.equal(answer.identity.state, "FAILED");
  assert.equal(await readItem(plane, "missing"), undefined);
  assert.deepEqual(typesOf(await verifiedChain(plane, answer.evidence.chainId)).slice(-2), [
    ...["ExecutionFailed", "IdentityCompleted"],
  ]);
});
