import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { GrantedAnswer } from "../../lib/enforcement/answer.ts";
import type { Mutation } from "../support/governed.ts";
import { granted, newPlane, type Plane, refused } from "../support/plane.ts";

const SMALL: Mutation = { request: { set: { "/operation/parameters/percent": 1 } } };
const calls = (count: number): Mutation => ({
  contract: {
    set: {
      "/authorization_details/0/limits": { calls: count, totals: { percent: 100 } },
    },
  },
});

/** A mutation of the request's claims. */
const request = (set: Record<string, unknown>): Mutation => ({ request: { set } });

const count = (plane: Plane, chainId: string, type: string): number =>
  plane.types(chainId).filter((each) => each === type).length;

suite("a retry is the same grant", () => {
  test("VAI-64 VAI-67 a byte-identical resend gets the same answer, recorded once as a retry", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const event = plane.event(governed);
    const first = await plane.issue(event);
    plane.world.pass(30);
    const again = await plane.issue(event);
    assert.deepEqual(again, { ...first, deduplicated: true });
    assert.equal(plane.sts.executions.length, 1);
    assert.equal(plane.targets.calls.length, 1);
    assert.equal(count(plane, governed.chainId, "IdentityIssued"), 1);
    assert.equal(plane.types(governed.chainId).at(-1), "RetryDeduplicated");
  });

  test("VAI-64 a new jti and iat under the same key are the same request", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const mutation = request({ "/idempotencyKey": "chg-17" });
    const first = await plane.ask(mutation, governed);
    plane.world.pass(300);
    const again = await plane.ask(mutation, governed);
    assert.deepEqual(again, { ...first, deduplicated: true });
    assert.equal(plane.sts.executions.length, 1);
  });

  test("VAI-64 a retry after the contract's end still gets its answer, and no longer expiry", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const mutation = request({ "/idempotencyKey": "chg-17" });
    const first = granted(await plane.ask(mutation, governed));
    plane.world.pass(3600);
    const again = granted(await plane.ask(mutation, governed));
    assert.equal(again.identity.expiresAt, first.identity.expiresAt);
    assert.deepEqual(again, { ...first, deduplicated: true });
  });

  test("VAI-64 a retry in another process of the function gets the same answer", async () => {
    const plane = await newPlane();
    const event = plane.event(plane.contract());
    const first = await plane.issue(event);
    const again = await plane.issue(event, plane.process());
    assert.deepEqual(again, { ...first, deduplicated: true });
  });

  test("VAI-67 the same capture after the freshness window is a replay", async () => {
    const plane = await newPlane();
    const event = plane.event(plane.contract());
    await plane.issue(event);
    // iat is in whole seconds: the clock stands 345 ms behind it.
    plane.world.pass(59.655);
    assert.equal((await plane.issue(event)).ok, true, "60 s are fresh");
    plane.world.pass(0.001);
    assert.equal(refused(await plane.issue(event)).code, "REQUEST_STALE");
  });

  test("VAI-70 a failed execution is answered again as it was, and not repeated", async () => {
    const plane = await newPlane();
    plane.faults.plan({ at: "target:call", how: "throttle" });
    const event = plane.event(plane.contract());
    const first = granted(await plane.issue(event));
    assert.equal(first.outcome?.status, "failed");
    assert.equal(first.identity.state, "FAILED");
    plane.faults.clear();
    assert.deepEqual(await plane.issue(event), { ...first, deduplicated: true });
    assert.equal(plane.targets.calls.length, 1);
  });

  test("VAI-93 a grant whose issuance failed repeats its refusal, and does not ask STS again", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    plane.faults.plan({ at: "sts" });
    const event = plane.event(governed);
    const first = refused(await plane.issue(event));
    plane.faults.clear();
    const again = refused(await plane.issue(event));
    assert.deepEqual(again, first);
    assert.deepEqual([first.code, first.retryable], ["STS_FAILED", false]);
    assert.equal(plane.sts.executions.length, 1);
    assert.equal(refused(await plane.ask({}, governed)).code, "CONTRACT_CONSUMED");
  });

  test("VAI-66 a new key and nonce go through everything again, as often as the contract says", async () => {
    const plane = await newPlane();
    const governed = plane.contract(calls(3));
    const answers = [];
    for (let n = 0; n < 4; n++) answers.push(await plane.ask(SMALL, governed));
    assert.deepEqual(
      answers.map((answer) => answer.ok || answer.code),
      [true, true, true, "CONTRACT_CONSUMED"],
    );
    const ids = answers.slice(0, 3).map((answer) => granted(answer).identity.identityId);
    assert.equal(new Set(ids).size, 3);
  });

  test("VAI-65 VAI-67 keys belong to executor, contract and use: another contract may use the same", async () => {
    const plane = await newPlane();
    const mutation = request({ "/idempotencyKey": "chg-17", "/jti": "n-1" });
    await plane.grant(mutation);
    await plane.grant(mutation);
    assert.equal(plane.sts.executions.length, 2);
  });

  test("VAI-66 refusals take no key: the corrected request may use the same key and jti", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const names = { "/idempotencyKey": "chg-17", "/jti": "n-1" };
    const wrong = request({ ...names, "/operation/parameters/percent": 100 });
    assert.equal(refused(await plane.ask(wrong, governed)).code, "PARAMETER_OUT_OF_BOUNDS");
    assert.equal(granted(await plane.ask(request(names), governed)).deduplicated, false);
  });

  test("VAI-64 a conflict leaves the first grant's answer as it was", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const key = { "/idempotencyKey": "chg-17" };
    const first = await plane.ask(request(key), governed);
    const other = request({ ...key, "/operation/parameters/percent": 1 });
    assert.equal(refused(await plane.ask(other, governed)).code, "IDEMPOTENCY_CONFLICT");
    const again = await plane.ask(request(key), governed);
    assert.deepEqual(again, { ...first, deduplicated: true });
  });

  test("VAI-64 while the first runs, a retry gets its state and no outcome", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const event = plane.event(governed);
    let during: GrantedAnswer | undefined;
    const { descriptorOf } = plane.targets;
    const slow = (action: string) => {
      const real = descriptorOf(action);
      if (real === undefined) return undefined;
      return {
        ...real,
        call: async (...asked: Parameters<typeof real.call>) => {
          during ??= granted(await plane.issue(event));
          return real.call(...asked);
        },
      };
    };
    const first = granted(await plane.issue(event, { ...plane.deps, descriptorOf: slow }));
    assert.equal(during?.deduplicated, true);
    assert.equal(during?.identity.state, "IN_USE");
    assert.equal(during?.identity.identityId, first.identity.identityId);
    assert.equal(during !== undefined && "outcome" in during, false);
    assert.equal(first.outcome?.status, "succeeded");
    assert.equal(plane.targets.calls.length, 1);
  });
});

suite("the second and later retries are counted", () => {
  test("VAI-64 floods: one record for the first, and sums by the minute for the rest", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const mutation = request({ "/idempotencyKey": "chg-17" });
    await plane.grant(mutation, governed);
    for (let retry = 0; retry < 12; retry++) await plane.ask(mutation, governed);
    plane.world.pass(60);
    await plane.ask(mutation, governed);
    const records = plane.records(governed.chainId).slice(11);
    assert.equal(records[0]?.event.type, "RetryDeduplicated");
    const sums = records.slice(1);
    assert.ok(sums.every(({ event }) => event.type === "RefusalsCounted"));
    assert.ok(sums.length <= 2, `${sums.length} records for 12 retries`);
    assert.equal(
      sums.reduce((sum, { detail }) => sum + Number(detail["count"]), 0),
      12,
    );
  });
});
