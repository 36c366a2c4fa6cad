import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer } from "../../lib/enforcement/answer.ts";
import type { AwsCredentials } from "../../localstack/machine/start-processes.ts";
import { granted, refused, settingEvent } from "../support/local/agent.ts";
import { settingDraft, signDraft } from "../support/local/contracts.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { send } from "../support/local/sigv4.ts";
import { readItem, seedItem } from "../support/local/targets.ts";

const post = ({ outputs }: LocalPlane, body: string, credentials?: AwsCredentials) =>
  send({
    endpoint: outputs.endpoint,
    host: new URL(outputs.functionUrls.issue).host,
    ...{ region: outputs.region, service: "lambda", body },
    headers: { "content-type": "application/json" },
    ...(credentials && { credentials }),
  });

async function answered(plane: LocalPlane, body: string): Promise<[number, Answer]> {
  const answer = await post(plane, body, plane.outputs.credentials.agent);
  assert.equal(answer.headers["content-type"], "application/json");
  return [answer.status, JSON.parse(answer.body) as Answer];
}

test("USR-11 the Function URL is closed to who does not sign, or may not call", async () => {
  const plane = await localPlane();
  await seedItem(plane, "by-url-closed");
  const held = signDraft(plane, settingDraft(plane, "by-url-closed"));
  const body = JSON.stringify(settingEvent(plane, held, "by-url-closed"));
  const { agent, auditor } = plane.outputs.credentials;
  assert.equal((await post(plane, body)).status, 403, "unsigned");
  assert.equal((await post(plane, body, auditor)).status, 403, "not allowed");
  const wrong = { ...agent, secretAccessKey: auditor.secretAccessKey };
  assert.equal((await post(plane, body, wrong)).status, 403, "wrong secret");
  assert.equal((await readItem(plane, "by-url-closed"))?.["weight"], 1);
});

test("USR-11 over the Function URL the status says what the answer says", async () => {
  const plane = await localPlane();
  await seedItem(plane, "by-url");
  const held = signDraft(plane, settingDraft(plane, "by-url"));
  const said = (change = {}) => JSON.stringify(settingEvent(plane, held, "by-url", change));

  const [malformed, why] = await answered(plane, "not JSON");
  refused(why, "REQUEST_MALFORMED");
  const [beyond, scope] = await answered(plane, said({ parameters: { "set/weight": 51 } }));
  refused(scope, "PARAMETER_OUT_OF_BOUNDS");
  const keys = { idempotencyKey: "once" };
  const [ok, grant] = await answered(plane, said(keys));
  assert.equal(granted(grant).outcome?.status, "succeeded");
  const [conflict, taken] = await answered(
    plane,
    said({ ...keys, parameters: { "set/weight": 9 } }),
  );
  refused(taken, "IDEMPOTENCY_CONFLICT");
  assert.deepEqual([malformed, beyond, ok, conflict], [400, 403, 200, 409]);
  assert.equal((await readItem(plane, "by-url"))?.["weight"], 10);
});

test("VAI-03 what a caller writes into requestContext grants nothing", async () => {
  const plane = await localPlane();
  const body = JSON.stringify({ requestContext: { authorizer: { iam: { userArn: "root" } } } });
  const [status, answer] = await answered(plane, body);
  assert.equal(status, 400);
  refused(answer, "REQUEST_MALFORMED");
});
