import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { contractDraft, type SignedContract } from "../../lib/client/contract.ts";
import { issueEvent } from "../../lib/client/request.ts";
import { stateFolder } from "../../localstack/machine/paths.ts";
import { granted, invoke, refused } from "../support/local/agent.ts";
import { keyOf, paymentsArn, signDraft } from "../support/local/contracts.ts";
import { typesOf, verifiedChain } from "../support/local/evidence.ts";
import { permissionOf } from "../support/local/iam.ts";
import { paymentCounts, paymentCredential, paymentOf } from "../support/local/payments.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { policyOf, sessionsOfDeployed } from "../support/local/sessions.ts";

// `lambda:InvokeFunction` at the deployed plane: an agent has a refund paid by a function that holds the credential.

const ACTION = "lambda:InvokeFunction";

/** A contract for refunds of at most 500 in all. */
function refunds(plane: LocalPlane, parts: object = {}): SignedContract {
  const draft = contractDraft.parse({
    purpose: "refund at most 500",
    actor: { id: "spiffe://example.org/agent/coordinator", kind: "agent" },
    risk: "LOW",
    steps: [
      {
        ...{ type: "aws", id: "refund", actions: [ACTION], resources: [paymentsArn(plane)] },
        parameters: {
          "payload/amount": { range: { min: 1, max: 500 } },
          "payload/clientToken": { prefix: "ref-" },
          "payload/currency": { exact: "EUR" },
        },
        limits: { calls: 2, totals: { "payload/amount": 500 } },
      },
    ],
    window: { seconds: 300 },
    ...parts,
  });
  return signDraft(plane, draft);
}

function ask(plane: LocalPlane, held: SignedContract, token: string, change: object = {}) {
  const { contract, proof } = held;
  const payload = { "payload/clientToken": token, "payload/amount": 80, "payload/currency": "EUR" };
  const event = issueEvent(
    {
      ...{ plane: plane.outputs.plane, contract, proof, step: "refund" },
      operation: {
        ...{ action: ACTION, resource: paymentsArn(plane) },
        parameters: { ...payload, ...change },
      },
      ...{ idempotencyKey: randomUUID(), jti: randomUUID(), iat: Math.floor(Date.now() / 1000) },
    },
    keyOf(plane, "agent"),
  );
  return invoke(plane, event);
}

test("POC-25 POC-24 a function pays under a contract, once for each client token, and its credential is seen nowhere", async () => {
  const plane = await localPlane();
  const token = `ref-${randomUUID()}`;
  const [asked, done] = await paymentCounts(plane);
  const answer = granted(await ask(plane, refunds(plane), token));
  const { outcome, identity, evidence } = answer;
  assert.equal(outcome?.status, "succeeded", JSON.stringify(outcome));
  assert.equal(identity.state, "COMPLETED");
  const { reference, authorization, request } = await paymentOf(plane, token);
  assert.deepEqual(JSON.parse(String(request)), {
    amount: 80,
    clientToken: token,
    currency: "EUR",
  });
  const { digest, ...response } = outcome.response ?? {};
  assert.deepEqual(response, { statusCode: 200, executedVersion: "1", reference });
  assert.match(digest ?? "", /^sha256:[0-9a-f]{64}$/);

  const records = await verifiedChain(plane, evidence.chainId);
  const completed = records.find(({ event }) => event.type === "ExecutionCompleted");
  assert.deepEqual(completed?.detail["outcome"], outcome);

  // Another contract, the same token: the function takes it for the same request, which settles an unknown outcome.
  const again = granted(await ask(plane, refunds(plane), token));
  assert.deepEqual(again.outcome?.response, outcome.response);
  assert.deepEqual(await paymentCounts(plane), [asked + 2, done + 1]);

  const credential = await paymentCredential(plane);
  const feed = readFileSync(stateFolder(dirname(plane.outputsFile)).trail, "utf8");
  assert.ok(feed.includes("sample-payments"));
  for (const text of [JSON.stringify(records), JSON.stringify([answer, again]), feed]) {
    assert.ok(!text.includes(credential), "the credential");
    assert.ok(!text.includes(String(authorization)), "what it signed");
  }
});

test("POC-25 POC-26 what the contract does not allow is refused, recorded, and never reaches the function", async () => {
  const plane = await localPlane();
  const token = `ref-${randomUUID()}`;
  const before = await paymentCounts(plane);
  const place = "/request/operation/parameters/payload~1";
  for (const [change, code, pointer] of [
    [{ "payload/amount": 50_000 }, "PARAMETER_OUT_OF_BOUNDS", `${place}amount`],
    [{ "payload/amount": "80" }, "PARAMETER_OUT_OF_BOUNDS", `${place}amount`],
    [{ "payload/currency": "USD" }, "PARAMETER_OUT_OF_BOUNDS", `${place}currency`],
    [{ "payload/clientToken": "other" }, "PARAMETER_OUT_OF_BOUNDS", `${place}clientToken`],
    [{ "payload/to": "me" }, "PARAMETER_UNDECLARED", `${place}to`],
  ] as const) {
    const answer = refused(await ask(plane, refunds(plane), token, change), code);
    assert.equal(answer.pointer, pointer);
    const records = await verifiedChain(plane, answer.evidence?.chainId ?? "");
    assert.ok(typesOf(records).includes("ViolationDetected"), typesOf(records).join(" "));
    assert.ok(!typesOf(records).includes("CredentialsMinted"));
  }
  const seen = { obligations: [{ kind: "readBack", name: "seen", dueSeconds: 60 }] };
  const unseen = refused(
    await ask(plane, refunds(plane, seen), token),
    "SESSION_POLICY_INEXPRESSIBLE",
  );
  assert.equal(unseen.pointer, "/contract/obligations/0");
  assert.deepEqual(await paymentCounts(plane), before);
  assert.deepEqual(await paymentOf(plane, token), {});
});

test("POC-26 a function that refuses is a failed call, one that breaks off an unknown one", async () => {
  const plane = await localPlane();
  const token = `ref-${randomUUID()}`;
  granted(await ask(plane, refunds(plane), token));
  const other = granted(await ask(plane, refunds(plane), token, { "payload/amount": 81 }));
  assert.equal(other.outcome?.status, "failed");
  assert.deepEqual(other.outcome.error, { name: "StatusCode409", kind: "precondition" });
  assert.equal(other.outcome.response?.statusCode, 409);
  assert.equal(other.identity.state, "FAILED");
});

test("VAI-43 IAM lets an asynchronous invocation of the alias through, which is why the map does not name it for the action", async (t) => {
  const plane = await localPlane();
  const scope = {
    ...{ action: ACTION, target: paymentsArn(plane) },
    parameters: { "payload/clientToken": "ref-async", "payload/amount": 1 },
  };
  const deployed = await sessionsOfDeployed(t, plane, ACTION);
  const { lambda } = plane.as(await deployed.session(await policyOf(plane, scope)));
  const { function: FunctionName, alias: Qualifier } = plane.outputs.samples.payments;
  const later = { InvocationType: "Event", Payload: "{}" } as const;
  const send = (Qualified: string) =>
    lambda.send(new InvokeCommand({ FunctionName, Qualifier: Qualified, ...later }));
  assert.equal(await permissionOf(send(Qualifier)), "allowed");
  assert.equal(await permissionOf(send("$LATEST")), "denied");
  const { enforcement } = granted(await ask(plane, refunds(plane), `ref-${randomUUID()}`));
  const actions = enforcement.find(({ constraint }) => constraint.endsWith("/0/actions"));
  assert.deepEqual(actions?.enforcedBy, ["trustPlane", "adapter"]);
});
