import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { projectedItems } from "../../lib/aws/ports/projection.ts";
import type { GrantedAnswer } from "../../lib/enforcement/answer.ts";
import type { IssueDeps } from "../../lib/enforcement/deps.ts";
import { projectChain } from "../../lib/enforcement/rebuild.ts";
import { evidenceKeys } from "../../lib/evidence/open.ts";
import { readHandle } from "../../lib/issuance/handle.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { type Continued, continued } from "../support/continued.ts";
import { malleated } from "../support/forge.ts";
import type { Mutation } from "../support/governed.ts";
import { agentOf, digestOf } from "../support/handing.ts";
import { KEYS, type KeyName } from "../support/keys.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { changed } from "../support/mutate.ts";
import { approval } from "../support/people.ts";
import { granted, refused } from "../support/plane.ts";
import { astray, beforeLook, identitiesOf, rolling } from "../support/rollback.ts";
import { PLANE } from "../support/trust.ts";

/** Handed on to `refunds`, and by them to `ledger`. */
async function handed(): Promise<Continued> {
  const on = await continued();
  await on.hand({ to: "refunds" });
  await on.hand({ to: "ledger" });
  return on;
}

/** A second plane key, which has signed a block of the chain. */
async function rotated(): Promise<Continued> {
  const notBefore = "$seconds-3600";
  const key = { use: "plane", key: "$jwk.otherPlane", notBefore };
  const on = await continued({ policy: { set: { "/planeKeys/2": key } } });
  await on.hand({ to: "refunds", retain: true, block: { signedBy: "otherPlane" } });
  await on.hand({ to: "ledger" });
  return on;
}

const HANDLE: Mutation = { request: { set: { "/delivery": "handle" } } };

const eventUnder = (on: Continued, name: string, mutate?: Mutation): unknown =>
  on.plane.event(on.governed, on.under(name, mutate && { mutate }));

const issue = (on: Continued, name: string, mutate?: Mutation, deps?: IssueDeps) =>
  on.plane.issue(eventUnder(on, name, mutate), deps);

const redeem = (on: Continued, name: string, answer: GrantedAnswer, deps?: IssueDeps) =>
  on.plane.execute(on.plane.redemption(on.governed, answer.handle, on.under(name)), deps);

const digestsOf = (on: Continued, name: string) => on.branch(name).blocks.map(digestOf);

