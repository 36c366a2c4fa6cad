import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { descriptorOf } from "../../lib/actions/catalogue.ts";
import type { ParameterConstraints as Constraints } from "../../lib/actions/descriptor.ts";
import type { Mutation } from "../support/governed.ts";
import { newPlane, refused } from "../support/plane.ts";

suite("before STS is asked", () => {
  test("VAI-47 a derivation that forgets a bound is stopped by the proof on its result", async (t) => {
    const updateItem = descriptorOf("dynamodb:UpdateItem");
    assert.ok(updateItem !== undefined);
    const forgetful = t.mock.method(updateItem, "iamBounds", () => []);
    const plane = await newPlane();
    const governed = plane.contract({ base: "item" });
    const answer = refused(await plane.issue(plane.event(governed, { base: "item" })));
    assert.deepEqual([answer.code, answer.stage], ["SCOPE_EXCEEDED", "authority"]);
    assert.ok(forgetful.mock.callCount() > 0);
    assert.equal(plane.sts.executions.length, 0);
    assert.equal(plane.types(governed.chainId).at(-1), "IdentityDenied");
    const denied = plane.records(governed.chainId).at(-1);
    const failed = denied?.decision.checks?.filter(({ result }) => result === "fail");
    assert.deepEqual(failed, [{ name: "containment", result: "fail" }]);
  });

  test("VAI-47 what lies in the step but not in the one operation is stopped too", async (t) => {
    const updateItem = descriptorOf("dynamodb:UpdateItem");
    assert.ok(updateItem !== undefined);
    const both = { oneOf: ["svc-a", "svc-b"] };
    const real = updateItem.iamBounds.bind(updateItem);
    const wide = t.mock.method(updateItem, "iamBounds", (constraints: Constraints) =>
      real({ ...constraints, "key/pk": both }),
    );
    const plane = await newPlane();
    const mutation: Mutation = {
      base: "item",
      contract: { set: { "/authorization_details/0/parameters/key~1pk": both } },
    };
    const answer = refused(await plane.ask(mutation));
    assert.deepEqual([answer.code, answer.stage], ["SCOPE_EXCEEDED", "authority"]);
    assert.equal(plane.sts.executions.length, 0);
    wide.mock.restore();
    assert.ok((await plane.ask(mutation)).ok);
  });

  test("USR-07 VAI-116 the session policy ends with the identity, also where the decision ends first", async () => {
    for (const decision of [{ "/exp": "$seconds:150" }, { "/exp": "$seconds:599" }]) {
      const plane = await newPlane();
      const { identity } = await plane.grant({ decision: { set: decision } });
      const [asked] = plane.sts.executions;
      const { Statement } = JSON.parse(asked?.Policy ?? "{}") as {
        Statement: { Condition?: { DateGreaterThanEquals?: Record<string, string> } }[];
      };
      const ends = Statement.flatMap(({ Condition }) =>
        Object.values(Condition?.DateGreaterThanEquals ?? {}),
      );
      assert.deepEqual(
        ends.map((end) => Date.parse(end)),
        [Date.parse(identity.expiresAt)],
      );
    }
  });
});
