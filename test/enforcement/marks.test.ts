import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { headKey } from "../../lib/aws/ports/transaction.ts";
import type { IssueDeps } from "../../lib/enforcement/deps.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import type { Mutation } from "../support/governed.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";

/*
 * A denial is committed as a mark on the head of its chain and stops at once whatever it covers, with or without a
 * record, whoever wrote it (PROTOCOL.md §10). Here marks are written as a writer of State would.
 */

const head = (plane: Plane, chainId: string): Record<string, unknown> => {
  const { pk, sk } = headKey(chainId);
  const table = plane.dynamo.table(TABLES.state);
  const item = table.get(`${pk}|${sk}`) ?? { pk, sk };
  table.set(`${pk}|${sk}`, item);
  return item;
};

function setMarks(plane: Plane, chainId: string, marks: unknown): void {
  const item = head(plane, chainId);
  item["marks"] = marks;
  item["marked"] = Number(item["marked"] ?? 0) + 1;
}

const AT = { at: 1_777_954_000, code: "CONTRACT_REVOKED", trigger: "operator" };
const DELIVERIES: Readonly<Record<string, Mutation>> = {
  execute: {},
  handle: HANDLE,
  credentials: CREDENTIALS,
};

/** Ports whose `append` is followed by something, at its n-th call. */
function afterAppend(plane: Plane, at: number, happens: () => void): IssueDeps {
  const deps = plane.process();
  const own = deps.evidence;
  let calls = 0;
  const append: typeof own.append = async (step) => {
    const result = await own.append(step);
    calls += 1;
    if (calls === at) happens();
    return result;
  };
  const evidence = {
    append,
    readRows: own.readRows.bind(own),
    readChain: own.readChain.bind(own),
    readTail: own.readTail.bind(own),
  };
  return { ...deps, evidence };
}

suite("marks on a chain's head", () => {
  test("VAI-115 a mark on an identity stops its handle, and no other's", async () => {
    const plane = await newPlane();
    const two: Mutation = {
      ...HANDLE,
      contract: {
        set: { "/deliveries": ["handle"], "/authorization_details/0/limits": { calls: 2 } },
      },
    };
    const governed = plane.contract(two);
    const [first, second] = [await plane.grant(two, governed), await plane.grant(two, governed)];
    setMarks(plane, governed.chainId, [{ ...AT, identityId: first.identity.identityId }]);
    const answer = refused(await plane.execute(plane.redemption(governed, first.handle)));
    assert.deepEqual([answer.code, answer.stage], ["IDENTITY_REVOKED", "state"]);
    assert.equal(plane.targets.calls.length, 0);
    const other = await plane.execute(plane.redemption(governed, second.handle));
    assert.ok(other.ok);
  });

  test("VAI-115 a mark on a contract stops its handles and everything new under it", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const { handle } = await plane.grant(HANDLE, governed);
    const { contractDigest } = governed;
    setMarks(plane, governed.chainId, [{ ...AT, contractDigest }]);
    const before = plane.effects();
    assert.equal(
      refused(await plane.execute(plane.redemption(governed, handle))).code,
      "IDENTITY_REVOKED",
    );
    assert.equal(refused(await plane.ask(HANDLE, governed)).code, "CONTRACT_REVOKED");
    assert.deepEqual(plane.effects(), before);
  });

  test("VAI-115 a contract that was revoked before it was ever presented never runs, and its intent's others do", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    setMarks(plane, governed.chainId, [{ ...AT, contractDigest: governed.contractDigest }]);
    assert.equal(refused(await plane.ask({}, governed)).code, "CONTRACT_REVOKED");
    assert.equal(plane.targets.calls.length, 0);
    const free = plane.contract();
    setMarks(plane, free.chainId, [{ ...AT, contractDigest: governed.contractDigest }]);
    assert.ok(
      (await plane.ask({}, free)).ok,
      "an item with marks alone is the head of an empty chain",
    );
  });

  const garbage: Readonly<Record<string, unknown>> = {
    "is no list": "revoked",
    "is a number": 7,
    "holds text": ["revoked"],
    "names nothing": [AT],
    "names two": [{ ...AT, identityId: "x", contractDigest: `sha256:${"0".repeat(64)}` }],
    "has a member too many": [{ ...AT, identityId: "x", also: 1 }],
    "has an unknown trigger": [{ ...AT, identityId: "x", trigger: "mood" }],
    "has an unknown code": [{ ...AT, identityId: "x", code: "OK" }],
  };
  for (const [what, marks] of Object.entries(garbage)) {
    test(`VAI-115 a mark that ${what} stops the whole intent`, async () => {
      const plane = await newPlane();
      const governed = plane.contract(HANDLE);
      const { handle } = await plane.grant(HANDLE, governed);
      setMarks(plane, governed.chainId, marks);
      const before = plane.effects();
      const redeemed = refused(await plane.execute(plane.redemption(governed, handle)));
      assert.equal(redeemed.code, "IDENTITY_REVOKED");
      assert.equal(refused(await plane.ask(HANDLE, governed)).code, "CONTRACT_REVOKED");
      assert.deepEqual(plane.effects(), before);
    });
  }

  for (const [delivery, mutation] of Object.entries(DELIVERIES)) {
    if (delivery === "handle") continue;
    test(`VAI-115 a mark that comes behind barrier 1 of delivery ${delivery} stops barrier 2`, async () => {
      const plane = await newPlane();
      const governed = plane.contract(mutation);
      const deps = afterAppend(plane, 1, () => {
        const [identity] = plane.state(governed.chainId).identities.keys();
        setMarks(plane, governed.chainId, [{ ...AT, identityId: identity }]);
      });
      const answer = await plane.issue(plane.event(governed, mutation), deps);
      assert.equal(refused(answer).code, "IDENTITY_REVOKED");
      assert.equal("credentials" in answer, false);
      const types = plane.types(governed.chainId);
      assert.deepEqual(types.slice(-2), ["ExecutionRejected", "IdentityRevoked"]);
      assert.equal(plane.targets.calls.length, 0);
    });
  }

  test("VAI-115 a mark that comes behind a handle's start is not seen by the call, and its outcome is recorded", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const deps = afterAppend(plane, 2, () => {
      const [identity] = plane.state(governed.chainId).identities.keys();
      setMarks(plane, governed.chainId, [{ ...AT, identityId: identity }]);
    });
    const answer = await plane.issue(plane.event(governed), deps);
    assert.ok(answer.ok);
    assert.equal(answer.outcome?.status, "succeeded");
    assert.ok(plane.types(governed.chainId).includes("ExecutionCompleted"));
    const item = head(plane, governed.chainId);
    assert.ok(Array.isArray(item["marks"]), "no append takes a mark away that it does not record");
  });

  for (const marked of ["seven", { a: 1 }, [1], true, -1]) {
    test(`VAI-115 a counter that is ${JSON.stringify(marked)} is compared as it stands`, async () => {
      const plane = await newPlane();
      const governed = plane.contract();
      head(plane, governed.chainId)["marked"] = marked;
      assert.ok((await plane.ask({}, governed)).ok);
    });
  }
});