suite("a grant under a chain", () => {
  test("POC-38 each record and the answer lead by digests to every block, and the actor is whom the last one designates", async () => {
    const on = await handed();
    const before = on.plane.records(on.governed.chainId).length;
    const answer = granted(await issue(on, "ledger"));
    const continuity = { depth: 2, blocks: digestsOf(on, "ledger") };
    assert.deepEqual(answer.identity.continuity, continuity);
    const { thumbprint: jkt } = KEYS.ledger;
    const records = on.plane.records(on.governed.chainId).slice(before);
    assert.equal(records.length, 7);
    for (const record of records) {
      assert.deepEqual(record.continuity, continuity, record.event.type);
      assert.deepEqual(record.actor, { id: agentOf("ledger"), kind: "agent", jkt });
    }
    assert.equal(on.plane.targets.calls.length, 1);
  });

  test("POC-16 the step of the last block bounds the session, and the map says whose each bound is", async () => {
    const on = await handed();
    const { identity, enforcement } = granted(await issue(on, "ledger"));
    assert.deepEqual(identity.constraints["percent"], { range: { min: 0, max: 5 } });
    const limits = enforcement.filter(({ constraint }) => constraint.includes("/limits/"));
    const step = "authorization_details/0/limits";
    assert.deepEqual(
      limits.map(({ constraint }) => constraint),
      ["calls", "totals/percent"].flatMap((limit) =>
        ["", "/chain/0", "/chain/1", "/chain/2"].map((at) => `${at}/${step}/${limit}`),
      ),
    );
    assert.ok(limits.every(({ enforcedBy }) => enforcedBy.join() === "trustPlane"));
    const others = enforcement.filter((each) => !limits.includes(each));
    const own = others.filter(({ constraint }) => constraint.startsWith("/chain/2/"));
    assert.ok(own.some(({ constraint }) => constraint.endsWith("/parameters/percent")));
    assert.ok(!others.some(({ constraint }) => constraint.startsWith("/authorization_details")));
  });

  test("POC-A24 it ends no later than any of its blocks, and neither does its session's policy", async () => {
    const on = await continued();
    await on.hand({ to: "refunds", asked: { set: { "/exp": "$seconds+60" } } });
    await on.hand({ to: "ledger" });
    const { identity, enforcement } = granted(await issue(on, "ledger"));
    assert.equal(identity.expiresAt, "2026-05-05T04:01:12.000Z");
    const [{ Policy = "" } = {}] = on.plane.sts.executions;
    assert.match(String(Policy), /2026-05-05T04:01:12Z/);
    assert.ok(enforcement.some(({ constraint }) => constraint === "/chain/2/exp"));
  });

  test("POC-07 a key takes its name with its first grant under a block, not before", async () => {
    const on = await handed();
    const nameOf = (name: KeyName) =>
      on.plane.dynamo.table(TABLES.state).get(`executor#${KEYS[name].thumbprint}|actor`)?.["value"];
    assert.deepEqual([nameOf("refunds"), nameOf("ledger")], [undefined, undefined]);
    refused(await issue(on, "ledger", { request: { set: { "/step": "another" } } }));
    assert.equal(nameOf("ledger"), undefined);
    granted(await issue(on, "ledger"));
    assert.deepEqual([nameOf("refunds"), nameOf("ledger")], [undefined, agentOf("ledger")]);
  });

  test("X-17 State made again from Evidence holds the same, that name too", async () => {
    const on = await handed();
    granted(await issue(on, "ledger"));
    const { chainId } = on.governed;
    const chain = { plane: PLANE, chainId, keys: evidenceKeys(on.plane.policy) };
    const projected = projectChain(on.plane.rows(chainId), chain, on.plane.world.now);
    assert.ok(!("defect" in projected));
    const table = on.plane.dynamo.table(TABLES.state);
    const names = projectedItems(projected).map(({ pk, sk }) => `${pk}|${sk}`);
    assert.ok(names.includes(`executor#${KEYS.ledger.thumbprint}|actor`));
    // The hand-overs of this test are planted on the chain, and have taken no names in State as those of `delegate` do.
    const planted = (pk: string): boolean =>
      pk.endsWith("#delegate") || pk === `executor#${KEYS.refunds.thumbprint}`;
    const own = projectedItems(projected).filter(({ pk }) => !planted(pk));
    for (const item of own) {
      assert.deepEqual(table.get(`${item.pk}|${item.sk}`), item);
    }
  });

  test("POC-A3 POC-A10 POC-A26 the same request again, or its twin in other signature bytes, is the same answer and no second effect", async () => {
    const on = await handed();
    const event = eventUnder(on, "ledger") as Record<string, unknown>;
    const first = granted(await on.plane.issue(event));
    const twin = { ...event, request: malleated(String(event["request"])) };
    for (const again of [event, twin]) {
      const answer = granted(await on.plane.issue(again));
      assert.equal(answer.deduplicated, true);
      assert.deepEqual(answer.identity, first.identity);
    }
    assert.equal(on.plane.targets.calls.length, 1);
  });

  test("POC-20 a retry of what was granted is answered behind a hand-over too", async () => {
    const on = await continued();
    await on.hand({ to: "refunds" });
    const event = eventUnder(on, "refunds");
    granted(await on.plane.issue(event));
    await on.hand({ to: "ledger" });
    assert.equal(granted(await on.plane.issue(event)).deduplicated, true);
    assert.equal(refused(await issue(on, "refunds")).code, "HEAD_SUPERSEDED");
  });

  test("POC-19 of two branches each has the calls and totals of its own block", async () => {
    const on = await continued();
    const limits = { calls: 1, totals: { percent: 3 } };
    const asked = { set: { "/authorization_details/0/limits": limits } };
    await on.hand({ to: "refunds" });
    await on.hand({ from: "refunds", to: "ledger", retain: true, asked });
    await on.hand({ from: "refunds", to: "otherAgent", retain: true, asked });
    granted(await issue(on, "ledger"));
    granted(await issue(on, "otherAgent"));
    assert.equal(refused(await issue(on, "ledger")).code, "SCOPE_EXCEEDED");
  });

  test("POC-19 POC-20 of two branches one goes on when the other ends, and both count above them", async () => {
    const on = await continued();
    await on.hand({ to: "refunds" });
    await on.hand({ from: "refunds", to: "ledger", retain: true });
    await on.hand({ from: "refunds", to: "otherAgent", retain: true });
    granted(await issue(on, "ledger"));
    await on.end("ledger");
    assert.equal(refused(await issue(on, "ledger")).code, "CHAIN_BLOCK_REVOKED");
    granted(await issue(on, "otherAgent"));
    granted(await issue(on, "refunds"));
    const spent = [...on.tree.blocks.values()].map(({ uses, totals }) => [
      ...[...uses.values(), ...totals.values()],
    ]);
    assert.deepEqual(spent, [
      [3, 9],
      [1, 3],
      [1, 3],
    ]);
  });

  test("POC-21 a chain of 8 blocks asks AWS no more often than none", async () => {
    const callsOf = async (depth: number, isRedeemed: boolean): Promise<readonly unknown[]> => {
      const on = await continued();
      const names = ["refunds", "ledger", "otherAgent", "agent"] as const;
      for (let at = 1; at < depth; at++) {
        await on.hand({ to: names[at % 4] ?? "agent", as: `at-${at}` });
      }
      const name = depth === 0 ? undefined : `at-${depth - 1}`;
      const under = (mutate: Mutation) =>
        name === undefined ? mutate : on.under(name, { mutate });
      const ask = (mutate: Mutation = {}) =>
        on.plane.issue(on.plane.event(on.governed, under(mutate)));
      const held = isRedeemed ? granted(await ask(HANDLE)) : undefined;
      await on.plane.ask();
      const { counts } = on.plane.faults;
      const before = new Map(counts);
      const event = on.plane.redemption(on.governed, held?.handle, under({}));
      granted(held === undefined ? await ask() : await on.plane.execute(event));
      return [...counts].map(([at, count]) => [at, count - (before.get(at) ?? 0)]);
    };
    for (const isRedeemed of [false, true]) {
      const [bare, deep] = [await callsOf(0, isRedeemed), await callsOf(8, isRedeemed)];
      assert.deepEqual(new Map(deep as [string, number][]), new Map(bare as [string, number][]));
    }
  });
});

