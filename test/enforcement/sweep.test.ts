import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DynamoOpenStore } from "../../lib/aws/ports/open-view.ts";
import type { Swept } from "../../lib/enforcement/sweep.ts";
import { isTerminal } from "../../lib/evidence/events.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import type { Governed, Mutation } from "../support/governed.ts";
import { KEYS } from "../support/keys.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";

/** Every identity ends exactly once, with evidence, even if nobody ever uses it or calls back (VAI-07). */

const endsOf = (plane: Plane, { chainId }: Governed): EvidenceRecord[] =>
  plane.records(chainId).filter(({ event }) => isTerminal(event.type));

const headOf = (plane: Plane, { chainId }: Governed): Record<string, unknown> => {
  const item = plane.dynamo.table(TABLES.state).get(`chain#${chainId}|head`);
  assert.ok(item);
  return item;
};

async function died(at: "sts" | "target:call" | "signer:sign", mutation: Mutation = {}) {
  const plane = await newPlane();
  const governed = plane.contract(mutation);
  const death = plane.faults.death({ at, ...(at === "signer:sign" && { from: 3, to: 3 }) });
  void plane.ask(mutation, governed);
  await death;
  plane.faults.clear();
  return { plane, governed };
}

/** As somebody who writes State hides an intent there. */
function hide(plane: Plane, governed: Governed): void {
  const head = headOf(plane, governed);
  for (const name of ["view", "due", "open"]) delete head[name];
}

/** Chains that were looked at, written to, and that failed. */
const did = ({ chains, written, failed }: Swept): number[] => [chains, written, failed];

