import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import type { SignedContract } from "../../lib/client/contract.ts";
import { newPrivateJwk, signingKey } from "../../lib/client/keys.ts";
import {
  granted,
  invoke,
  invokeExecute,
  redemptionEvent,
  refused,
  settingEvent,
} from "../support/local/agent.ts";
import { settingDraft, signDraft } from "../support/local/contracts.ts";
import { verifiedChain } from "../support/local/evidence.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { send } from "../support/local/sigv4.ts";
import { readItem, seedItem } from "../support/local/targets.ts";

interface Held {
  readonly plane: LocalPlane;
  readonly contract: SignedContract;
  readonly handle: string;
  readonly item: string;
  readonly chainId: string;
}

/** A handle for setting the weight of an item of its own to 10. */
async function held(name: string): Promise<Held> {
  const plane = await localPlane();
  const item = `${name}-${randomUUID().slice(0, 8)}`;
  await seedItem(plane, item);
  const contract = signDraft(plane, settingDraft(plane, item, {}, { deliveries: ["handle"] }));
  const issued = granted(
    await invoke(plane, settingEvent(plane, contract, item, { delivery: "handle" })),
  );
  assert.ok(issued.handle);
  assert.equal((await readItem(plane, item))?.["weight"], 1, "issuing changes nothing");
  return { plane, contract, handle: issued.handle, item, chainId: issued.evidence.chainId };
}

test("VAI-06 OKG-14 a handle is redeemed at the deployed execute function, once", async () => {
  const { plane, contract, handle, item, chainId } = await held("redeemed");
  const event = redemptionEvent(plane, contract, handle, item);
  const answer = granted(await invokeExecute(plane, event));
  assert.equal(answer.outcome?.status, "succeeded");
  assert.equal(answer.outcome?.readBack?.matches, true);
  assert.equal((await readItem(plane, item))?.["weight"], 10);

  const again = granted(await invokeExecute(plane, event));
  assert.equal(again.deduplicated, true);
  const other = redemptionEvent(plane, contract, handle, item);
  refused(await invokeExecute(plane, other), "DUPLICATE_EXECUTION");
  const types = (await verifiedChain(plane, chainId)).map(({ event: { type } }) => type);
  assert.deepEqual(types.slice(7, 11), [
    "CredentialsMinted",
    "ExecutionStarted",
    "ExecutionCompleted",
    "IdentityCompleted",
  ]);
});

test("ADV-28 a thief with handle and contract has nothing without the key", async () => {
  const { plane, contract, handle, item } = await held("stolen");
  const key = signingKey(newPrivateJwk("ES256"));
  const theft = redemptionEvent(plane, contract, handle, item, { key });
  refused(await invokeExecute(plane, theft), "EXECUTOR_MISMATCH");
  assert.equal((await readItem(plane, item))?.["weight"], 1);
  const honest = await invokeExecute(plane, redemptionEvent(plane, contract, handle, item));
  assert.equal(granted(honest).outcome?.status, "succeeded", "the theft took nothing");
});

test("VAI-84 what is outside the contract revokes the identity and ends the contract", async () => {
  const { plane, contract, handle, item } = await held("violated");
  const wide = redemptionEvent(plane, contract, handle, item, {
    parameters: { "set/weight": 51 },
  });
  refused(await invokeExecute(plane, wide), "PARAMETER_OUT_OF_BOUNDS");
  const good = redemptionEvent(plane, contract, handle, item);
  refused(await invokeExecute(plane, good), "IDENTITY_REVOKED");
  const anew = settingEvent(plane, contract, item, { delivery: "handle" });
  refused(await invoke(plane, anew), "CONTRACT_REVOKED");
  assert.equal((await readItem(plane, item))?.["weight"], 1);
});

test("VAI-69 ten redemptions of one handle at once are one execution", async () => {
  const { plane, contract, handle, item, chainId } = await held("raced");
  const events = Array.from({ length: 10 }, () => redemptionEvent(plane, contract, handle, item));
  const answers = await Promise.all(events.map((event) => invokeExecute(plane, event)));
  assert.equal(answers.filter(({ ok }) => ok).length, 1, JSON.stringify(answers));
  for (const answer of answers) if (!answer.ok) assert.equal(answer.code, "DUPLICATE_EXECUTION");
  const types = (await verifiedChain(plane, chainId)).map(({ event: { type } }) => type);
  assert.equal(types.filter((type) => type === "ExecutionStarted").length, 1);
});

test("USR-11 execute has a Function URL of its own, closed to who may not call", async () => {
  const { plane, contract, handle, item } = await held("by-url");
  const { outputs } = plane;
  const body = JSON.stringify(redemptionEvent(plane, contract, handle, item));
  const post = (credentials?: (typeof outputs.credentials)["agent"]) =>
    send({
      endpoint: outputs.endpoint,
      host: new URL(outputs.functionUrls.execute).host,
      ...{ region: outputs.region, service: "lambda", body },
      headers: { "content-type": "application/json" },
      ...(credentials && { credentials }),
    });
  assert.equal((await post()).status, 403);
  assert.equal((await post(outputs.credentials.auditor)).status, 403);
  const answer = await post(outputs.credentials.agent);
  assert.equal(answer.status, 200, answer.body);
  assert.equal((await readItem(plane, item))?.["weight"], 10);
});