suite("a handle under a chain", () => {
  test("POC-13 says for which chain it is, and is redeemed with that", async () => {
    const on = await handed();
    const held = granted(await issue(on, "ledger", HANDLE));
    const read = readHandle(held.handle);
    assert.ok(!isRefusal(read));
    assert.equal(read.claims.chainDigest, digestsOf(on, "ledger").at(-1));
    const answer = granted(await redeem(on, "ledger", held));
    assert.equal(answer.identity.state, "COMPLETED");
    assert.deepEqual(answer.identity.continuity, held.identity.continuity);
  });

  test("POC-13 is made again with the same claims", async () => {
    const on = await handed();
    const event = eventUnder(on, "ledger", HANDLE);
    const first = granted(await on.plane.issue(event));
    const again = granted(await on.plane.issue(event, on.plane.process()));
    const payload = (handle = "") => handle.split(".")[1];
    assert.equal(payload(again.handle), payload(first.handle));
  });

  test("POC-38 its end by `sweep` names the chain as well", async () => {
    const on = await handed();
    granted(await issue(on, "ledger", HANDLE));
    on.plane.world.pass(700);
    await on.plane.sweep();
    const last = on.plane
      .records(on.governed.chainId)
      .findLast(({ event }) => event.type.startsWith("Identity"));
    assert.equal(last?.event.type, "IdentityExpired");
    assert.deepEqual(last?.continuity, { depth: 2, blocks: digestsOf(on, "ledger") });
  });

  for (const [code, claims, names, pointer] of [
    ["AGENT_HALTED", { do: "haltActor", actorId: agentOf("refunds") }, 1, "/chain/1/agent"],
    ["KEY_REVOKED", { do: "revokeKey", jkt: KEYS.refunds.thumbprint }, 1, "/chain/1/cnf/jkt"],
    [
      ...([
        "CHAIN_ROOT_REVOKED",
        { do: "revokePlaneKey", jkt: KEYS.otherPlane.thumbprint },
      ] as const),
      ...([2, "/chain/1"] as const),
    ],
  ] as const) {
    test(`POC-28 POC-36 ADV-57 ${code} ends its identity where it is redeemed`, async () => {
      const on = await rotated();
      const held = granted(await issue(on, "ledger", HANDLE));
      const { plane } = on;
      const own = { jti: plane.world.newId(), ...claims };
      const cosign = { cosign: plane.command(own, { signedBy: "otherOperator" }) };
      const order = { command: plane.command(own), ...(names === 2 && cosign) };
      assert.ok((await plane.revoke(order)).ok);
      const answer = refused(await redeem(on, "ledger", held));
      assert.deepEqual([answer.code, answer.stage, answer.pointer], [code, "state", pointer]);
      const { identities } = plane.state(on.governed.chainId);
      const { end } = identities.get(held.identity.identityId) ?? {};
      assert.deepEqual([end?.state, end?.trigger, end?.used], ["REVOKED", "operator", false]);
      assert.equal(plane.sts.executions.length, 0);
    });

    test(`POC-28 POC-36 ADV-57 ${code} ends it by \`sweep\` where nobody redeems it, and leaves what is beside alone`, async () => {
      const on = await rotated();
      await on.hand({ from: "root", to: "otherAgent", retain: true, as: "beside" });
      const held = granted(await issue(on, "ledger", HANDLE));
      const { plane } = on;
      const own = { jti: plane.world.newId(), ...claims };
      const cosign = { cosign: plane.command(own, { signedBy: "otherOperator" }) };
      const order = { command: plane.command(own), ...(names === 2 && cosign) };
      assert.ok((await plane.revoke(order)).ok);
      await plane.sweep();
      const { identities } = plane.state(on.governed.chainId);
      const { end } = identities.get(held.identity.identityId) ?? {};
      assert.deepEqual(
        [end?.state, end?.trigger, end?.refusal?.code],
        [...["REVOKED", "operator", code]],
      );
      granted(await issue(on, "beside"));
    });
  }
});

