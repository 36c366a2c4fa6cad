import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Mutation } from "../support/governed.ts";
import { granted, newPlane, type Plane, refused } from "../support/plane.ts";

const SMALL: Mutation = { request: { set: { "/operation/parameters/percent": 1 } } };
const sixteen: Mutation = {
  contract: {
    set: { "/authorization_details/0/limits": { calls: 16, totals: { percent: 100 } } },
  },
};

/** The sum of everything that was not written singly: in the chain, and still waiting in State. */
function counted(plane: Plane, chainId: string, scope: string): number {
  const written = plane
    .records(chainId)
    .filter(({ event, detail }) => event.type === "RefusalsCounted" && detail["scope"] === scope)
    .reduce((sum, { detail }) => sum + Number(detail["count"]), 0);
  const waiting = plane.dynamo.table("state").get(`refusals#${scope}|counter`);
  return written + Number(waiting?.["unwritten"] ?? 0);
}

suite("requests at the same time", () => {
  test("VAI-68 ADV-13 fifty identical requests yield one authority", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const event = plane.event(governed);
    const fifty = Array.from({ length: 50 }, () => plane.issue(event, plane.process()));
    const answers = (await Promise.all(fifty)).map(granted);
    assert.equal(plane.sts.executions.length, 1);
    assert.equal(plane.targets.calls.length, 1);
    assert.equal(answers.filter(({ deduplicated }) => !deduplicated).length, 1);
    assert.equal(new Set(answers.map(({ identity }) => identity.identityId)).size, 1);
    const types = plane.types(governed.chainId);
    assert.equal(types.filter((type) => type === "IdentityIssued").length, 1);
    assert.equal(types.filter((type) => type === "RetryDeduplicated").length, 1);
    const [id] = plane.state(governed.chainId).identities.keys();
    assert.equal(counted(plane, governed.chainId, `retries/${id}`), 48, "no retry is lost");
  });

  test("OKG-27 VAI-91 twenty requests with keys of their own: one contiguous chain, sixteen uses", async () => {
    const plane = await newPlane();
    const governed = plane.contract(sixteen);
    const twenty = Array.from({ length: 20 }, () => plane.ask(SMALL, governed));
    const answers = await Promise.all(twenty);
    const refusals = answers.filter((answer) => !answer.ok).map(refused);
    assert.deepEqual(new Set(refusals.map(({ code }) => code)), new Set(["CONTRACT_CONSUMED"]));
    assert.equal(refusals.length, 4);
    assert.equal(plane.sts.executions.length, 16);
    assert.equal(plane.targets.calls.length, 16);
    const records = plane.records(governed.chainId);
    assert.deepEqual(
      records.map(({ chain }) => chain.seq),
      records.map((_, index) => index + 1),
    );
    const number = (type: string): number =>
      records.filter(({ event }) => event.type === type).length;
    assert.equal(number("IdentityCompleted"), 16);
    // Beyond 120 records a refusal is only counted, and the count stays in State (PROTOCOL.md §5).
    const denied = number("IdentityDenied");
    assert.equal(
      denied + counted(plane, governed.chainId, `refusals/${governed.contractDigest}`),
      4,
    );
    assert.equal(records.length, 4 + 16 * 7 + denied * 2, "no record is lost");
  });

  test("VAI-30 VAI-68 totals are reserved once: ten requests of 30 % under a total of 100", async () => {
    const plane = await newPlane();
    const wide: Mutation = {
      contract: {
        set: {
          "/authorization_details/0/parameters/percent": { range: { min: 0, max: 30 } },
          "/authorization_details/0/limits": { calls: 16, totals: { percent: 100 } },
        },
      },
    };
    const governed = plane.contract(wide);
    const thirty = { request: { set: { "/operation/parameters/percent": 30 } } };
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => plane.ask(thirty, governed)),
    );
    assert.equal(answers.filter(({ ok }) => ok).length, 3);
    assert.equal(plane.targets.calls.length, 3);
  });

  test("ADV-12 the same key with two contents at once: one is granted, the other is a conflict", async () => {
    const plane = await newPlane();
    const governed = plane.contract(sixteen);
    const ask = (percent: number) =>
      plane.ask(
        { request: { set: { "/idempotencyKey": "k", "/operation/parameters/percent": percent } } },
        governed,
      );
    const answers = await Promise.all([ask(1), ask(2)]);
    assert.deepEqual(answers.map((answer) => answer.ok || answer.code).sort(), [
      "IDEMPOTENCY_CONFLICT",
      true,
    ]);
  });

  test("VAI-37 two intents that claim one contract id at once: one is bound, the other refused", async () => {
    const plane = await newPlane();
    const one = plane.contract();
    const ids = { ...one.ids, intent: plane.world.newId() };
    const two = plane.contract({}, { ...one, ids });
    const answers = await Promise.all([plane.ask({}, one), plane.ask({}, two)]);
    assert.deepEqual(answers.map((answer) => answer.ok || answer.code).sort(), [
      "CONTRACT_MISMATCH",
      true,
    ]);
    assert.equal(plane.sts.executions.length, 1);
  });

  test("OKG-27 thirty refusals of one contract at once: twenty singly, every other counted", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const wrong = { request: { set: { "/step": "other" } } };
    await Promise.all(Array.from({ length: 30 }, () => plane.ask(wrong, governed)));
    const types = plane.types(governed.chainId);
    const denied = types.filter((type) => type === "IdentityDenied").length;
    assert.equal(denied, 20);
    const scope = `refusals/${governed.contractDigest}`;
    assert.equal(counted(plane, governed.chainId, scope), 10);
  });

  test("OKG-27 twenty nameless refusals at once: no chain forks, none is lost", async () => {
    const plane = await newPlane();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => plane.issue({ nonsense: index % 3 })),
    );
    const chains = plane.chains().filter((id) => id.startsWith("unattributed/"));
    const written = chains.flatMap((id) => plane.records(id));
    assert.equal(written.filter(({ event }) => event.type === "IdentityDenied").length, 20);
    assert.ok(answers.every((answer) => refused(answer).evidence !== undefined));
  });
});
