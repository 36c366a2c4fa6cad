import assert from "node:assert/strict";
import { test } from "node:test";
import { CreateTableCommand, DeleteTableCommand } from "@aws-sdk/client-dynamodb";
import { newPrivateJwk, signingKey } from "../../lib/client/keys.ts";
import type { RefusedAnswer } from "../../lib/enforcement/answer.ts";
import { granted, invoke, refused, settingEvent, shiftEvent } from "../support/local/agent.ts";
import { assertRefusedShape } from "../support/local/answer.ts";
import {
  functionArn,
  intentOf,
  settingDraft,
  shiftDraft,
  signDraft,
  tableArn,
} from "../support/local/contracts.ts";
import {
  evidenceKey,
  opened,
  readChain,
  typesOf,
  type Verified,
  verifiedChain,
} from "../support/local/evidence.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import {
  forgetRefusals,
  readItem,
  resetRouting,
  routing,
  seedItem,
} from "../support/local/targets.ts";

const BOUND = ["IntentSubmitted", "ContextEvaluated", "PolicyEvaluated", "ContractBound"];
const OUTSIDE = ["IdentityRequested", "ProofRejected", "ViolationDetected", "IdentityDenied"];

/** The refusal's last record; the chain it stands in is verified as a whole. */
async function deniedRecord(plane: LocalPlane, answer: RefusedAnswer): Promise<Verified> {
  assertRefusedShape(answer);
  assert.ok(answer.evidence, "the refusal left no evidence");
  const chain = await verifiedChain(plane, answer.evidence.chainId);
  const record = chain[answer.evidence.seq - 1];
  assert.ok(record);
  assert.equal(record.event.type, "IdentityDenied");
  const { outcome, code, stage } = record.decision;
  assert.deepEqual([outcome, code, stage], ["DENY", answer.code, answer.stage]);
  return record;
}

interface Shift {
  readonly title: string;
  readonly code: string;
  readonly pointer: string;
  readonly change: (plane: LocalPlane) => Parameters<typeof shiftEvent>[2];
}

const BEYOND_THE_CONTRACT: readonly Shift[] = [
  {
    title: "VAI-41 ADV-23 100 %",
    code: "PARAMETER_OUT_OF_BOUNDS",
    pointer: "/request/operation/parameters/percent",
    change: () => ({ parameters: { percent: 100 } }),
  },
  {
    title: "VAI-41 ADV-03 another function",
    code: "TARGET_MISMATCH",
    pointer: "/request/operation/resource",
    change: (plane) => ({ resource: functionArn(plane, "sample-billing") }),
  },
  {
    title: "VAI-41 another region",
    code: "REGION_MISMATCH",
    pointer: "/request/operation/resource",
    change: (plane) => ({ resource: functionArn(plane).replace("us-east-1", "eu-west-1") }),
  },
  {
    title: "VAI-41 another version",
    code: "PARAMETER_OUT_OF_BOUNDS",
    pointer: "/request/operation/parameters/version",
    change: () => ({ parameters: { version: "1" } }),
  },
];

for (const { title, code, pointer, change } of BEYOND_THE_CONTRACT) {
  test(`${title} under a 10 % contract is ${code}; the alias stays, evidence says it`, async () => {
    const plane = await localPlane();
    await resetRouting(plane);
    const held = signDraft(plane, shiftDraft(plane));
    const answer = refused(await invoke(plane, shiftEvent(plane, held, change(plane))), code);
    const { stage, failureDomain, retryable } = answer;
    assert.deepEqual([stage, failureDomain, retryable], ["scope", "agent", false]);
    assert.equal(answer.pointer, pointer);
    assert.deepEqual(await routing(plane), { main: "1", extra: {} });
    const record = await deniedRecord(plane, answer);
    assert.equal(record.chain.id, `intent/${intentOf(held)}`);
    const chain = await verifiedChain(plane, record.chain.id);
    assert.deepEqual(typesOf(chain), [...BOUND, ...OUTSIDE]);

    granted(await invoke(plane, shiftEvent(plane, held)));
    assert.deepEqual(await routing(plane), { main: "1", extra: { "2": 0.1 } });
  });
}