suite("what comes between the barriers of a use under a chain", () => {
  /** The plane's own ports, where something happens just before the first call of one. */
  function meddled(on: Continued, at: "assumeRole" | "sign", act: () => Promise<void>): IssueDeps {
    const deps = on.plane.process();
    let isDone = false;
    const once = async (): Promise<void> => {
      if (isDone) return;
      isDone = true;
      await act();
    };
    if (at === "assumeRole") {
      return {
        ...deps,
        assumeRole: async (input) => {
          await once();
          return deps.assumeRole(input);
        },
      };
    }
    const { signer } = deps;
    return {
      ...deps,
      signer: {
        keyid: () => signer.keyid(),
        sign: async (digest) => {
          await once();
          return signer.sign(digest);
        },
      },
    };
  }

  const handOn = (on: Continued) => () => on.hand({ from: "ledger", to: "otherAgent" });

  test("POC-20 a hand-over while barrier 1 is sealed wins: nothing is granted", async () => {
    const on = await handed();
    const answer = refused(await issue(on, "ledger", {}, meddled(on, "sign", handOn(on))));
    assert.deepEqual(
      [answer.code, answer.stage, answer.pointer],
      [...["HEAD_SUPERSEDED", "state", "/chain/2"]],
    );
    assert.equal(on.plane.state(on.governed.chainId).identities.size, 0);
    assert.equal(on.plane.sts.executions.length, 0);
  });

  test("POC-A22 a call that a sibling took while barrier 1 is sealed counts", async () => {
    const on = await continued();
    const one = { "/authorization_details/0/limits": { calls: 1, totals: { percent: 20 } } };
    await on.hand({ to: "refunds", asked: { set: one } });
    await on.hand({ from: "refunds", to: "ledger", retain: true, asked: { set: one } });
    const sibling = async (): Promise<void> => void granted(await issue(on, "refunds"));
    const answer = refused(await issue(on, "ledger", {}, meddled(on, "sign", sibling)));
    assert.deepEqual([answer.code, answer.stage], ["SCOPE_EXCEEDED", "scope"]);
    assert.equal(on.plane.targets.calls.length, 1);
  });

  test("POC-A21 a total that a sibling reserved while barrier 1 is sealed counts", async () => {
    const on = await continued();
    const few = { "/authorization_details/0/limits": { calls: 4, totals: { percent: 5 } } };
    await on.hand({ to: "refunds", asked: { set: few } });
    await on.hand({ from: "refunds", to: "ledger", retain: true, asked: { set: few } });
    const sibling = async (): Promise<void> => void granted(await issue(on, "refunds"));
    const answer = refused(await issue(on, "ledger", {}, meddled(on, "sign", sibling)));
    assert.deepEqual([answer.code, answer.stage], ["SCOPE_EXCEEDED", "scope"]);
  });

  for (const [what, act, code] of [
    ["a hand-over", handOn, "HEAD_SUPERSEDED"],
    ["an end", (on: Continued) => () => on.end("refunds"), "CHAIN_BLOCK_REVOKED"],
  ] as const) {
    test(`POC-20 ${what} before barrier 2 wins: the identity ends and nothing is called`, async () => {
      const on = await handed();
      const answer = refused(await issue(on, "ledger", {}, meddled(on, "assumeRole", act(on))));
      assert.deepEqual([answer.code, answer.stage], [code, "state"]);
      assert.equal(on.plane.targets.calls.length, 0);
      const [identity] = on.plane.state(on.governed.chainId).identities.values();
      assert.deepEqual([identity?.end?.state, identity?.end?.trigger], ["REVOKED", "withdrawn"]);
    });

    test(`POC-20 ${what} before barrier 2 of a redemption wins: nothing is called`, async () => {
      const on = await handed();
      const held = granted(await issue(on, "ledger", HANDLE));
      const deps = meddled(on, "assumeRole", act(on));
      const answer = refused(await redeem(on, "ledger", held, deps));
      assert.deepEqual([answer.code, answer.stage], [code, "state"]);
      assert.equal(on.plane.targets.calls.length, 0);
    });
  }

  test("POC-09 a trust policy that comes before barrier 2 takes a label away, and nothing is called", async () => {
    const agents = (["refunds", "ledger"] as const).map((name) => ({
      ...{ name: agentOf(name), labels: ["eu"], jkt: KEYS[name].thumbprint },
    }));
    const on = await continued({
      policy: { set: { "/agents": agents } },
      contract: { set: { "/delegation": { maxDepth: 8, labels: ["eu"] } } },
    });
    await on.hand({ to: "refunds" });
    await on.hand({ to: "ledger" });
    const publish = () => on.plane.publish({ set: { "/agents/0/labels": [] } });
    const answer = refused(await issue(on, "ledger", {}, meddled(on, "assumeRole", publish)));
    assert.deepEqual(
      [answer.code, answer.stage, answer.pointer],
      [...["EXECUTOR_MISMATCH", "executor", "/chain/1/cnf/jkt"]],
    );
    assert.equal(on.plane.targets.calls.length, 0);
  });

  test("ADV-57 POC-A16 a plane key that is revoked before barrier 2 ends the identity, and nothing is called", async () => {
    const on = await rotated();
    const { plane } = on;
    const { thumbprint: jkt } = KEYS.otherPlane;
    const revoked = async (): Promise<void> => {
      const own = { jti: plane.world.newId(), do: "revokePlaneKey", jkt };
      const cosign = plane.command(own, { signedBy: "otherOperator" });
      assert.ok((await plane.revoke({ command: plane.command(own), cosign })).ok);
    };
    const answer = refused(await issue(on, "ledger", {}, meddled(on, "assumeRole", revoked)));
    assert.deepEqual(
      [answer.code, answer.stage, answer.pointer],
      [...["CHAIN_ROOT_REVOKED", "state", "/chain/1"]],
    );
    assert.deepEqual(plane.types(on.governed.chainId).slice(-2), [
      ...["ExecutionRejected", "IdentityRevoked"],
    ]);
    assert.equal(plane.targets.calls.length, 0);
  });

  test("POC-A22 POC-19 of many at once under one block as many are granted as it has calls", async () => {
    const on = await handed();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => on.plane.issue(eventUnder(on, "ledger"))),
    );
    assert.equal(answers.filter(({ ok }) => ok).length, 2);
    const codes = answers.flatMap((each) => (each.ok ? [] : [each.code]));
    assert.deepEqual([...new Set(codes)], ["SCOPE_EXCEEDED"]);
    assert.equal(on.plane.targets.calls.length, 2);
  });

  test("POC-20 a mark on a block denies what is below it at once, by each use in its words", async () => {
    const on = await handed();
    const held = granted(await issue(on, "ledger", HANDLE));
    const { chainId, contractDigest } = on.governed;
    const [, block] = digestsOf(on, "ledger");
    assert.ok(block !== undefined);
    const at = Math.floor(on.plane.world.now / 1000);
    const how = { at, code: "CHAIN_BLOCK_REVOKED", trigger: "withdrawn" } as const;
    await on.plane.deps.denials.mark({ chainId, mark: { ...how, contractDigest, block } });
    const asked = refused(await issue(on, "ledger"));
    assert.deepEqual([asked.code, asked.pointer], ["CHAIN_BLOCK_REVOKED", "/chain/1"]);
    const redeemed = refused(await redeem(on, "ledger", held));
    assert.deepEqual([redeemed.code, redeemed.stage], ["IDENTITY_REVOKED", "state"]);
    assert.equal(on.plane.targets.calls.length, 0);
  });
});

