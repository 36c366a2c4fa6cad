import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { isTerminal } from "../../lib/evidence/events.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import { type Governed, LIVE_IS_6, type Mutation } from "../support/governed.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";

/*
 * What the plane itself denies is committed before its records too, without KMS (PROTOCOL.md §10): a contract that was
 * violated, or whose context or policy changed, ends though nothing can be signed, and whatever is open of it ends with it.
 */

const headOf = (plane: Plane, { chainId }: Governed): Record<string, unknown> =>
  plane.dynamo.table(TABLES.state).get(`chain#${chainId}|head`) ?? {};

const REPLACED = { set: { "/policies/0/version": "2" } };
const FIRST = { set: { "/policies/0/version": "1" } };
const BEYOND: Mutation = { request: { set: { "/operation/parameters/percent": 99 } } };

/** A contract of several uses, with what else it says. */
const several = (mutation: Mutation, more: Readonly<Record<string, unknown>> = {}): Mutation => ({
  ...mutation,
  contract: {
    set: {
      ...mutation.contract?.set,
      "/deliveries": ["handle"],
      "/authorization_details/0/limits": { calls: 3 },
      ...more,
    },
  },
});

/** How the plane comes to end a contract by itself, with a handle of it in somebody's hands. */
interface Way {
  readonly trigger: string;
  readonly more: Readonly<Record<string, unknown>>;
  readonly before?: (plane: Plane) => Promise<void>;
  readonly sees: (plane: Plane, governed: Governed, handle: unknown) => Promise<unknown>;
}

const WAYS: Readonly<Record<string, Way>> = {
  "a handle is redeemed beyond it": {
    trigger: "violation",
    more: {},
    sees: (plane, governed, handle) => plane.execute(plane.redemption(governed, handle, BEYOND)),
  },
  "its context is seen to have changed at a redemption": {
    trigger: "contextChanged",
    more: { "/assumptions": [LIVE_IS_6], "/revokeOn": ["contextChanged"] },
    sees: (plane, governed, handle) => {
      plane.targets.answers.set("lambda:GetAlias", [{ FunctionVersion: "7" }]);
      return plane.execute(plane.redemption(governed, handle));
    },
  },
  "its context is seen to have changed at a request": {
    trigger: "contextChanged",
    more: { "/assumptions": [LIVE_IS_6], "/revokeOn": ["contextChanged"] },
    sees: (plane, governed) => {
      plane.targets.answers.set("lambda:GetAlias", [{ FunctionVersion: "7" }]);
      return plane.ask(several(HANDLE), governed);
    },
  },
  "its policy is seen to be replaced at a request": {
    trigger: "policyChanged",
    more: { "/revokeOn": ["policyChanged"] },
    before: (plane) => plane.publish(REPLACED),
    sees: (plane, governed) => plane.ask(several(HANDLE), governed),
  },
};

async function begun({ more }: Way) {
  const plane = await newPlane();
  const mutation = several(HANDLE, more);
  const governed = plane.contract(mutation);
  const { handle } = await plane.grant(mutation, governed);
  return { plane, mutation, governed, handle };
}