test("VAI-41 ADV-14 a window that is over is CONTRACT_EXPIRED, one to come CONTRACT_NOT_YET_VALID", async () => {
  const plane = await localPlane();
  await resetRouting(plane);
  const past = signDraft(plane, shiftDraft(plane), { now: Date.now() - 700_000 });
  const over = refused(await invoke(plane, shiftEvent(plane, past)), "CONTRACT_EXPIRED");
  const soon = shiftDraft(plane, { window: { startsIn: 600, seconds: 600 } });
  const future = signDraft(plane, soon);
  const early = refused(await invoke(plane, shiftEvent(plane, future)), "CONTRACT_NOT_YET_VALID");
  for (const answer of [over, early]) {
    assert.equal(answer.stage, "state");
    await deniedRecord(plane, answer);
  }
  assert.deepEqual(await routing(plane), { main: "1", extra: {} });
});

test("VAI-42 a contract for the staging table does not reach the production table", async () => {
  const plane = await localPlane();
  const TableName = "sample-production";
  await plane.deployer.dynamoDb.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    }),
  );
  try {
    await seedItem(plane, "svc-a", TableName);
    const held = signDraft(plane, settingDraft(plane, "svc-a"));
    const event = settingEvent(plane, held, "svc-a", { resource: tableArn(plane, TableName) });
    const answer = refused(await invoke(plane, event), "TARGET_MISMATCH");
    await deniedRecord(plane, answer);
    assert.equal((await readItem(plane, "svc-a", TableName))?.["weight"], 1);
  } finally {
    await plane.deployer.dynamoDb.send(new DeleteTableCommand({ TableName }));
  }
});

test("POC-07 POC-27 a thief with the contract and a key of their own is EXECUTOR_MISMATCH", async () => {
  const plane = await localPlane();
  await seedItem(plane, "stolen");
  await forgetRefusals(plane);
  const held = signDraft(plane, settingDraft(plane, "stolen"));
  const thief = signingKey(newPrivateJwk());
  const event = settingEvent(plane, held, "stolen", { key: thief });
  const answer = refused(await invoke(plane, event), "EXECUTOR_MISMATCH");
  assert.equal(answer.stage, "executor");
  const record = await deniedRecord(plane, answer);
  assert.match(record.chain.id, /^unattributed\/\d{4}-\d\d-\d\d\/[0-9a-f]$/);
  assert.equal(record.actor?.jkt, thief.thumbprint);
  assert.deepEqual(await readChain(plane, `intent/${intentOf(held)}`), []);
  assert.equal((await readItem(plane, "stolen"))?.["weight"], 1);
});

test("POC-33 a request or a contract for another plane is AUDIENCE_MISMATCH", async () => {
  const plane = await localPlane();
  await seedItem(plane, "elsewhere");
  await forgetRefusals(plane);
  const other = "vai:000000000000:us-east-1:other";
  const held = signDraft(plane, settingDraft(plane, "elsewhere"));
  const event = settingEvent(plane, held, "elsewhere", { plane: other });
  const asked = refused(await invoke(plane, event), "AUDIENCE_MISMATCH");
  assert.deepEqual([asked.stage, asked.pointer], ["request", "/request/aud"]);
  const foreign = signDraft(plane, settingDraft(plane, "elsewhere"), { plane: other });
  const signed = refused(
    await invoke(plane, settingEvent(plane, foreign, "elsewhere")),
    "AUDIENCE_MISMATCH",
  );
  assert.equal(signed.stage, "contract");
  for (const answer of [asked, signed]) await deniedRecord(plane, answer);
  assert.equal((await readItem(plane, "elsewhere"))?.["weight"], 1);
});

test("USR-09 OKG-25 a record verifies with node:crypto alone; with any byte changed it does not", async () => {
  const plane = await localPlane();
  await seedItem(plane, "verified");
  const held = signDraft(plane, settingDraft(plane, "verified"));
  const { evidence } = granted(await invoke(plane, settingEvent(plane, held, "verified")));
  const items = await readChain(plane, evidence.chainId);
  const key = await evidenceKey(plane);
  const sealed = items.find(({ seal }) => seal !== undefined);
  assert.ok(sealed?.seal !== undefined);
  assert.ok(opened(sealed.seal, key));
  const seal = JSON.parse(sealed.seal) as { payload: string };
  const bytes = Buffer.from(seal.payload, "base64");
  for (const at of [
    bytes.length - 10,
    Math.floor(bytes.length / 2),
    bytes.indexOf("sha256") + 12,
  ]) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    const text = JSON.stringify({ ...seal, payload: changed.toString("base64") });
    assert.throws(() => assert.ok(opened(text, key)), `byte ${at} is not covered`);
  }
});
