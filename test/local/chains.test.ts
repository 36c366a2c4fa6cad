import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { contractDraft, type SignedContract } from "../../lib/client/contract.ts";
import { deliveryKey, openCredentials } from "../../lib/client/credentials.ts";
import { contractDigest, issueEvent } from "../../lib/client/request.ts";
import type { Step } from "../../lib/contract/step.ts";
import type { Answer } from "../../lib/enforcement/answer.ts";
import type { DelegateAnswer } from "../../lib/enforcement/delegate.ts";
import { delegated, digestOf, withdrawn } from "../support/delegating.ts";
import { malleated } from "../support/forge.ts";
import { granted, invoke, invokeDelegate, invokeExecute, refused } from "../support/local/agent.ts";
import { call, command, served } from "../support/local/commands.ts";
import {
  delegateByUrl,
  designating,
  ending,
  handingOn,
  handOn,
  type Payment,
  paying,
  payingEvent,
  payments,
  redeemingEvent,
} from "../support/local/continued.ts";
import { intentOf, keyOf, signDraft } from "../support/local/contracts.ts";
import { effectsOf, type Refused, refusedWithout } from "../support/local/effectless.ts";
import { typesOf, verifiedChain } from "../support/local/evidence.ts";
import { recorded } from "../support/local/faults.ts";
import { permissionOf } from "../support/local/iam.ts";
import { paymentCounts, paymentOf } from "../support/local/payments.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { forgetRefusals } from "../support/local/targets.ts";

// Authority that is handed on at the deployed plane: each refusal stands beside the success, and moves nothing.

const chainOf = (held: SignedContract): string => `intent/${intentOf(held)}`;

/** Refunds and payments; of them refunds up to 500; of them up to 100. */
async function narrowed(plane: LocalPlane) {
  const held = payments(plane);
  const first = await handOn(plane, held, { steps: [paying(plane, "refund", 500)] });
  const event = handingOn(plane, held, {
    ...{ chain: first.chain, by: "delegate", to: "delegate2" },
    steps: [paying(plane, "refund", 100, 2)],
  });
  const second = delegated(await delegateByUrl(plane, event));
  return { held, first, second, chain: second.chain };
}

/** Refused so, and nothing was paid. */
async function refusedSo(
  plane: LocalPlane,
  held: SignedContract,
  ask: () => Promise<Answer | DelegateAnswer>,
  wanted: readonly [code: string, stage: string, pointer?: string],
): Promise<Refused> {
  await forgetRefusals(plane);
  const before = await paymentCounts(plane);
  const left = await refusedWithout(plane, chainOf(held), ask);
  const { code, stage, pointer } = left.answer;
  assert.deepEqual([code, stage, pointer], [...wanted], left.answer.detail);
  assert.deepEqual(await paymentCounts(plane), before);
  assert.deepEqual([left.record?.decision.code, left.record?.decision.stage], [code, stage]);
  return left;
}

test("POC-03 POC-08 POC-38 authority is handed on twice, by name and by URL, and used at issue and by handle under the last block", async () => {
  const plane = await localPlane();
  const { held, first, second, chain } = await narrowed(plane);
  assert.deepEqual([first.block.depth, second.block.depth, chain.length], [1, 2, 3]);
  assert.equal(first.block.agent, designating(plane, "delegate").agent);
  const [asked, done] = await paymentCounts(plane);

  const token = `refund-${randomUUID()}`;
  const last = { chain, by: "delegate2" } as const;
  const event = payingEvent(plane, held, { ...last, amount: 30, token });
  const { result, calls } = await recorded(plane, () => invoke(plane, event));
  const paid = granted(result);
  assert.deepEqual(
    effectsOf(calls),
    ["sts AssumeRole", "lambda Invoke"],
    "what refusals leave out",
  );
  assert.equal(paid.outcome?.status, "succeeded", JSON.stringify(paid.outcome));
  const { request } = await paymentOf(plane, token);
  assert.deepEqual(JSON.parse(String(request)), {
    amount: 30,
    clientToken: token,
    currency: "EUR",
  });

  const by: Payment = { ...last, amount: 70, token: `refund-${randomUUID()}` };
  const { handle } = granted(await invoke(plane, payingEvent(plane, held, by, "handle")));
  const redeemed = granted(await invokeExecute(plane, redeemingEvent(plane, held, handle, by)));
  assert.equal(redeemed.outcome?.status, "succeeded", JSON.stringify(redeemed.outcome));
  assert.deepEqual(await paymentCounts(plane), [asked + 2, done + 2]);

  const records = await verifiedChain(plane, chainOf(held));
  const types = typesOf(records);
  const count = (type: string) => types.filter((each) => each === type).length;
  assert.deepEqual(
    ["DelegationRequested", "DelegationGranted", "IdentityIssued", "IdentityCompleted"].map(count),
    [2, 2, 2, 2],
  );
  const blocks = chain.map(digestOf);
  const [firstGrant, secondGrant] = records.filter(
    ({ event }) => event.type === "DelegationGranted",
  );
  assert.equal(firstGrant?.detail["root"], chain[0], "the root stands with the first block");
  assert.deepEqual([firstGrant?.detail["block"], secondGrant?.detail["block"]], chain.slice(1));
  assert.deepEqual(secondGrant?.continuity, { depth: 1, blocks: blocks.slice(0, 2) });
  const ofIdentities = records.filter(({ identity }) => identity !== undefined);
  assert.ok(ofIdentities.length >= 8, types.join(" "));
  const jkt = keyOf(plane, "delegate2").thumbprint;
  const actor = { id: designating(plane, "delegate2").agent, kind: "agent", jkt };
  for (const record of ofIdentities) {
    assert.deepEqual(record.continuity, { depth: 2, blocks }, record.event.type);
    assert.deepEqual(record.actor, actor, record.event.type);
  }
});

