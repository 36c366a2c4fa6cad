import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { spoolText } from "../../lib/evidence/spool.ts";
import type { BreakGlassStore } from "../../lib/lifecycle/ports.ts";
import type { Dependency } from "../support/faults.ts";
import type { Governed } from "../support/governed.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import {
  approval,
  approvedEmergency,
  attestation,
  EMERGENCY,
  emergency,
  reviewOf,
} from "../support/people.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";

const codeOf = (answer: { ok: boolean; code?: string }): string =>
  answer.ok ? "ok" : `${answer.code}`;

const foreseen = (more: object = {}) =>
  newPlane({ policy: { set: { "/breakGlass": [{ ...EMERGENCY, spool: true, ...more }] } } });

const placeOf = ({ ids }: Governed, first: number): string =>
  `break-glass/outage/spool/${ids.intent}/${String(first).padStart(6, "0")}`;

const spooled = (plane: Plane, governed: Governed) =>
  plane.bucket.versions.filter(({ key }) => key.startsWith(placeOf(governed, 0).slice(0, -6)));

/** What the table's rows of an intent would be spooled as, a transaction each. */
function storedTexts(plane: Plane, { chainId }: Governed): [number, string][] {
  const rows = plane.rows(chainId);
  const ends = rows.filter(({ seal }) => seal !== undefined).map(({ seq }) => seq);
  return ends.map((end, index) => {
    const first = (ends[index - 1] ?? 0) + 1;
    return [first, spoolText(rows.filter(({ seq }) => first <= seq && seq <= end))];
  });
}

const TRANSACTIONS = 3;
const writes = (from: number): { at: Dependency; from: number } => ({ at: "evidence:write", from });

/** The plane's dependencies, where something happens whenever it waits. */
const whileItWaits = ({ deps }: Plane, happens: () => Promise<void>): Plane["deps"] => ({
  ...deps,
  sleep: async (milliseconds) => {
    await happens();
    await deps.sleep(milliseconds);
  },
});