suite("the plane's own denials", () => {
  for (const [what, way] of Object.entries(WAYS)) {
    test(`VAI-115 VAI-103 ${what}: denied by a mark though KMS is silent, and no other use comes of it`, async () => {
      const { plane, mutation, governed, handle } = await begun(way);
      await way.before?.(plane);
      plane.faults.plan({ at: "signer:sign", how: "throttle" });
      await way.sees(plane, governed, handle);
      const { contractDigest } = governed;
      const mark = headOf(plane, governed)["marks"] as Record<string, unknown>[];
      assert.deepEqual(
        mark.map((each) => [each["contractDigest"], each["trigger"], each["by"]]),
        [[contractDigest, way.trigger, undefined]],
      );
      plane.targets.answers.set("lambda:GetAlias", [{ FunctionVersion: "6" }]);
      plane.faults.clear();
      const next = refused(await plane.ask(mutation, governed));
      assert.equal(next.code, "CONTRACT_REVOKED");
      assert.equal(
        refused(await plane.execute(plane.redemption(governed, handle))).code,
        "IDENTITY_REVOKED",
      );
      assert.equal(plane.targets.calls.length, 0);
    });

    test(`VAI-114 VAI-07 ${what}: recorded with the ends of all that is open, and the mark goes with its record`, async () => {
      const { plane, mutation, governed, handle } = await begun(way);
      await plane.grant(mutation, governed);
      await way.before?.(plane);
      await way.sees(plane, governed, handle);
      const ends = plane
        .records(governed.chainId)
        .filter(({ event }) => isTerminal(event.type))
        .map(({ event, detail, identity }) => [event.type, detail["trigger"], identity?.id]);
      const ids = [...plane.state(governed.chainId).identities.keys()];
      assert.deepEqual(
        new Set(ends.map(String)),
        new Set(ids.map((id) => String(["IdentityRevoked", way.trigger, id]))),
      );
      assert.equal(ends.length, 2);
      assert.equal(headOf(plane, governed)["marks"], undefined);
    });
  }

  test("VAI-115 delivered credentials of a contract that the plane ends are denied at IAM by the next run of sweep", async () => {
    const plane = await newPlane();
    const mutation: Mutation = {
      ...CREDENTIALS,
      contract: {
        set: {
          ...CREDENTIALS.contract?.set,
          "/authorization_details/0/limits": { calls: 2 },
          "/revokeOn": ["policyChanged"],
        },
      },
    };
    const governed = plane.contract(mutation);
    const { identity } = await plane.grant(mutation, governed);
    await plane.publish(REPLACED);
    refused(await plane.ask(mutation, governed));
    await plane.sweep();
    const { identities } = plane.state(governed.chainId);
    const { sessionName = "", denied } = identities.get(identity.identityId) ?? {};
    assert.ok(plane.iam.puts.at(-1)?.PolicyDocument?.includes(sessionName));
    assert.notEqual(denied?.acknowledgedAt, undefined);
  });

  test("VAI-103 where State cannot be marked the records are written all the same", async () => {
    const way = WAYS["a handle is redeemed beyond it"];
    assert.ok(way);
    const { plane, governed, handle } = await begun(way);
    plane.faults.plan({ at: "denial:write", how: "throttle" });
    refused(await plane.execute(plane.redemption(governed, handle, BEYOND)));
    assert.ok(plane.types(governed.chainId).includes("ViolationDetected"));
  });

  test("VAI-115 somebody's signed denial of the same contract stays until its own record", async () => {
    const way = WAYS["a handle is redeemed beyond it"];
    assert.ok(way);
    const { plane, governed, handle } = await begun(way);
    plane.faults.plan({ at: "signer:sign", how: "throttle" });
    const [identityId = ""] = plane.state(governed.chainId).identities.keys();
    await plane.revoke({
      command: plane.command({ do: "revokeIdentity", identityId: `${identityId}` }),
    });
    plane.faults.clear();
    assert.equal((headOf(plane, governed)["marks"] as unknown[]).length, 1);
    refused(await plane.execute(plane.redemption(governed, handle, BEYOND)));
    assert.equal((headOf(plane, governed)["marks"] as unknown[]).length, 1);
  });

  test("VAI-109 a first request whose policy is no head ends nothing: nothing was justified by it yet", async () => {
    const plane = await newPlane();
    const mutation = several(HANDLE, { "/revokeOn": ["policyChanged"] });
    const governed = plane.contract(mutation);
    await plane.publish(REPLACED);
    assert.equal(refused(await plane.ask(mutation, governed)).code, "POLICY_VERSION_STALE");
    assert.equal(headOf(plane, governed)["marks"], undefined);
    assert.equal(
      plane.records(governed.chainId).some(({ detail }) => "endsContract" in detail),
      false,
    );
  });

  test("VAI-109 X-42 a contract that does not list its policy is refused and lives on", async () => {
    const plane = await newPlane();
    const mutation = several(HANDLE);
    const governed = plane.contract(mutation);
    await plane.grant(mutation, governed);
    await plane.publish(REPLACED);
    await plane.sweep();
    assert.equal(refused(await plane.ask(mutation, governed)).code, "POLICY_VERSION_STALE");
    await plane.publish(FIRST);
    assert.ok((await plane.ask(mutation, governed)).ok);
  });

  test("VAI-110 revokeOn of a policy holds after 20 and after 200 refusals", async () => {
    for (const refusals of [20, 200]) {
      const plane = await newPlane();
      const mutation = several(HANDLE, { "/revokeOn": ["policyChanged"] });
      const governed = plane.contract(mutation);
      await plane.grant(mutation, governed);
      for (let index = 0; index < refusals; index++) {
        refused(await plane.ask({ ...mutation, ...BEYOND }, governed));
      }
      await plane.publish(REPLACED);
      refused(await plane.ask(mutation, governed));
      await plane.publish(FIRST);
      assert.equal(refused(await plane.ask(mutation, governed)).code, "CONTRACT_REVOKED");
    }
  });
});