test("POC-A2 POC-A3 POC-A12 POC-A13 POC-A18 who has seen everything that travels, and who has handed on, gains nothing", async () => {
  const plane = await localPlane();
  const { held, first, chain } = await narrowed(plane);
  const last = { chain, by: "delegate2", amount: 30 } as const;
  const event = payingEvent(plane, held, last);
  const paid = granted(await invoke(plane, event));
  const counted = await paymentCounts(plane);
  const again = granted(await invoke(plane, event));
  assert.deepEqual([again.deduplicated, again.outcome], [true, paid.outcome]);
  assert.deepEqual(await paymentCounts(plane), counted, "once, however often it is sent");

  const ask = (asked: Payment) => () => invoke(plane, payingEvent(plane, held, asked));
  const superseded = (pointer: string) => ["HEAD_SUPERSEDED", "state", pointer] as const;
  const foreign = ["EXECUTOR_MISMATCH", "executor", "/request"] as const;
  await refusedSo(plane, held, ask({ ...last, by: "agent" }), foreign);
  await refusedSo(plane, held, ask({ ...last, by: "delegate" }), foreign);
  await refusedSo(plane, held, ask({ amount: 30 }), superseded("/contract"));
  const root = chain.slice(0, 1);
  await refusedSo(plane, held, ask({ amount: 30, chain: root }), superseded("/chain/0"));
  const middle = { chain: first.chain, by: "delegate", amount: 30 } as const;
  await refusedSo(plane, held, ask(middle), superseded("/chain/1"));
  const { chain: _, ...stripped } = event;
  const unsigned = "REQUEST_SIGNATURE_INVALID";
  await refusedSo(plane, held, () => invoke(plane, stripped), [
    ...([unsigned, "request", "/request/chainDigest"] as const),
  ]);
  const handing = handingOn(plane, held, {
    ...{ chain: first.chain, by: "delegate", to: "agent" },
    steps: [paying(plane, "refund", 500)],
  });
  await refusedSo(plane, held, () => invokeDelegate(plane, handing), superseded("/chain/1"));
});

test("POC-A3 POC-A10 POC-A26 POC-11 a captured request is the same request, also under the twin of its signature: no second effect and no second block; late it is refused", async () => {
  const plane = await localPlane();
  const held = payments(plane);
  const steps = [paying(plane, "refund", 500)];
  const handing = handingOn(plane, held, { steps });
  const { chain, block } = delegated(await invokeDelegate(plane, handing));
  const paying80 = payingEvent(plane, held, { chain, by: "delegate", amount: 80 });
  const { outcome } = granted(await invoke(plane, paying80));
  const counted = await paymentCounts(plane);
  const { length } = await verifiedChain(plane, chainOf(held));
  const twinOf = (event: Readonly<Record<string, unknown>>) => {
    const request = malleated(String(event["request"]));
    assert.notEqual(request, event["request"]);
    return { ...event, request };
  };
  for (const event of [handing, twinOf(handing)]) {
    const again = delegated(await invokeDelegate(plane, event));
    assert.deepEqual([again.deduplicated, again.block.digest], [true, block.digest]);
  }
  for (const event of [paying80, twinOf(paying80)]) {
    const again = granted(await invoke(plane, event));
    assert.deepEqual([again.deduplicated, again.outcome], [true, outcome]);
  }
  assert.deepEqual(await paymentCounts(plane), counted);
  const since = typesOf((await verifiedChain(plane, chainOf(held))).slice(length));
  assert.deepEqual([...new Set(since)], ["RetryDeduplicated"]);

  const stale = ["REQUEST_STALE", "request", "/request/iat"] as const;
  const late = payingEvent(plane, held, { chain, by: "delegate", amount: 80, age: 70 });
  await refusedSo(plane, held, () => invoke(plane, late), stale);
  const on = { chain, by: "delegate", to: "delegate2", steps, age: 70 } as const;
  await refusedSo(plane, held, () => invokeDelegate(plane, handingOn(plane, held, on)), stale);
});