suite("VAI-125 evidence of an emergency that cannot be stored", () => {
  test("VAI-125 each transaction is put before it is stored, as the same bytes; without the policy's word none is", async () => {
    const plane = await foreseen();
    const governed = approvedEmergency(plane);
    await plane.grant({}, governed);
    const found = spooled(plane, governed).map(({ key, body }) => [key, body]);
    const stored = storedTexts(plane, governed);
    assert.equal(stored.length, TRANSACTIONS);
    assert.deepEqual(
      found,
      stored.map(([first, text]) => [placeOf(governed, first), text]),
    );
    for (const spool of [false, undefined]) {
      const other = await foreseen({ spool });
      const plain = approvedEmergency(other);
      await other.grant({}, plain);
      assert.deepEqual(spooled(other, plain), []);
    }
  });

  for (const barrier of [1, 2, 3]) {
    test(`VAI-125 ADV-35 with the spool it runs once though nothing is stored from barrier ${barrier} on, and sweep stores the same bytes`, async () => {
      const plane = await foreseen();
      const governed = approvedEmergency(plane);
      plane.faults.plan(writes(barrier));
      const begun = plane.world.now;
      const answer = await plane.grant({}, governed);
      assert.equal(answer.identity.state, "COMPLETED");
      assert.ok(plane.world.now - begun >= 3000 * (TRANSACTIONS + 1 - barrier));
      assert.equal(plane.targets.calls.length, 1);
      assert.equal(plane.sts.executions.length, 1);
      assert.equal(storedTexts(plane, governed).length, barrier - 1);
      plane.faults.clear();
      const ran = await plane.sweep();
      assert.equal(ran.spooled, TRANSACTIONS + 1 - barrier);
      assert.deepEqual(
        storedTexts(plane, governed),
        spooled(plane, governed).map(({ key, body }) => [Number(key.slice(-6)), body]),
      );
      assert.equal(plane.types(governed.chainId).at(-1), "IdentityCompleted");
      assert.equal((await plane.sweep()).spooled, 0);
      // What State holds besides came with it: the same request again gets the same answer.
      const keys = [...plane.dynamo.table(TABLES.state).keys()];
      assert.ok(keys.some((key) => key.startsWith("retry#")));
      assert.equal(plane.targets.calls.length, 1);
    });

    test(`VAI-98 VAI-125 without the spool nothing is done that is not stored at barrier ${barrier}`, async () => {
      const plane = await foreseen({ spool: false });
      plane.faults.plan(writes(barrier));
      const answer = refused(await plane.ask({}, approvedEmergency(plane)));
      assert.equal(answer.code, "EVIDENCE_STORE_UNAVAILABLE");
      assert.equal(plane.targets.calls.length, barrier === 3 ? 1 : 0);
    });
  }

  test("VAI-125 a store that comes back within three seconds is waited for", async () => {
    const plane = await foreseen();
    const governed = approvedEmergency(plane);
    plane.faults.plan({ ...writes(1), to: 2 });
    await plane.grant({}, governed);
    assert.equal(storedTexts(plane, governed).length, TRANSACTIONS);
    assert.equal((await plane.sweep()).spooled, 0);
  });

  for (const at of ["breakGlass:write", "signer:sign", "evidence:read", "heads:read"] as const) {
    test(`VAI-98 VAI-125 where ${at} fails too, it is refused and nothing is done`, async () => {
      const plane = await foreseen();
      const governed = approvedEmergency(plane);
      await plane.grant({}, plane.contract());
      const { length } = plane.targets.calls;
      plane.faults.plan(writes(1), { at });
      const answer = refused(await plane.ask({}, governed));
      assert.ok(/UNAVAILABLE|STALE/.test(answer.code), answer.code);
      assert.equal(plane.targets.calls.length, length);
      if (at !== "breakGlass:write") assert.deepEqual(spooled(plane, governed), []);
    });
  }

  test("VAI-98 VAI-125 a chain that can be read no more once it was spooled lets no barrier pass", async () => {
    for (const barrier of [1, 2]) {
      const plane = await foreseen();
      const governed = approvedEmergency(plane);
      plane.faults.plan(writes(barrier));
      const { breakGlass: own } = plane.deps;
      const breakGlass: BreakGlassStore = {
        read: (key) => own.read(key),
        names: (under) => own.names(under),
        keys: (under, behind) => own.keys(under, behind),
        putIfAbsent: async (key, text) => {
          const done = await own.putIfAbsent(key, text);
          const isLast = spooled(plane, governed).length === barrier;
          if (isLast) plane.faults.plan({ at: "evidence:read" });
          return done;
        },
      };
      plane.deps = { ...plane.deps, breakGlass };
      const answer = await plane.ask({}, governed);
      assert.equal(codeOf(answer), "EVIDENCE_STORE_UNAVAILABLE");
      assert.equal(plane.targets.calls.length, 0, `${barrier}`);
    }
  });

  test("VAI-111 VAI-125 a revocation that comes while nothing can be stored is not gone past", async () => {
    for (const barrier of [1, 2]) {
      const plane = await foreseen();
      const governed = approvedEmergency(plane);
      const { contract, contractDigest } = governed;
      let isRevoked = false;
      plane.faults.plan(writes(barrier));
      const { sleep } = plane.deps;
      plane.deps = {
        ...plane.deps,
        sleep: async (milliseconds: number) => {
          if (!isRevoked) {
            isRevoked = true;
            const order = plane.command({ do: "revokeContract", contractDigest });
            const answer = await plane.revoke({ command: order, contract }, plane.process());
            assert.ok(answer.ok, JSON.stringify(answer));
          }
          await sleep(milliseconds);
        },
      };
      const answer = await plane.ask({}, governed);
      assert.ok(isRevoked);
      assert.ok(!answer.ok, `${barrier}`);
      assert.equal(plane.targets.calls.length, 0, `${barrier}`);
    }
  });

  for (const barrier of [1, 2, 3]) {
    test(`VAI-12 VAI-125 a sweep that stores what barrier ${barrier} has put lets it run once, and nothing is told twice`, async () => {
      const plane = await foreseen();
      const governed = approvedEmergency(plane);
      plane.faults.plan({ ...writes(barrier), to: barrier });
      let swept: number | undefined;
      plane.deps = whileItWaits(plane, async () => {
        if (swept === undefined) swept = (await plane.sweep()).spooled;
      });
      const answer = await plane.grant({}, governed);
      assert.deepEqual([swept, answer.identity.state], [1, "COMPLETED"]);
      assert.equal(plane.targets.calls.length, 1);
      const types = plane.types(governed.chainId);
      assert.equal(new Set(types).size, types.length, types.join());
      assert.equal(spooled(plane, governed).length, TRANSACTIONS);
    });

    test(`VAI-12 VAI-125 a store that has taken barrier ${barrier} and never said so lets it run once`, async () => {
      const plane = await foreseen();
      const governed = approvedEmergency(plane);
      plane.faults.plan({ ...writes(barrier), to: barrier, applied: true });
      const { evidence } = plane.deps;
      let isLost = false;
      plane.deps = {
        ...plane.deps,
        evidence: {
          append: (step) =>
            evidence.append(step).catch((fault) => {
              // Nor can anybody look at once whether it has.
              isLost = true;
              plane.faults.plan({ at: "evidence:read", to: 1 });
              throw fault;
            }),
          readChain: (chainId, after) => evidence.readChain(chainId, after),
          readRows: (chainId) => evidence.readRows(chainId),
          readTail: (chainId) => evidence.readTail(chainId),
        },
      };
      await plane.grant({}, governed);
      assert.ok(isLost);
      assert.equal(plane.targets.calls.length, 1);
      const types = plane.types(governed.chainId);
      assert.equal(new Set(types).size, types.length, types.join());
    });
  }

  test("VAI-111 VAI-125 a revocation between a barrier's place and its store is not gone past, though its rows stand", async () => {
    for (const barrier of [1, 2]) {
      const plane = await foreseen();
      const governed = approvedEmergency(plane);
      const { contract, contractDigest } = governed;
      const { breakGlass: own } = plane.deps;
      const breakGlass: BreakGlassStore = {
        read: (key) => own.read(key),
        names: (under) => own.names(under),
        keys: (under, behind) => own.keys(under, behind),
        putIfAbsent: async (key, text) => {
          const done = await own.putIfAbsent(key, text);
          if (key.includes("/spool/") && spooled(plane, governed).length === barrier) {
            const order = plane.command({ do: "revokeContract", contractDigest });
            await plane.revoke({ command: order, contract }, plane.process());
          }
          return done;
        },
      };
      plane.deps = { ...plane.deps, breakGlass };
      const answer = await plane.ask({}, governed);
      assert.ok(!answer.ok, `${barrier}`);
      assert.equal(plane.targets.calls.length, 0, `${barrier}`);
    }
  });

  test("VAI-60 VAI-125 an objection that is spooled behind a grant is not gone past either", async () => {
    const plane = await foreseen();
    const governed = approvedEmergency(plane);
    const { contract, proof, contractDigest } = governed;
    assert.ok((await plane.govern({ op: "register", contract, proof })).ok);
    const no = attestation(plane, governed, "state.example", { set: { "/verdict": "reject" } });
    let isSaid = false;
    plane.faults.plan(writes(1));
    const { sleep } = plane.deps;
    plane.deps = {
      ...plane.deps,
      sleep: async (milliseconds: number) => {
        if (!isSaid) {
          isSaid = true;
          const event = { op: "attest", contractDigest, attestation: no };
          assert.ok((await plane.govern(event, plane.process())).ok);
        }
        await sleep(milliseconds);
      },
    };
    const answer = await plane.ask({}, governed);
    assert.equal(codeOf(answer), "EVIDENCE_STORE_UNAVAILABLE");
    assert.equal(plane.sts.executions.length, 0);
  });

  test("VAI-125 of two writers one takes a place, and the other's rows follow it", async () => {
    const plane = await foreseen();
    const governed = approvedEmergency(plane);
    const answers = await Promise.all([plane.ask({}, governed), plane.ask({}, governed)]);
    assert.equal(answers.filter(({ ok }) => ok).length, 1);
    assert.equal(plane.targets.calls.length, 1);
    const stored = storedTexts(plane, governed);
    const places = spooled(plane, governed).map(({ key }) => key);
    assert.equal(new Set(places).size, places.length);
    assert.deepEqual(
      stored.map(([first]) => placeOf(governed, first)),
      places.sort(),
    );
    assert.ok(plane.types(governed.chainId).includes("IdentityDenied"));
  });

  test("VAI-125 while nothing is stored the second writer is told by what the first has put", async () => {
    const plane = await foreseen();
    const governed = approvedEmergency(plane);
    plane.faults.plan(writes(1));
    const answers = await Promise.all([plane.ask({}, governed), plane.ask({}, governed)]);
    assert.deepEqual(answers.map(codeOf).sort(), ["CONTRACT_CONSUMED", "ok"]);
    assert.equal(plane.targets.calls.length, 1);
    plane.faults.clear();
    await plane.sweep();
    const types = plane.types(governed.chainId);
    assert.equal(types.filter((type) => type === "IdentityCompleted").length, 1);
    assert.ok(types.includes("IdentityDenied"));
  });

  test("VAI-12 VAI-125 rows that somebody takes out of both tables come back from the spool, and give no second use", async () => {
    const plane = await foreseen();
    const governed = approvedEmergency(plane);
    await plane.grant({}, governed);
    const rows = plane.rows(governed.chainId);
    plane.isWhole = false;
    const [first = 0] = storedTexts(plane, governed).at(-1) ?? [];
    const before = rows.find(({ seq }) => seq === first - 1);
    const evidence = plane.dynamo.table(TABLES.evidence);
    for (const [key, item] of evidence) {
      if (item["chainId"] === governed.chainId && Number(item["seq"]) >= first)
        evidence.delete(key);
    }
    const head = plane.dynamo.table(TABLES.state).get(`chain#${governed.chainId}|head`);
    assert.ok(head && before);
    Object.assign(head, { seq: before.seq, hash: before.recordHash });
    assert.equal(codeOf(await plane.ask({}, governed)), "CONTRACT_CONSUMED");
    assert.deepEqual(plane.rows(governed.chainId).slice(0, rows.length), rows);
    assert.equal(plane.targets.calls.length, 1);
  });

  test("VAI-12 VAI-125 whoever puts objects without a key of the plane puts nothing behind a chain: it is broken by it, and nothing runs", async () => {
    const foreign = await foreseen();
    const theirs = approvedEmergency(foreign);
    await foreign.grant({}, theirs);
    const [signed = ""] = spooled(foreign, theirs).map(({ body }) => body ?? "");
    for (const text of ["", "[]", "{}", '[{"record":"{}"}]', signed]) {
      const plane = await foreseen();
      const governed = approvedEmergency(plane);
      plane.bucket.plant(placeOf(governed, 1), text);
      const answer = refused(await plane.ask({}, governed));
      assert.equal(answer.code, "EVIDENCE_CHAIN_BROKEN", text.slice(0, 20));
      assert.equal(plane.sts.executions.length, 0);
    }
  });

  for (const order of [{ do: "revokeContract" }, { do: "signal", kind: "risk" }]) {
    test(`VAI-12 VAI-125 ${order.do} of a contract that is bound in the spool alone takes no evidence its place`, async () => {
      const plane = await foreseen();
      const governed = approvedEmergency(plane);
      const { contract, contractDigest } = governed;
      plane.faults.plan(writes(1));
      await plane.grant({}, governed);
      plane.faults.clear();
      const command = plane.command({ ...order, contractDigest });
      const answer = await plane.revoke({ command, contract });
      assert.ok(answer.ok, JSON.stringify(answer));
      const put = spooled(plane, governed).map(({ body }) => body);
      await plane.sweep();
      assert.deepEqual(
        storedTexts(plane, governed).map(([, text]) => text),
        put,
      );
      const types = plane.types(governed.chainId);
      assert.ok(types.indexOf("IdentityCompleted") < types.indexOf("RevocationRequested"));
    });
  }

  test("VAI-111 VAI-125 a denial that is told in the spool is owed no more once sweep has stored that", async () => {
    const plane = await foreseen();
    const governed = approvedEmergency(plane);
    const { contract, contractDigest } = governed;
    await plane.grant({}, governed);
    plane.faults.plan(writes(1));
    const command = plane.command({ do: "revokeContract", contractDigest });
    assert.ok((await plane.revoke({ command, contract })).ok);
    plane.faults.clear();
    assert.equal((await plane.sweep()).spooled, 1);
    plane.world.pass(600);
    assert.equal((await plane.sweep()).levels.marksOwed, 0);
    plane.world.pass(60);
    assert.equal((await plane.sweep()).chains, 0);
    const types = plane.types(governed.chainId);
    assert.equal(types.filter((type) => type === "RevocationRequested").length, 1);
  });

  test("VAI-111 VAI-125 nor does it come back with the transaction of whoever stores that before its own", async () => {
    const plane = await foreseen();
    const governed = approvedEmergency(plane);
    const { contract, contractDigest } = governed;
    plane.faults.plan({ ...writes(1), to: 6 });
    let isRevoked = false;
    plane.deps = whileItWaits(plane, async () => {
      if (isRevoked) return;
      isRevoked = true;
      const command = plane.command({ do: "revokeContract", contractDigest });
      assert.ok((await plane.revoke({ command, contract }, plane.process())).ok);
    });
    refused(await plane.ask({}, governed));
    assert.ok(plane.types(governed.chainId).includes("RevocationRequested"));
    plane.deps = plane.process();
    plane.world.pass(600);
    assert.equal((await plane.sweep()).levels.marksOwed, 0);
  });

  test("VAI-12 VAI-125 another contract of the intent, which names no emergency, takes no evidence its place", async () => {
    const plane = await foreseen();
    const first = approvedEmergency(plane);
    plane.faults.plan(writes(1));
    await plane.grant({}, first);
    plane.faults.clear();
    const ids = { ...first.ids, contract: plane.world.newId(), decision: plane.world.newId() };
    const ordinary = plane.contract({}, { ...first, ids });
    assert.equal(codeOf(await plane.ask({}, ordinary)), "CONTRACT_MISMATCH");
    assert.equal(plane.targets.calls.length, 1);
    const texts = storedTexts(plane, first).map(([, text]) => text);
    const put = spooled(plane, first).map(({ body }) => body);
    assert.deepEqual(texts.slice(0, TRANSACTIONS), put.slice(0, TRANSACTIONS));
    // Whoever asks for what is no emergency does not wait for the bucket.
    plane.faults.plan({ at: "breakGlass:read" });
    await plane.grant({}, plane.contract());
  });

  test("VAI-122 an emergency that is refused beside a contract that was bound meanwhile is not bound by its refusal", async () => {
    const plane = await foreseen();
    const first = approvedEmergency(plane);
    const ids = { ...first.ids, contract: plane.world.newId(), decision: plane.world.newId() };
    const ordinary = plane.contract({}, { ...first, ids });
    const { breakGlass: own } = plane.deps;
    const event = plane.event(ordinary);
    const breakGlass: BreakGlassStore = {
      read: (key) => own.read(key),
      names: (under) => own.names(under),
      keys: (under, behind) => own.keys(under, behind),
      putIfAbsent: async (key, text) => {
        if (key.endsWith("/use")) {
          assert.equal(codeOf(await plane.issue(event, plane.process())), "ok");
          plane.faults.plan({ at: "breakGlass:write", to: 1 });
        }
        return own.putIfAbsent(key, text);
      },
    };
    plane.deps = { ...plane.deps, breakGlass };
    assert.equal(codeOf(await plane.ask({}, first)), "DEPENDENCY_UNAVAILABLE");
    const types = plane.types(first.chainId);
    assert.equal(types.filter((type) => type === "ContractBound").length, 1);
    assert.equal(types.at(-1), "IdentityDenied");
  });

  test("VAI-98 VAI-125 what is no emergency spools nothing, also where there is a denial of one in the spool of its intent", async () => {
    for (const barrier of [1, 2]) {
      const plane = await foreseen();
      const first = approvedEmergency(plane);
      const { contract, contractDigest } = first;
      const command = plane.command({ do: "revokeContract", contractDigest });
      assert.ok((await plane.revoke({ command, contract })).ok);
      const put = spooled(plane, first).length;
      assert.equal(put, 1);
      const ids = { ...first.ids, contract: plane.world.newId(), decision: plane.world.newId() };
      plane.faults.plan(writes(barrier));
      const answer = refused(await plane.ask({}, plane.contract({}, { ...first, ids })));
      assert.equal(answer.code, "EVIDENCE_STORE_UNAVAILABLE");
      assert.equal(plane.targets.calls.length, 0);
      assert.equal(spooled(plane, first).length, put);
    }
  });

  test("VAI-122 VAI-125 an emergency of another policy is refused beside one that stands in the spool alone", async () => {
    const spooling = { ...EMERGENCY, spool: true };
    const second = { ...spooling, id: "second" };
    const plane = await newPlane({ policy: { set: { "/breakGlass": [spooling, second] } } });
    const first = approvedEmergency(plane);
    const ids = { ...first.ids, contract: plane.world.newId(), decision: plane.world.newId() };
    const change = { set: { "/breakGlass": { policy: "second", incident: "INC-17" } } };
    const bare = plane.contract(emergency(plane, { contract: change }), { ...first, ids });
    const approvals = (["ada", "bea"] as const).map((name) => approval(plane, bare, name));
    const other = { ...bare, proof: { ...(bare.proof as object), approvals } };
    plane.faults.plan(writes(1));
    await plane.grant({}, first);
    assert.equal(codeOf(await plane.ask({}, other)), "CONTRACT_MISMATCH");
    assert.equal(plane.targets.calls.length, 1);
    plane.faults.clear();
    await plane.sweep();
    const put = spooled(plane, first).map(({ body }) => body);
    assert.deepEqual(
      storedTexts(plane, first).map(([, text]) => text),
      put,
    );
  });

  test("VAI-126 a use is not reviewed while its evidence stands in the spool alone", async () => {
    const plane = await foreseen();
    const governed = approvedEmergency(plane);
    plane.faults.plan(writes(3));
    await plane.grant({}, governed);
    plane.faults.clear();
    const review = () => plane.govern(reviewOf(plane, governed));
    assert.equal(codeOf(await review()), "REVOCATION_PENDING");
    await plane.sweep();
    assert.equal(codeOf(await review()), "ok");
  });

  test("VAI-125 what was spooled is stored also when the policy spools no more", async () => {
    const plane = await foreseen();
    const governed = approvedEmergency(plane);
    plane.faults.plan(writes(2));
    await plane.grant({}, governed);
    plane.faults.clear();
    await plane.publish({ set: { "/breakGlass/0/spool": false } });
    assert.equal(codeOf(await plane.ask({}, governed)), "CONTRACT_CONSUMED");
    const types = plane.types(governed.chainId);
    assert.deepEqual(types.slice(types.indexOf("IdentityCompleted")), [
      "IdentityCompleted",
      "IdentityRequested",
      "IdentityDenied",
    ]);
    assert.equal(spooled(plane, governed).length, TRANSACTIONS);
  });
});
