import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Answer } from "../../lib/enforcement/answer.ts";
import { readTrust } from "../../lib/enforcement/read/registry.ts";
import { OPEN } from "../support/faults.ts";
import { FUNCTION, type Governed } from "../support/governed.ts";
import { identityEnds } from "../support/identity-ends.ts";
import { granted, newPlane, type Plane } from "../support/plane.ts";
import { playRandomly } from "../support/schedule/random.ts";
import { Scheduler } from "../support/schedule/scheduler.ts";

/*
 * A hundred functions at once, each in a process of its own, whose calls are made in an order by chance: the same order for
 * the same seed.
 */

const HUNDRED = 100;

const STEP = {
  type: "aws",
  actions: ["lambda:UpdateAlias"],
  resources: [FUNCTION],
  parameters: {
    alias: { exact: "live" },
    version: { exact: "7" },
    percent: { range: { min: 0, max: 10 } },
  },
};

async function warmPlane(): Promise<Plane> {
  const plane = await newPlane();
  await readTrust(plane.deps);
  return plane;
}

/** All events at once, to the end of each. */
async function atOnce(plane: Plane, events: readonly unknown[], seed: number): Promise<Answer[]> {
  const scheduler = new Scheduler();
  const answers: Answer[] = [];
  plane.faults.gate = scheduler.gate;
  for (const [index, event] of events.entries()) {
    const { memory } = plane.deps;
    const deps = {
      ...plane.process(),
      memory: { ...memory, handles: new Map(), keyLooks: new Map() },
      // Time stands still: what nobody is granted here is not for want of time.
      sleep: () => scheduler.sleep(() => {}),
    };
    await scheduler.begin(`${index}`, async () => {
      answers[index] = await plane.issue(event, deps);
    });
  }
  await playRandomly(scheduler, seed);
  plane.faults.gate = OPEN;
  assert.equal(Object.keys(answers).length, events.length, "each is answered");
  return answers;
}

const count = (plane: Plane, { chainId }: Governed, type: string): number =>
  plane.types(chainId).filter((each) => each === type).length;

function assertEnded(plane: Plane, issued: number): void {
  const { open, twice, unissued, ...ends } = identityEnds(plane.everyRecord());
  assert.deepEqual([ends.issued, open, twice, unissued], [issued, [], [], []]);
}

suite("a hundred at once", () => {
  for (const seed of [1, 2]) {
    test(`VAI-68 ADV-13 the same request a hundred times: one grant and one call, each answer is true (seed ${seed})`, async () => {
      const plane = await warmPlane();
      const governed = plane.contract();
      const event = plane.event(governed);
      const answers = await atOnce(
        plane,
        Array.from({ length: HUNDRED }, () => structuredClone(event)),
        seed,
      );
      const grants = answers.map(granted);
      const firsts = grants.filter(({ deduplicated }) => !deduplicated);
      assert.equal(firsts.length, 1);
      assert.deepEqual([plane.sts.executions.length, plane.targets.calls.length], [1, 1]);
      for (const { identity, outcome } of grants) {
        assert.equal(identity.identityId, firsts[0]?.identity.identityId);
        // Who comes while it runs is told so, and who comes later what it came to.
        if (outcome !== undefined) assert.deepEqual(outcome, firsts[0]?.outcome);
        else assert.match(identity.state, /^(ISSUED|IN_USE)$/);
      }
      for (const type of [
        "IdentityIssued",
        "ExecutionStarted",
        "IdentityCompleted",
        "RetryDeduplicated",
      ]) {
        assert.equal(count(plane, governed, type), 1, type);
      }
      assertEnded(plane, 1);
    });
  }

  test("OKG-27 a hundred contracts of a hundred intents: each is granted, and none waits for another", async () => {
    const plane = await warmPlane();
    const all = Array.from({ length: HUNDRED }, () => plane.contract());
    const answers = await atOnce(
      plane,
      all.map((governed) => plane.event(governed)),
      3,
    );
    for (const answer of answers) assert.equal(granted(answer).outcome?.status, "succeeded");
    assert.equal(plane.targets.calls.length, HUNDRED);
    for (const governed of all) assert.equal(count(plane, governed, "IdentityCompleted"), 1);
    assertEnded(plane, HUNDRED);
  });

  test("OKG-27 a hundred uses of one intent: as many as its chain has room for, in one row, and no other ran", async (t) => {
    const plane = await warmPlane();
    const limits = { calls: 16 };
    const steps = Array.from({ length: 7 }, (_, n) => ({ ...STEP, id: `s${n}`, limits }));
    const first = plane.contract({
      contract: { set: { "/authorization_details": steps } },
      decision: { set: { "/boundary/authorization_details": steps } },
    });
    const answers = await atOnce(
      plane,
      Array.from({ length: HUNDRED }, (_, n) =>
        plane.event(first, { request: { set: { "/step": `s${n % 7}` } } }),
      ),
      4,
    );
    const grants = answers.flatMap((answer) => (answer.ok ? [answer] : []));
    const codes = new Set(answers.flatMap((answer) => (answer.ok ? [] : [answer.code])));
    assert.deepEqual(codes, new Set(["CONTRACT_CONSUMED"]));
    for (const { outcome } of grants) assert.equal(outcome?.status, "succeeded");
    t.diagnostic(`${grants.length} of ${HUNDRED} are granted`);
    // The room of a chain is for those that were issued before it was full, not for one or two.
    assert.ok(grants.length >= 10 && grants.length < HUNDRED, `${grants.length}`);
    assert.equal(plane.targets.calls.length, grants.length);
    assert.equal(count(plane, first, "IdentityCompleted"), grants.length);
    const numbers = plane.records(first.chainId).map(({ chain }) => chain.seq);
    assert.deepEqual(
      numbers,
      [...numbers.keys()].map((index) => index + 1),
    );
    assertEnded(plane, grants.length);
  });

  test("ADV-17 a hundred contracts of one intent, each under a later decision: whatever comes when, the last one that was bound is the only one left", async () => {
    const plane = await warmPlane();
    const first = plane.contract();
    const all = Array.from({ length: HUNDRED }, (_, n) => {
      const { newId } = plane.world;
      const ids = { ...first.ids, contract: newId(), decision: newId() };
      const change = { decision: { set: { "/iat": `$seconds:${n - HUNDRED}` } } };
      return plane.contract(change, { ...first, ids });
    });
    const answers = await atOnce(
      plane,
      all.map((governed) => plane.event(governed)),
      5,
    );
    const codes = new Set(answers.flatMap((answer) => (answer.ok ? [] : [answer.code])));
    assert.ok(codes.delete("DECISION_SUPERSEDED"));
    const ends = ["IDENTITY_REVOKED", "CONTRACT_CONSUMED", "EVIDENCE_STORE_UNAVAILABLE"];
    for (const code of codes) assert.ok(ends.includes(code), code);
    const { contracts } = plane.state(first.chainId);
    const bound = all.flatMap(({ contractDigest }, order) => {
      const view = contracts.get(contractDigest);
      return view?.bound === undefined ? [] : [{ order, isEnded: view.ended !== undefined }];
    });
    const last = Math.max(...bound.map(({ order }) => order));
    const wronged = bound.filter(({ order, isEnded }) => order !== last && !isEnded);
    assert.deepEqual(wronged, []);
    const done = answers.filter((answer) => answer.ok && answer.outcome?.status === "succeeded");
    assert.equal(plane.targets.calls.length, done.length);
    const { issued, open, twice } = identityEnds(plane.everyRecord());
    assert.ok(issued >= done.length);
    assert.deepEqual([open, twice], [[], []]);
  });
});
