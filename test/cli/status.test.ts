import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Status } from "../../lib/cli/status/status.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import type { Mutation } from "../support/governed.ts";
import { KEYS } from "../support/keys.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import type { Plane } from "../support/plane.ts";
import { listened } from "./support/listened.ts";
import { type Desk, desk } from "./support/plane-endpoint.ts";

/** What an operator sees of a plane. */

async function statusOf({ vai }: Desk, ...args: readonly string[]): Promise<Status> {
  const { code, out, err } = await vai(["status", "--json", ...args]);
  assert.equal(code, 0, err);
  return JSON.parse(out);
}

const calls = (number: number): Mutation => ({
  contract: { set: { "/authorization_details/0/limits": { calls: number } } },
});
const ending = (seconds: number): Mutation => ({
  contract: {
    set: {
      "/authorization_details/0/limits": { calls: 2 },
      "/exp": `$seconds+${seconds}`,
    },
  },
});

async function order(plane: Plane, claims: { do: string } & Record<string, unknown>) {
  return plane.revoke({ command: plane.command(claims) });
}

suite("vai status", () => {
  test("VAI-129 of what is open, and of what was refused, one of each is seeded: each view has exactly it, by queries alone", async (t) => {
    const found = await desk(t);
    const { plane } = found;
    const handle = await plane.grant(HANDLE, plane.contract(HANDLE));
    const pending = plane.contract(calls(2));
    await plane.grant(calls(2), pending);
    const soon = plane.contract(ending(120));
    await plane.grant(ending(120), soon);
    const tooMuch = { request: { set: { "/operation/parameters/percent": 100 } } };
    assert.equal((await plane.ask(tooMuch, pending)).ok, false);
    const asked = listened(plane);
    const { live, overdue, pending: open, expiring, blocked, ...others } = await statusOf(found);
    assert.deepEqual(
      live.map(({ id, delivery, actor }) => [id, delivery, actor]),
      [[handle.identity.identityId, "handle", "spiffe://example.org/agent/coordinator"]],
    );
    assert.deepEqual(
      open.map(({ digest }) => digest),
      [soon.contractDigest, pending.contractDigest],
    );
    assert.deepEqual(
      expiring.map(({ digest }) => digest),
      [soon.contractDigest],
    );
    assert.deepEqual(
      blocked.map(({ eventType, code }) => [eventType, code]),
      [["IdentityDenied", "PARAMETER_OUT_OF_BOUNDS"]],
    );
    assert.deepEqual(overdue, []);
    assert.deepEqual(
      [others.halted, others.revokedKeys, others.quarantined, others.owed],
      [[], [], [], []],
    );
    const queried = asked.filter((call) => call.startsWith("Query"));
    assert.equal(queried.filter((call) => call === "Query state byDue").length, 16);
    assert.equal(queried.length, 18, "and two days of refusals");
    assert.deepEqual([...new Set(asked.map((call) => call.split(" ")[0]))].sort(), [
      "BatchGetItem",
      "Query",
    ]);
  });

  test("VAI-129 what is open beyond one page of a list is seen too, and a terminal hears how it goes on", async (t) => {
    const found = await desk(t);
    const { plane } = found;
    const { identity } = await plane.grant(HANDLE, plane.contract(HANDLE));
    const { chains } = await plane.sweep();
    assert.equal(chains, 1);
    const state = plane.dynamo.table(TABLES.state);
    const [head] = [...state.values()].filter((item) => item["view"] !== undefined);
    assert.ok(head);
    const due = "2000-01-01T00:00:00.000Z";
    plane.isWhole = false;
    for (let index = 0; index < MANY; index++) {
      const pk = `chain#intent/${String(index).padStart(6, "0")}`;
      state.set(`${pk}|head`, { ...head, pk, ...(index % 2 === 0 && { due }) });
    }
    const { out, err } = await found.vai(["status", "--json"], { isTerminal: true });
    const { live } = JSON.parse(out) as Status;
    assert.equal(live.length, MANY + 1);
    assert.deepEqual([...new Set(live.map(({ id }) => id))], [identity.identityId]);
    assert.match(err, /^… 500 open intents$/m);
    assert.match(err, /^… looked for owed records on 100 of 501 intents$/m);
    assert.equal((await found.vai(["status"])).err, "", "and a pipe hears nothing");
  });

  test("VAI-129 within the seconds that are asked for, and no others", async (t) => {
    const found = await desk(t);
    await found.plane.grant(ending(120), found.plane.contract(ending(120)));
    for (const [within, number] of [
      ["118", 0],
      ["120", 1],
    ] as const) {
      const { expiring } = await statusOf(found, "--within", within);
      assert.equal(expiring.length, number, within);
    }
  });

  test("VAI-129 an identity whose time is over is not alive, and nothing of it is when sweep was there", async (t) => {
    const found = await desk(t);
    const { identity } = await found.plane.grant(HANDLE, found.plane.contract(HANDLE));
    const alive = await found.vai(["status"]);
    assert.match(
      alive.out,
      new RegExp(`^live +${identity.identityId} .*, intent ${identity.intentId}$`, "m"),
      "what vai trace is asked for",
    );
    found.pass(601_000);
    const { out } = await found.vai(["status"]);
    assert.match(
      out,
      new RegExp(`^overdue +${identity.identityId} .*, intent ${identity.intentId}$`, "m"),
    );
    const { live, overdue } = await statusOf(found);
    assert.deepEqual(live, []);
    assert.deepEqual(
      overdue.map(({ id }) => id),
      [identity.identityId],
    );
    await found.plane.sweep();
    const swept = await statusOf(found);
    assert.deepEqual([swept.overdue, swept.pending], [[], []]);
  });

  test("VAI-129 a contract whose window is over is pending no more, also before sweep was there", async (t) => {
    const found = await desk(t);
    await found.plane.grant(ending(120), found.plane.contract(ending(120)));
    found.pass(120_000);
    const { pending, expiring } = await statusOf(found);
    assert.deepEqual([pending, expiring], [[], []]);
  });

  test("VAI-129 what is halted, revoked and quarantined, and by whom", async (t) => {
    const found = await desk(t);
    const { plane } = found;
    const { identity } = await plane.grant(CREDENTIALS);
    plane.faults.plan({ at: "iam:write", how: "denied" });
    await order(plane, { do: "revokeIdentity", identityId: identity.identityId });
    plane.faults.clear();
    await order(plane, { do: "haltActor", actorId: "spiffe://example.org/agent/other" });
    await order(plane, { do: "revokeKey", jkt: KEYS.decider.thumbprint });
    const { halted, revokedKeys, quarantined, owed, problem } = await statusOf(found);
    assert.deepEqual(
      halted.map((each) => [each.scope, "actor" in each && each.actor, each.by]),
      [["actor", "spiffe://example.org/agent/other", "olga"]],
    );
    assert.deepEqual(revokedKeys, [KEYS.decider.thumbprint]);
    assert.deepEqual(
      quarantined.map(({ path, cause }) => [path, cause]),
      [["arn:aws:iam::000000000000:role/exec-dynamodb", "REVOCATION_FAILED"]],
    );
    assert.deepEqual([owed, problem], [[], undefined]);
    const { out } = await found.vai(["status"]);
    assert.match(out, /^halted +actor spiffe:\/\/example\.org\/agent\/other, by olga at /m);
    assert.match(out, /^quarantine +\S+exec-dynamodb since .*REVOCATION_FAILED$/m);
  });

  test("VAI-129 denials whose records are owed, of an intent and of the whole plane, with the order", async (t) => {
    const found = await desk(t);
    const { plane } = found;
    const governed = plane.contract(HANDLE);
    const { identity } = await plane.grant(HANDLE, governed);
    plane.faults.plan({ at: "signer:sign", how: "throttle" });
    await order(plane, { do: "revokeIdentity", identityId: identity.identityId });
    const reason = "agent behaves oddly";
    assert.deepEqual((await statusOf(found)).owed, [
      { chainId: governed.chainId, order: { do: "revokeIdentity", by: "olga", reason } },
    ]);
    const { live } = await statusOf(found);
    assert.deepEqual(
      live.map(({ id, denied }) => [id, denied]),
      [[identity.identityId, true]],
      "it may be in somebody's hand: it is shown, and that it is denied",
    );
    assert.match(
      (await found.vai(["status"])).out,
      /^live .* ISSUED, DENIED and its record owed,/m,
    );
    await order(plane, { do: "haltPlane" });
    plane.faults.clear();
    const { owed, problem, halted } = await statusOf(found);
    assert.deepEqual(
      owed.map(({ chainId, order: asked }) => [chainId, asked?.do]),
      [
        ["plane/registry", "haltPlane"],
        [governed.chainId, "revokeIdentity"],
      ],
    );
    assert.match(problem ?? "", /lacks its record/);
    assert.equal(halted[0]?.scope, "plane");
    const { out } = await found.vai(["status"]);
    assert.match(
      out,
      /^REFUSING +everything: [\s\S]*^owed +haltPlane by olga on plane\/registry: agent behaves/m,
    );
    await plane.sweep();
    assert.deepEqual((await statusOf(found)).owed, []);
  });

  test("VAI-129 a contract that is denied and owed is shown as such, and no other one", async (t) => {
    const found = await desk(t);
    const { plane } = found;
    const [denied, other] = [plane.contract(calls(2)), plane.contract(calls(2))];
    await plane.grant(calls(2), denied);
    await plane.grant(calls(2), other);
    plane.faults.plan({ at: "signer:sign", how: "throttle" });
    await order(plane, { do: "revokeContract", contractDigest: denied.contractDigest });
    plane.faults.clear();
    const { pending } = await statusOf(found);
    assert.deepEqual(
      new Map(pending.map((each) => [each.digest, each.denied])),
      new Map([
        [denied.contractDigest, true],
        [other.contractDigest, undefined],
      ]),
    );
    assert.match((await found.vai(["status"])).out, /^pending .*, DENIED and its record owed,/m);
  });

  test("VAI-129 what a step waits for, and the duties that are due first, are shown as the head has them; what cannot be read is counted", async (t) => {
    const found = await desk(t);
    const { plane } = found;
    const governed = plane.contract(calls(2));
    await plane.grant(calls(2), governed);
    const state = plane.dynamo.table(TABLES.state);
    const key = `chain#${governed.chainId}|head`;
    const head = state.get(key);
    assert.ok(head);
    const open = head["open"] as { contracts: object[] };
    const waits = [
      { step: "b", after: ["a", "look"] },
      { step: "c", gate: "approval" },
    ];
    const contracts = open.contracts.map((each) => ({ ...each, waits }));
    const duty = (name: string, due: string) => ({ identityId: "i", name, kind: "event", due });
    const later = duty("later", "2026-05-05T05:00:00.000Z");
    const sooner = duty("sooner", "2026-05-05T04:30:00.000Z");
    const duties = [later, sooner, duty("never", "someday")];
    plane.isWhole = false;
    state.set(key, { ...head, open: { ...open, contracts, duties } });
    const status = await statusOf(found);
    const { contractDigest } = governed;
    const intentId = governed.ids.intent;
    assert.deepEqual(
      status.waits,
      waits.map((wait) => ({ ...wait, contractDigest, intentId })),
    );
    assert.deepEqual(
      status.duties,
      [sooner, later].map((each) => ({ intentId, ...each })),
    );
    assert.equal(status.unreadable, 1);
    const { out } = await found.vai(["status"]);
    assert.match(out, new RegExp(`^waits +step b of contract ${contractDigest} for a, look$`, "m"));
    assert.match(out, /^duties +sooner \(event\) of i, due 2026-05-05T04:30:00\.000Z$/m);
  });

  test("ADV-36 what a writer of State put there is counted or passed over, and never ends the view", async (t) => {
    const found = await desk(t);
    const { plane } = found;
    const { identity } = await plane.grant(HANDLE, plane.contract(HANDLE));
    const state = plane.dynamo.table(TABLES.state);
    const due = "2000-01-01T00:00:00.000Z";
    const put = (pk: string, item: object): void =>
      void state.set(`${pk}|head`, { pk, sk: "head", view: "open#0", due, ...item });
    put("chain#intent/a", { open: "nothing", marks: "garbage" });
    put("chain#intent/b", {
      open: { identities: [{ id: 7 }, { ...{ id: "\u001b[2J" } }], contracts: [1] },
    });
    put("somewhere else", { open: { identities: [], contracts: [] } });
    const status = await statusOf(found);
    assert.deepEqual(
      [status.live.map(({ id }) => id), status.unreadable],
      [[identity.identityId], 4],
    );
    assert.deepEqual(status.owed, [{ chainId: "intent/a" }]);
  });

  test("ADV-36 a halt whose order was taken out of the Registry is owed by its mark all the same", async (t) => {
    const found = await desk(t);
    const { plane } = found;
    plane.faults.plan({ at: "signer:sign", how: "throttle" });
    await order(plane, { do: "haltPlane" });
    plane.faults.clear();
    const registry = plane.dynamo.table(TABLES.registry);
    const { pending: _, ...head } = registry.get("registry|head") ?? {};
    registry.set("registry|head", head);
    const { owed, problem } = await statusOf(found);
    assert.deepEqual(
      owed.map(({ order: asked }) => asked?.do),
      ["haltPlane"],
    );
    assert.match(problem ?? "", /lacks its record/);
  });

  for (const [what, edit] of [
    ["edited", (document: string) => document.replace('"halts":[]', '"halts":[ ]')],
    [
      "replaced by another good one",
      (document: string) =>
        document.replace('"revokedKeys":[]', `"revokedKeys":["${KEYS.agent.thumbprint}"]`),
    ],
  ] as const) {
    test(`VAI-129 restrictions that were ${what} are not passed off as those in force`, async (t) => {
      const found = await desk(t);
      const item = found.plane.dynamo.table(TABLES.registry).get("registry|restrictions") ?? {};
      const document = edit(String(item["document"]));
      assert.notEqual(document, item["document"]);
      found.plane.dynamo.table(TABLES.registry).set("registry|restrictions", { ...item, document });
      assert.match((await statusOf(found)).problem ?? "", /cannot be read|not those that/);
    });
  }

  test("VAI-129 no more refusals than were asked for, the newest first, also of the day before", async (t) => {
    const found = await desk(t);
    const refuse = () =>
      found.plane.ask({ request: { set: { "/operation/parameters/percent": 100 } } });
    await refuse();
    await refuse();
    found.pass(21 * 60 * 60 * 1000);
    await refuse();
    found.pass(1_000);
    await refuse();
    const all = (await statusOf(found)).blocked.map(({ at }) => at);
    assert.equal(all.length, 4);
    assert.deepEqual(all, all.toSorted().reverse());
    assert.notEqual(all[0]?.slice(0, 10), all[3]?.slice(0, 10));
    for (const most of [2, 3]) {
      const { blocked } = await statusOf(found, "--blocked", String(most));
      assert.deepEqual(
        blocked.map(({ at }) => at),
        all.slice(0, most),
      );
    }
    assert.deepEqual((await statusOf(found, "--blocked", "0")).blocked, []);
  });

  test("VAI-129 a number that is none is told, and nothing is read", async (t) => {
    const found = await desk(t);
    const asked = listened(found.plane);
    for (const option of ["--within", "--blocked"]) {
      const { code, err } = await found.vai(["status", option, "soon"]);
      assert.deepEqual([code, err.includes(`${option} must be a whole number`)], [2, true]);
    }
    assert.deepEqual(asked, []);
  });
});

/** More than a page of a list, and than one batch. */
const MANY = 1_002;