test("POC-A24 a block whose end has come is used and handed on no more", async () => {
  const plane = await localPlane();
  const held = payments(plane);
  const steps = [paying(plane, "refund", 500)];
  const exp = Math.ceil(Date.now() / 1000) + 4;
  const { chain } = await handOn(plane, held, { steps, change: { exp } });
  const mine = { chain, by: "delegate" } as const;
  await sleep(exp * 1000 - Date.now());
  const expired = ["CHAIN_EXPIRED", "state", "/chain/1/exp"] as const;
  const asked = payingEvent(plane, held, { ...mine, amount: 10 });
  await refusedSo(plane, held, () => invoke(plane, asked), expired);
  const handing = handingOn(plane, held, { ...mine, to: "delegate2", steps });
  await refusedSo(plane, held, () => invokeDelegate(plane, handing), expired);
});

test("POC-25 POC-26 POC-A5 POC-A19 POC-A21 POC-A22 under refunds up to 100 of two calls, more, another currency, a payment and a third are refused", async () => {
  const plane = await localPlane();
  const { held, chain } = await narrowed(plane);
  const last = { chain, by: "delegate2" } as const;
  const ask = (asked: Omit<Payment, "by" | "chain">) => () =>
    invoke(plane, payingEvent(plane, held, { ...last, ...asked }));
  const place = "/request/operation/parameters/payload~1";
  const bounded = ["PARAMETER_OUT_OF_BOUNDS", "scope"] as const;
  const more = await refusedSo(plane, held, ask({ amount: 300 }), [...bounded, `${place}amount`]);
  assert.deepEqual(more.written, [
    ...["IdentityRequested", "ProofRejected", "ViolationDetected", "IdentityDenied"],
  ]);
  assert.deepEqual(more.record?.continuity, { depth: 2, blocks: chain.map(digestOf) });
  const usd = { amount: 10, currency: "USD" };
  await refusedSo(plane, held, ask(usd), [...bounded, `${place}currency`]);
  const pay = { step: "pay", amount: 10 };
  await refusedSo(plane, held, ask(pay), ["STEP_MISMATCH", "scope", "/request/step"]);
  granted(await ask({ amount: 60 })());
  const exceeded = ["SCOPE_EXCEEDED", "scope"] as const;
  await refusedSo(plane, held, ask({ amount: 60 }), [...exceeded, `${place}amount`]);
  granted(await ask({ amount: 30 })());
  await refusedSo(plane, held, ask({ amount: 1 }), [...exceeded, "/request/step"]);
});

test("POC-28 whoever handed on takes back, an operator ends a branch, and a sibling lives on; a handle of the branch ends too", async () => {
  const plane = await localPlane();
  const held = payments(plane);
  const steps = [paying(plane, "refund", 100)];
  const branch = (to: "delegate" | "delegate2") =>
    handOn(plane, held, { to, steps, change: { retain: true } });
  const [mine, other] = [await branch("delegate"), await branch("delegate2")];
  const by = { chain: mine.chain, by: "delegate", amount: 10 } as const;
  const { handle } = granted(await invoke(plane, payingEvent(plane, held, by, "handle")));
  const fromBeside = ending(plane, held, mine.block.digest, {
    chain: other.chain,
    by: "delegate2",
  });
  await refusedSo(plane, held, () => invokeDelegate(plane, fromBeside), [
    ...(["DELEGATOR_MISMATCH", "executor", "/request/block"] as const),
  ]);
  const ended = withdrawn(await invokeDelegate(plane, ending(plane, held, mine.block.digest)));
  assert.deepEqual(ended.ended, [mine.block.digest]);
  const revoked = ["CHAIN_BLOCK_REVOKED", "state", "/chain/1"] as const;
  await refusedSo(plane, held, () => invoke(plane, payingEvent(plane, held, by)), revoked);
  const redeeming = redeemingEvent(plane, held, handle, by);
  await forgetRefusals(plane);
  const late = await refusedWithout(plane, chainOf(held), () => invokeExecute(plane, redeeming));
  assert.equal(late.answer.code, "IDENTITY_REVOKED", late.answer.detail);
  const sibling = { chain: other.chain, by: "delegate2", amount: 10 } as const;
  granted(await invoke(plane, payingEvent(plane, held, sibling)));

  const order = command(plane, {
    ...{ do: "revokeDelegation", block: other.block.digest },
    contractDigest: contractDigest(held.contract),
  });
  const told = await call(plane, "revoke", { command: order });
  assert.ok(told.ok, JSON.stringify(told));
  await refusedSo(plane, held, () => invoke(plane, payingEvent(plane, held, sibling)), revoked);
  granted(await invoke(plane, payingEvent(plane, held, { amount: 10 })));
  const types = typesOf(await verifiedChain(plane, chainOf(held)));
  assert.equal(types.filter((type) => type === "DelegationRevoked").length, 2, types.join(" "));
});

