import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { toInstant } from "../../lib/clock.ts";
import { sha256Digest } from "../../lib/encoding/digest.ts";
import { readMarks } from "../../lib/lifecycle/mark.ts";
import { VIEWS, viewKey, viewOf } from "../../lib/lifecycle/view.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import type { Governed, Mutation } from "../support/governed.ts";
import { KEYS } from "../support/keys.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { newPlane, type Plane } from "../support/plane.ts";

/** What operators see of an intent while anything of it is open; made from the fold, and judged by nobody. */

const TWO: Mutation = {
  contract: {
    set: { "/deliveries": ["handle"], "/authorization_details/0/limits": { calls: 2 } },
  },
  request: { set: { "/delivery": "handle" } },
};

const headOf = (plane: Plane, { chainId }: Governed): Record<string, unknown> =>
  plane.dynamo.table(TABLES.state).get(`chain#${chainId}|head`) ?? {};

interface Open {
  readonly intentId: string;
  readonly contracts: readonly Record<string, unknown>[];
  readonly identities: readonly Record<string, unknown>[];
  readonly duties: readonly unknown[];
}
const openOf = (plane: Plane, governed: Governed): Open => headOf(plane, governed)["open"] as Open;

suite("what is open of an intent", () => {
  test("VAI-129 a handle that waits stands there whole, with its contract, and is due at its window's end", async () => {
    const plane = await newPlane();
    const governed = plane.contract(TWO);
    const { identity } = await plane.grant(TWO, governed);
    const { view, due } = headOf(plane, governed);
    assert.equal(view, viewKey(governed.ids.intent));
    assert.equal(due, identity.expiresAt);
    const [issued] = plane.state(governed.chainId).identities.values();
    assert.ok(issued);
    assert.deepEqual(openOf(plane, governed), {
      intentId: governed.ids.intent,
      contracts: [
        {
          digest: governed.contractDigest,
          id: governed.ids.contract,
          ...{ issuer: "governance.example", risk: "LOW" },
          exp: Math.floor(plane.world.now / 1000) + 600,
          ...{ policy: { id: "baseline", version: "1" }, revokeOn: [], waits: [] },
        },
      ],
      identities: [
        {
          id: identity.identityId,
          contractDigest: governed.contractDigest,
          state: "ISSUED",
          actor: "spiffe://example.org/agent/coordinator",
          jkt: KEYS.agent.thumbprint,
          ...{ step: "shift", delivery: "handle", roleArn: issued.roleArn },
          session: issued.sessionName,
          issuedAt: issued.issuedAt,
          expiresAt: issued.expiresAt,
          until: issued.expiresAt,
        },
      ],
      duties: [],
    });
  });

  test("VAI-129 delivered credentials are open until they end at STS", async () => {
    const plane = await newPlane();
    const governed = plane.contract(CREDENTIALS);
    await plane.grant(CREDENTIALS, governed);
    const [issued] = plane.state(governed.chainId).identities.values();
    assert.ok(issued?.hardExpiry);
    assert.equal(openOf(plane, governed).identities[0]?.["until"], issued.hardExpiry);
  });

  test("VAI-129 a contract with a use left is open without any identity, until its end", async () => {
    const plane = await newPlane();
    const governed = plane.contract(TWO);
    const { handle } = await plane.grant(TWO, governed);
    assert.ok((await plane.execute(plane.redemption(governed, handle))).ok);
    const open = openOf(plane, governed);
    assert.deepEqual([open.identities.length, open.contracts.length], [0, 1]);
    assert.equal(
      headOf(plane, governed)["due"],
      toInstant(Number(open.contracts[0]?.["exp"]) * 1000),
    );
  });

  test("VAI-129 past its end a contract is open no more, whatever it has left", async () => {
    const plane = await newPlane();
    const governed = plane.contract(TWO);
    const { handle } = await plane.grant(TWO, governed);
    assert.ok((await plane.execute(plane.redemption(governed, handle))).ok);
    const state = plane.state(governed.chainId);
    const end = Date.parse(String(headOf(plane, governed)["due"]));
    const seen = { intentId: governed.ids.intent, state, marks: readMarks({}) };
    assert.equal(viewOf({ ...seen, now: end - 1 })?.due, toInstant(end));
    assert.equal(viewOf({ ...seen, now: end }), undefined);
  });

  test("VAI-129 of several an intent is due at the first", async () => {
    const plane = await newPlane();
    const governed = plane.contract(TWO);
    const { handle } = await plane.grant(TWO, governed);
    const died = plane.faults.death({ at: "target:call" });
    void plane.execute(plane.redemption(governed, handle));
    await died;
    plane.faults.clear();
    const [running] = plane.state(governed.chainId).identities.values();
    assert.ok(running?.startedAt);
    assert.equal(openOf(plane, governed).contracts.length, 1);
    assert.equal(headOf(plane, governed)["due"], toInstant(Date.parse(running.startedAt) + 90_000));
  });

  test("VAI-129 nothing stands there once everything has ended, and no other contract is named", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const { handle } = await plane.grant(HANDLE, governed);
    assert.equal(openOf(plane, governed).contracts.length, 0, "no use is left");
    assert.ok((await plane.execute(plane.redemption(governed, handle))).ok);
    const { view, due, open } = headOf(plane, governed);
    assert.deepEqual([view, due, open], [undefined, undefined, undefined]);
  });

  test("VAI-129 an ended contract is not open though uses are left", async () => {
    const plane = await newPlane();
    const governed = plane.contract(TWO);
    await plane.grant(TWO, governed);
    const { contractDigest } = governed;
    await plane.revoke({ command: plane.command({ do: "revokeContract", contractDigest }) });
    assert.equal(openOf(plane, governed), undefined);
  });

  test("VAI-115 with a mark an intent is due now, and stands there though nothing else is open", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    await plane.grant({}, governed);
    const state = plane.state(governed.chainId);
    const { now } = plane.world;
    const seen = { intentId: governed.ids.intent, state, now };
    assert.equal(viewOf({ ...seen, marks: readMarks({}) }), undefined);
    for (const marks of [[{ at: 1 }], "garbage"]) {
      const view = viewOf({ ...seen, marks: readMarks({ marks }) });
      assert.equal(view?.due, toInstant(now));
    }
  });

  test("VAI-117 a denial of what is running is due when that can no longer run", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const died = plane.faults.death({ at: "target:call" });
    void plane.ask({}, governed);
    await died;
    plane.faults.clear();
    const [running] = plane.state(governed.chainId).identities.values();
    assert.ok(running?.startedAt);
    const before = headOf(plane, governed)["due"];
    assert.equal(before, toInstant(Date.parse(running.startedAt) + 90_000));
    plane.world.pass(5);
    const { identityId } = running;
    await plane.revoke({ command: plane.command({ do: "revokeIdentity", identityId }) });
    assert.equal(headOf(plane, governed)["due"], toInstant(Date.parse(running.startedAt) + 30_000));
  });

  test("VAI-129 sixteen lists hold every intent, by the first digit of its digest", async () => {
    assert.equal(new Set(VIEWS).size, 16);
    for (let n = 0; n < 64; n++) {
      const key = viewKey(`intent-${n}`);
      assert.equal(key, `open#${sha256Digest(`intent-${n}`)["sha256:".length]}`);
      assert.ok(VIEWS.includes(key));
    }
  });
});