suite("a rollback under a chain", () => {
  /** An effect under a block that is not seen, behind which something happens while it is looked for. */
  async function undone(act: (on: Continued) => Promise<void>) {
    const on = await continued(rolling());
    const [, undo] = on.contract.claims.authorization_details;
    const limits = { "/authorization_details/0/limits": { calls: 1 } };
    const asked = { set: { ...limits, "/authorization_details/1": undo } };
    await on.hand({ to: "refunds", asked });
    astray(on.plane);
    beforeLook(on.plane, 1, () => act(on));
    await on.plane.issue(eventUnder(on, "refunds"), on.plane.deps);
    return { on, ...identitiesOf(on.plane, on.governed) };
  }

  test("POC-20 VAI-34 is not kept back by a delegation that came first", async () => {
    const limits = { "/authorization_details/0/limits": { calls: 1 } };
    const { on, first, undo } = await undone(async (on) => {
      const [, step] = on.contract.claims.authorization_details;
      await on.hand({
        to: "ledger",
        asked: { set: { ...limits, "/authorization_details/1": step } },
      });
    });
    assert.equal(first.rollback?.status, "succeeded");
    assert.equal(undo?.state, "COMPLETED");
    assert.deepEqual(undo?.blocks, digestsOf(on, "refunds"));
    assert.equal(on.plane.targets.calls.length, 2);
  });

  test("POC-20 VAI-34 is stopped by the end of its block", async () => {
    const { on, first, undo } = await undone((on) => on.end("refunds"));
    assert.equal(first.rollback?.status, "failed");
    assert.equal(undo, undefined);
    assert.equal(on.plane.targets.calls.length, 1);
  });
});