test("POC-A20 POC-16 IAM itself denies a session issued under a chain what only the contract and the block above allow", async () => {
  const plane = await localPlane();
  const { bucket } = plane.outputs.samples;
  const name = `chains-${randomUUID()}`;
  const objectOf = (each: string) => `arn:aws:s3:::${bucket}/${name}-${each}`;
  const step = (...objects: readonly string[]): Step =>
    ({
      ...{ type: "aws", id: "put", actions: ["s3:PutObject"], resources: objects.map(objectOf) },
      ...{ parameters: "unbounded", limits: { calls: 3 } },
    }) as Step;
  const draft = contractDraft.parse({
    purpose: "put three objects",
    actor: { id: designating(plane, "agent").agent, kind: "agent" },
    ...{ risk: "LOW", deliveries: ["credentials"], delegation: { maxDepth: 3, retain: true } },
    ...{ steps: [step("one", "two", "three")], window: { seconds: 300 } },
  });
  const held = signDraft(plane, draft);
  const change = { deliveries: ["credentials"], retain: true } as const;
  const hand = { change: { ...change, deliveries: [...change.deliveries] } };
  const first = await handOn(plane, held, { ...hand, steps: [step("one", "two")] });
  const second = await handOn(plane, held, {
    ...{ ...hand, chain: first.chain, by: "delegate", to: "delegate2" },
    steps: [step("one")],
  });
  const putBy = async (by: "agent" | "delegate" | "delegate2", chain: readonly string[] = []) => {
    const { deliverTo, privateKey } = deliveryKey();
    const { contract, proof } = held;
    const event = issueEvent(
      {
        ...{ plane: plane.outputs.plane, contract, proof, chain, step: "put" },
        ...{ delivery: "credentials", deliverTo },
        ...{ idempotencyKey: randomUUID(), jti: randomUUID(), iat: Math.floor(Date.now() / 1000) },
      },
      keyOf(plane, by),
    );
    const { credentials = "" } = granted(await invoke(plane, event));
    const { accessKeyId, secretAccessKey, sessionToken } = await openCredentials(
      credentials,
      privateKey,
    );
    const { s3 } = plane.as({ accessKeyId, secretAccessKey, sessionToken });
    const put = (each: string) =>
      permissionOf(
        s3.send(new PutObjectCommand({ Bucket: bucket, Key: `${name}-${each}`, Body: "{}" })),
      );
    return [await put("one"), await put("two"), await put("three")];
  };
  assert.deepEqual(await putBy("agent"), ["allowed", "allowed", "allowed"]);
  assert.deepEqual(await putBy("delegate", first.chain), ["allowed", "allowed", "denied"]);
  assert.deepEqual(await putBy("delegate2", second.chain), ["allowed", "denied", "denied"]);
});

test("POC-20 POC-A10 30 identical delegations at once make one block, and of two different ones one is granted", async () => {
  const plane = await localPlane();
  const held = payments(plane);
  const steps = [paying(plane, "refund", 500)];
  const event = handingOn(plane, held, { steps });
  const answers = await Promise.all(Array.from({ length: 30 }, () => invokeAgain(plane, event)));
  const said = answers.map(delegated);
  assert.equal(new Set(said.map(({ block }) => block.digest)).size, 1);
  assert.equal(said.filter(({ deduplicated }) => !deduplicated).length, 1);
  const chain = said[0]?.chain ?? [];

  const to = (name: "delegate2" | "agent") =>
    handingOn(plane, held, { chain, by: "delegate", to: name, steps });
  const raced = await Promise.all([
    invokeAgain(plane, to("delegate2")),
    invokeAgain(plane, to("agent")),
  ]);
  const [lost] = raced.filter((each) => !each.ok);
  assert.ok(lost && raced.some(({ ok }) => ok), JSON.stringify(raced));
  assert.equal(refused(lost, "HEAD_SUPERSEDED").pointer, "/chain/1");
  const types = typesOf(await verifiedChain(plane, chainOf(held)));
  assert.equal(types.filter((type) => type === "DelegationGranted").length, 2, types.join(" "));
});

/** Asks as an honest client does, who waits for a slot, and is told to ask again while others write the same chain. */
async function invokeAgain(plane: LocalPlane, event: object): Promise<DelegateAnswer> {
  for (let tries = 1; ; tries++) {
    const answer = await served(() => invokeDelegate(plane, event));
    const isAgain = !answer.ok && answer.retryable && answer.failureDomain === "platform";
    if (!isAgain || tries === 12) return answer;
  }
}