suite("sweeping", () => {
  test("VAI-07 VAI-106 a handle that nobody redeems expires unused, once", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    await plane.grant(HANDLE, governed);
    assert.equal((await plane.sweep()).written, 0);
    plane.world.pass(901);
    assert.deepEqual(did(await plane.sweep()), [1, 1, 0]);
    assert.equal((await plane.sweep()).written, 0);
    const [end, ...more] = endsOf(plane, governed);
    assert.deepEqual(more, []);
    assert.equal(end?.event.type, "IdentityExpired");
    assert.deepEqual([end?.detail["trigger"], end?.detail["used"]], ["windowEnded", false]);
    assert.equal(headOf(plane, governed)["view"], undefined, "nothing is open any more");
  });

  test("VAI-106 delivered credentials expire, and whether they were used nobody knows", async () => {
    const plane = await newPlane();
    const governed = plane.contract(CREDENTIALS);
    await plane.grant(CREDENTIALS, governed);
    plane.world.pass(901);
    await plane.sweep();
    assert.deepEqual(
      endsOf(plane, governed).map(({ event, detail }) => [event.type, detail["used"]]),
      [["IdentityExpired", "unknown"]],
    );
  });

  test("VAI-103 X-47 an issuance whose function died ends as failed, a minute after it must have ended", async () => {
    const { plane, governed } = await died("sts");
    plane.world.pass(89);
    assert.equal((await plane.sweep()).written, 0);
    plane.world.pass(2);
    assert.equal((await plane.sweep()).written, 1);
    assert.deepEqual(
      endsOf(plane, governed).map(({ event, detail }) => [
        event.type,
        detail["trigger"],
        detail["used"],
      ]),
      [["IssuanceFailed", "executionFailed", false]],
    );
  });

  test("VAI-103 ADV-37 an execution whose outcome was never recorded ends incomplete, is looked at and never made again", async () => {
    const { plane, governed } = await died("signer:sign");
    const calls = plane.targets.calls.length;
    assert.equal(calls, 1);
    plane.world.pass(91);
    await plane.sweep();
    assert.equal(plane.targets.calls.length, calls);
    const types = plane.types(governed.chainId).slice(-3);
    assert.deepEqual(types, ["EvidenceEmissionFailed", "ExecutionIncomplete", "EscalationRaised"]);
    const [end] = endsOf(plane, governed);
    assert.deepEqual(
      [
        end?.detail["state"],
        end?.detail["trigger"],
        end?.detail["reconciled"],
        end?.detail["outcome"],
      ],
      ["INCOMPLETE", "evidenceFailed", "matches", undefined],
    );
    assert.equal(refused(await plane.ask({}, governed)).code, "CONTRACT_CONSUMED");
  });

  test("VAI-113 a target that cannot be read is told as unseen", async () => {
    const { plane, governed } = await died("target:call");
    plane.faults.plan({ at: "target:readBack", how: "throttle" });
    plane.world.pass(91);
    await plane.sweep();
    assert.equal(endsOf(plane, governed)[0]?.detail["reconciled"], "unseen");
  });

  test("VAI-115 records that were owed for a mark are written, and the mark goes", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const { identity } = await plane.grant(HANDLE, governed);
    plane.faults.plan({ at: "signer:sign", how: "throttle" });
    const command = plane.command({ do: "revokeIdentity", identityId: identity.identityId });
    await plane.revoke({ command });
    plane.faults.clear();
    // The view on the head is of before the mark: it is due by the window's end alone.
    plane.world.pass(901);
    assert.equal((await plane.sweep()).written, 1);
    const [end, ...more] = endsOf(plane, governed);
    assert.deepEqual(
      [end?.event.type, end?.detail["trigger"], more],
      ["IdentityRevoked", "operator", []],
    );
    assert.equal(headOf(plane, governed)["marks"], undefined);
    assert.equal((await plane.sweep()).written, 0);
  });

  for (const [what, marks] of Object.entries({
    "that nobody signed": (id: string) => [
      { at: 1, code: "CONTRACT_REVOKED", trigger: "operator", identityId: id },
    ],
    "in an operator's name that is not theirs": (id: string) => [
      { at: 1, code: "CONTRACT_REVOKED", trigger: "operator", identityId: id, by: "a.b.c" },
    ],
    "that cannot be read": () => "garbage",
  })) {
    test(`VAI-115 a mark ${what} ends what it names and accuses nobody`, async () => {
      const plane = await newPlane();
      const governed = plane.contract(HANDLE);
      const { identity } = await plane.grant(HANDLE, governed);
      const head = headOf(plane, governed);
      head["marks"] = marks(identity.identityId);
      head["marked"] = 1;
      plane.world.pass(901);
      await plane.sweep();
      const records = plane.records(governed.chainId);
      const raised = records.filter(({ event }) => event.type === "EscalationRaised");
      assert.deepEqual(
        raised.map(({ detail, actor }) => [detail["basis"], actor]),
        [["unsigned mark", undefined]],
      );
      const [end, ...more] = endsOf(plane, governed);
      assert.deepEqual(
        [end?.event.type, end?.detail["trigger"], end?.actor, more],
        ["IdentityRevoked", "evidenceFailed", undefined, []],
      );
    });
  }

  test("VAI-115 a mark by somebody who is no operator is nobody's word, whatever their command says", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const { identity } = await plane.grant(HANDLE, governed);
    const { identityId } = identity;
    const by = plane.command({ do: "revokeIdentity", identityId }, { signedBy: "agent" });
    const mark = { at: 1, code: "CONTRACT_REVOKED", trigger: "operator", identityId, by };
    Object.assign(headOf(plane, governed), { marks: [mark], marked: 1 });
    plane.world.pass(901);
    await plane.sweep();
    const types = plane.types(governed.chainId);
    assert.ok(types.includes("EscalationRaised") && !types.includes("RevocationRequested"));
    assert.equal(endsOf(plane, governed)[0]?.detail["trigger"], "evidenceFailed");
  });

  test("VAI-115 a mark that an operator signed for another identity is nobody's word on this one", async () => {
    const plane = await newPlane();
    const [governed, other] = [plane.contract(HANDLE), plane.contract(HANDLE)];
    await plane.grant(HANDLE, governed);
    const { identity } = await plane.grant(HANDLE, other);
    const by = plane.command({ do: "revokeIdentity", identityId: identity.identityId });
    const [identityId] = plane.state(governed.chainId).identities.keys();
    const mark = { at: 1, code: "CONTRACT_REVOKED", trigger: "operator", identityId, by };
    Object.assign(headOf(plane, governed), { marks: [mark], marked: 1 });
    plane.world.pass(901);
    await plane.sweep();
    assert.ok(!plane.types(governed.chainId).includes("RevocationRequested"));
  });

  test("VAI-120 a mark that is put back after its record stands is recorded no second time", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    await plane.grant(HANDLE, governed);
    const { contractDigest } = governed;
    const by = plane.command({ do: "revokeContract", contractDigest });
    await plane.revoke({ command: by });
    const mark = { at: 1, code: "CONTRACT_REVOKED", trigger: "operator", contractDigest, by };
    const head = headOf(plane, governed);
    Object.assign(head, {
      marks: [mark],
      marked: 2,
      view: "open#0",
      due: "2026-01-01T00:00:00.000Z",
    });
    await plane.sweep();
    const asked = plane.types(governed.chainId).filter((type) => type === "RevocationRequested");
    assert.equal(asked.length, 1);
    assert.equal(endsOf(plane, governed).length, 1);
  });

  test("VAI-115 a mark on a contract that its chain does not know stays, because nothing records it", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    await plane.grant(HANDLE, governed);
    const contractDigest = `sha256:${"0".repeat(64)}`;
    const mark = { at: 1, code: "CONTRACT_REVOKED", trigger: "operator", contractDigest };
    Object.assign(headOf(plane, governed), { marks: [mark], marked: 1 });
    plane.world.pass(901);
    await plane.sweep();
    assert.equal(endsOf(plane, governed).length, 1);
    assert.deepEqual(headOf(plane, governed)["marks"], [mark]);
  });

  test("VAI-07 a chain whose end cannot be sealed now keeps no other from its end, and ends at the next run", async () => {
    const plane = await newPlane();
    const all = [plane.contract(HANDLE), plane.contract(HANDLE)];
    for (const each of all) await plane.grant(HANDLE, each);
    plane.world.pass(901);
    plane.faults.plan({ at: "signer:sign", how: "throttle", from: 1, to: 1 });
    assert.deepEqual(did(await plane.sweep()), [2, 1, 1]);
    plane.faults.clear();
    assert.deepEqual(did(await plane.sweep()), [2, 1, 0]);
    for (const each of all) assert.equal(endsOf(plane, each).length, 1);
  });

  test("VAI-117 VAI-120 a denial of what was running is acknowledged at the adapter once that has ended, and says so ever after", async () => {
    const { plane, governed } = await died("target:call");
    const [identityId = ""] = plane.state(governed.chainId).identities.keys();
    const reached = (): unknown[] =>
      plane
        .records(governed.chainId)
        .flatMap(({ event, detail }) =>
          event.type === "RevocationAcknowledged" ? [detail["point"]] : [],
        );
    const command = plane.command({ do: "revokeIdentity", identityId });
    const answer = await plane.revoke({ command });
    assert.ok(answer.ok);
    assert.equal(answer.inFlight, 1);
    assert.equal(answer.points[0]?.acknowledgedAt, undefined);
    assert.deepEqual(reached(), ["iam"]);
    plane.world.pass(91);
    await plane.sweep();
    assert.deepEqual(reached(), ["iam", "adapter"]);
    assert.equal(endsOf(plane, governed).length, 1);
    const { requestedAt = "" } = answer.points[0] ?? {};
    const [, recorded] = plane
      .records(governed.chainId)
      .filter(({ event }) => event.type === "RevocationAcknowledged");
    const milliseconds = Number(recorded?.detail["milliseconds"]);
    assert.ok(milliseconds >= 91_000);
    plane.world.pass(1_000);
    const again = await plane.revoke({ command });
    assert.ok(again.ok);
    assert.equal(
      again.points[0]?.acknowledgedAt,
      new Date(Date.parse(requestedAt) + milliseconds).toISOString(),
      "when it was reached, not when it was asked for again",
    );
  });

  test("VAI-117 VAI-120 of two denials on one chain each says again when it was itself reached", async () => {
    const twice: Mutation = {
      contract: { set: { "/authorization_details/0/limits": { calls: 2 } } },
    };
    const { plane, governed } = await died("target:call", twice);
    const [running = ""] = plane.state(governed.chainId).identities.keys();
    const first = plane.command({ do: "revokeIdentity", identityId: running });
    assert.ok((await plane.revoke({ command: first })).ok);
    plane.world.pass(91);
    await plane.sweep();
    const { contractDigest } = governed;
    const command = plane.command({ do: "revokeContract", contractDigest });
    const told = await plane.revoke({ command });
    assert.ok(told.ok);
    assert.notEqual(told.points[0]?.acknowledgedAt, undefined);
    plane.world.pass(7);
    const again = await plane.revoke({ command });
    assert.ok(again.ok);
    assert.deepEqual(again.points[0], told.points[0]);
  });

  test("VAI-07 a chain that is broken keeps no other from its end", async () => {
    const plane = await newPlane();
    plane.isWhole = false;
    const [broken, whole] = [plane.contract(HANDLE), plane.contract(HANDLE)];
    await plane.grant(HANDLE, broken);
    await plane.grant(HANDLE, whole);
    headOf(plane, broken)["hash"] = `sha256:${"0".repeat(64)}`;
    plane.world.pass(901);
    assert.deepEqual(did(await plane.sweep()), [2, 1, 1]);
    assert.equal(endsOf(plane, whole).length, 1);
  });

  test("VAI-115 behind a change of the Registry an identity is ended that is hidden in State, and for five minutes", async () => {
    const plane = await newPlane();
    const [governed, later] = [plane.contract(HANDLE), plane.contract(HANDLE)];
    await plane.grant(HANDLE, governed);
    await plane.grant(HANDLE, later);
    hide(plane, governed);
    await plane.sweep();
    plane.world.pass(301);
    await plane.sweep();
    await plane.revoke({ command: plane.command({ do: "haltPlane" }) });
    await plane.sweep();
    assert.equal(endsOf(plane, governed)[0]?.detail["trigger"], "operator");
    // An index lags: what a run did not find the next one does.
    hide(plane, later);
    plane.world.pass(290);
    await plane.sweep();
    assert.equal(endsOf(plane, later).length, 1);
  });

  test("VAI-07 once an hour an identity is looked for by its record, though nothing has changed", async () => {
    const plane = await newPlane();
    await plane.sweep();
    plane.world.pass(301);
    await plane.sweep();
    const governed = plane.contract(HANDLE);
    await plane.grant(HANDLE, governed);
    hide(plane, governed);
    plane.world.pass(901);
    await plane.sweep();
    assert.equal(endsOf(plane, governed).length, 0, "hidden until then");
    plane.world.pass(2_700);
    await plane.sweep();
    assert.equal(endsOf(plane, governed)[0]?.event.type, "IdentityExpired");
  });

  for (const claims of [
    { do: "haltActor", actorId: "spiffe://x/y" },
    { do: "haltPlane" },
    { do: "revokeKey", jkt: KEYS.otherAgent.thumbprint },
  ]) {
    test(`VAI-117 ${claims.do} is acknowledged at the adapter one function's life later, once`, async () => {
      const plane = await newPlane();
      await plane.revoke({ command: plane.command(claims) });
      const reached = (): unknown[] =>
        plane
          .records("plane/registry")
          .flatMap(({ event, detail }) =>
            event.type === "RevocationAcknowledged" && detail["point"] === "adapter"
              ? [detail["milliseconds"]]
              : [],
          );
      plane.world.pass(29);
      await plane.sweep();
      assert.deepEqual(reached(), []);
      plane.world.pass(1);
      assert.deepEqual((await plane.sweep()).reached, [{ point: "adapter", milliseconds: 30_000 }]);
      await plane.sweep();
      assert.deepEqual(reached(), [30_000]);
    });
  }

  test("VAI-121 a run says what it has recorded as reached, and how long that took", async () => {
    const { plane, governed } = await died("target:call");
    const [identityId = ""] = plane.state(governed.chainId).identities.keys();
    await plane.revoke({ command: plane.command({ do: "revokeIdentity", identityId }) });
    plane.world.pass(91);
    const { reached } = await plane.sweep();
    assert.deepEqual(reached, [{ point: "adapter", milliseconds: 91_000 }]);
  });

  test("VAI-115 the plane's own denial is left to the function that made it while that may live", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    await plane.grant(HANDLE, governed);
    const { contractDigest } = governed;
    const at = Math.floor(plane.world.now / 1000);
    const mark = { at, code: "CONTRACT_REVOKED", trigger: "violation", contractDigest };
    Object.assign(headOf(plane, governed), { marks: [mark], marked: 1 });
    await plane.sweep();
    assert.deepEqual([endsOf(plane, governed), headOf(plane, governed)["marks"]], [[], [mark]]);
    plane.world.pass(90);
    await plane.sweep();
    assert.deepEqual(
      [endsOf(plane, governed)[0]?.detail["trigger"], headOf(plane, governed)["marks"]],
      ["evidenceFailed", undefined],
    );
  });

  test("VAI-115 a mark of the future is recorded at once", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    await plane.grant(HANDLE, governed);
    const { contractDigest } = governed;
    const at = Math.floor(plane.world.now / 1000) + 1;
    const mark = { at, code: "CONTRACT_REVOKED", trigger: "violation", contractDigest };
    Object.assign(headOf(plane, governed), { marks: [mark], marked: 1 });
    await plane.sweep();
    assert.equal(endsOf(plane, governed).length, 1);
  });

  test("VAI-07 what no time is left for is first at the next run, behind what is due", async () => {
    const plane = await newPlane();
    const all = Array.from({ length: 20 }, () => plane.contract(HANDLE));
    for (const each of all) await plane.grant(HANDLE, each);
    plane.world.pass(901);
    const deps = plane.process();
    const { evidence } = deps;
    // Each look at a chain takes three seconds.
    const slow = new Proxy(evidence, {
      get: (own, name: keyof typeof evidence) => {
        if (name !== "readChain") return own[name].bind(own);
        return (...given: Parameters<typeof own.readChain>) => {
          plane.world.pass(3);
          return own.readChain(...given);
        };
      },
    });
    const first = await plane.sweep({ ...deps, evidence: slow });
    assert.deepEqual(did(first), [8, 8, 12]);
    assert.deepEqual(deps.memory.swept?.left.length, 12);
    assert.deepEqual(did(await plane.sweep(deps)), [20, 12, 0]);
    for (const each of all) assert.equal(endsOf(plane, each).length, 1);
  });

  test("VAI-07 where identities cannot be looked for by their records, what the views list is ended all the same", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    await plane.grant(HANDLE, governed);
    plane.world.pass(901);
    // Behind the sixteen lists of what is due, and of all that is open.
    plane.faults.plan({ at: "index:read", how: "throttle", from: 33 });
    const { written, failed } = await plane.sweep();
    assert.deepEqual([written, failed], [1, 1]);
  });

  test("VAI-129 a contract whose end needs no record is shown no more, and is not due for ever", async () => {
    const plane = await newPlane();
    const governed = plane.contract({
      contract: { set: { "/authorization_details/0/limits": { calls: 2 } } },
    });
    await plane.grant({}, governed);
    assert.notEqual(headOf(plane, governed)["view"], undefined, "a use is left");
    const deps = plane.process();
    await plane.sweep(deps);
    plane.world.pass(901);
    assert.deepEqual(did(await plane.sweep(deps)), [1, 0, 0]);
    assert.equal(headOf(plane, governed)["view"], undefined);
    assert.deepEqual(did(await plane.sweep(deps)), [0, 0, 0]);
  });

  test("VAI-129 what somebody falsified of a head is set right where sweep comes by", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    await plane.grant(HANDLE, governed);
    const right = structuredClone(headOf(plane, governed));
    hide(plane, governed);
    await plane.sweep();
    assert.deepEqual(headOf(plane, governed), right);
  });

  test("VAI-115 a head that was marked meanwhile keeps what it shows", async () => {
    const plane = await newPlane();
    plane.isWhole = false;
    const governed = plane.contract(HANDLE);
    await plane.grant(HANDLE, governed);
    const head = headOf(plane, governed);
    const { seq, hash } = head as { seq: number; hash: `sha256:${string}` };
    head["marked"] = 1;
    const { chainId } = governed;
    const open = new DynamoOpenStore(plane.dynamo.client(), TABLES.state);
    await open.show({ chainId, head: { seq, hash }, marked: undefined, seen: null });
    assert.notEqual(head["view"], undefined);
    await open.show({ chainId, head: { seq: seq - 1, hash }, marked: 1, seen: null });
    assert.notEqual(headOf(plane, governed)["view"], undefined);
    await open.show({ chainId, head: { seq, hash }, marked: 1, seen: null });
    assert.equal(headOf(plane, governed)["view"], undefined);
  });
});