suite("a gate that comes with a block", () => {
  test("POC-16 VAI-74 holds back the last block's executor until people open it", async () => {
    const on = await continued();
    const gate = { "/authorization_details/0/gate": "approval" };
    await on.hand({ to: "refunds", asked: { set: gate } });
    const shut = refused(await issue(on, "refunds"));
    assert.deepEqual([shut.code, shut.stage], ["STEP_GATE_CLOSED", "state"]);
    const { contractDigest } = on.governed;
    const jws = approval(on.plane, on.governed, "ada", { step: "shift" });
    const opened = await on.plane.govern({ op: "approve", contractDigest, approval: jws });
    assert.ok(opened.ok, JSON.stringify(opened));
    granted(await issue(on, "refunds"));
  });
});

suite("a gate before an approver who is an agent of the chain", () => {
  test("POC-34 VAI-61 VAI-74 is opened by somebody else, for them and whoever they hand on to", async () => {
    const gate = { "/authorization_details/0/gate": "approval" };
    const on = await continued({ contract: { set: gate } });
    await on.hand({ to: "refunds", retain: true, asked: { set: { "/designate/agent": "ada" } } });
    await on.hand({ to: "ledger", retain: true });
    const { contractDigest } = on.governed;
    const open = async (name: "ada" | "bea") => {
      const jws = approval(on.plane, on.governed, name, { step: "shift" });
      const opened = await on.plane.govern({ op: "approve", contractDigest, approval: jws });
      assert.ok(opened.ok, JSON.stringify(opened));
    };
    await open("ada");
    for (const name of ["refunds", "ledger"]) {
      const shut = refused(await issue(on, name));
      assert.deepEqual([shut.code, shut.stage], ["STEP_GATE_CLOSED", "state"]);
    }
    await open("bea");
    for (const name of ["refunds", "ledger"]) granted(await issue(on, name));
  });
});

suite("the event of a use under a chain", () => {
  test("POC-21 an empty chain is none", async () => {
    const on = await continued();
    const event = on.plane.event(on.governed, { event: { set: { "/chain": [] } } });
    const answer = granted(await on.plane.issue(event));
    assert.equal(answer.identity.continuity, undefined);
  });

  test("POC-02 the root alone continues the contract's own executor", async () => {
    const on = await continued();
    await on.hand({ from: "root", to: "refunds", retain: true });
    const answer = granted(await issue(on, "root"));
    assert.equal(answer.identity.continuity?.depth, 0);
  });

  test("POC-03 a chain of another list, text or number is refused with its place", async () => {
    const on = await handed();
    const chain = [...on.branch("ledger").blocks];
    const wrong: readonly (readonly [unknown, string])[] = [
      [null, "/chain"],
      [{ 0: chain[0] }, "/chain"],
      [7, "/chain"],
      [changed(chain as unknown[], { set: { "/1": 7 } }, 0), "/chain/1"],
      [changed(chain as unknown[], { set: { "/1": null } }, 0), "/chain/1"],
      [changed(chain as unknown[], { set: { "/1": "" } }, 0), "/chain/1"],
    ];
    for (const [list, pointer] of wrong) {
      const event = eventUnder(on, "ledger", { event: { set: { "/chain": list } } });
      const answer = refused(await on.plane.issue(event));
      assert.deepEqual(
        [answer.code, answer.stage, answer.pointer],
        [...["CHAIN_MALFORMED", "parse", pointer]],
      );
    }
  });
});
