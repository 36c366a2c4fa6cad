import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { CommandAnswer } from "../../lib/enforcement/commands/command.ts";
import type { Swept } from "../../lib/enforcement/sweep.ts";
import type { Levels } from "../../lib/enforcement/sweeping/levels.ts";
import { NO_RESTRICTIONS, restrictionsText } from "../../lib/trust/restrictions.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { newPlane, type Plane } from "../support/plane.ts";

/** What a run of `sweep` measures for alarms that stay on while it is true. */

const ROLE = "arn:aws:iam::000000000000:role/exec-dynamodb";
const EMPTY = restrictionsText(NO_RESTRICTIONS).length;
const NOTHING: Levels = {
  ...{ planeHalted: 0, quarantined: 0, restrictionsBytes: EMPTY, marksOwed: 0 },
  reviewsOverdue: 0,
};

/** Seconds for which a mark may stand: a function's life, the minute behind it, and two runs of sweep. */
const PATIENCE = 210;

type Claims = Parameters<Plane["command"]>[0];

const levels = async (plane: Plane): Promise<Levels | undefined> => (await plane.trySweep()).levels;

async function deny(plane: Plane, claims: Claims): Promise<CommandAnswer | { ok: false }> {
  return plane.revoke({ command: plane.command(claims) });
}

async function lift(plane: Plane, claims: Claims): Promise<void> {
  const jti = plane.world.newId();
  const cosign = plane.command({ ...claims, jti }, { signedBy: "otherOperator" });
  const command = plane.command({ ...claims, jti });
  const answer = await plane.govern({ op: "command", command, cosign });
  assert.ok(answer.ok, JSON.stringify(answer));
}

const silent = (plane: Plane): void => plane.faults.plan({ at: "signer:sign", how: "throttle" });

/** A handle that is open, and its revocation by an operator whose records are owed. */
async function owed() {
  const plane = await newPlane();
  const governed = plane.contract(HANDLE);
  const { identity } = await plane.grant(HANDLE, governed);
  silent(plane);
  await deny(plane, { do: "revokeIdentity", identityId: identity.identityId });
  return { plane, governed };
}

const headOf = (plane: Plane, chainId: string): Record<string, unknown> => {
  const item = plane.dynamo.table(TABLES.state).get(`chain#${chainId}|head`);
  assert.ok(item);
  return item;
};

suite("what stands", () => {
  test("VAI-131 where nothing stands that is measured too", async () => {
    const ran = await (await newPlane()).sweep();
    assert.deepEqual([ran.levels, ran.isWhole, ran.failing], [NOTHING, true, []]);
  });

  test("VAI-129 VAI-131 a halt of the plane stands until it is lifted; one of an actor is only longer", async () => {
    const plane = await newPlane();
    await deny(plane, { do: "haltActor", actorId: "agent:one" });
    const one = await levels(plane);
    assert.equal(one?.planeHalted, 0);
    assert.ok((one?.restrictionsBytes ?? 0) > EMPTY);
    await deny(plane, { do: "haltPlane" });
    assert.equal((await levels(plane))?.planeHalted, 1);
    plane.world.pass(3_600);
    assert.equal((await levels(plane))?.planeHalted, 1, "however long it stands");
    await lift(plane, { do: "resumePlane" });
    await lift(plane, { do: "reinstateActor", actorId: "agent:one" });
    assert.deepEqual(await levels(plane), NOTHING);
  });

  test("VAI-115 VAI-131 a halt whose record is owed stands, though the run does nothing else; late it is owed", async () => {
    const plane = await newPlane();
    await plane.sweep();
    silent(plane);
    await deny(plane, { do: "haltPlane" });
    const ran = await plane.trySweep();
    assert.deepEqual(
      [ran.ok, ran.levels?.planeHalted, ran.levels?.marksOwed],
      [false, 1, 0],
      "its own function and sweep have time",
    );
    plane.world.pass(PATIENCE - 1);
    assert.equal((await levels(plane))?.marksOwed, 0);
    plane.world.pass(2);
    assert.equal((await levels(plane))?.marksOwed, 1);
    plane.faults.clear();
    const { planeHalted, marksOwed } = (await levels(plane)) ?? {};
    assert.deepEqual([planeHalted, marksOwed], [1, 0]);
  });

  for (const [what, edit] of Object.entries({
    "a mark that is none": (plane: Plane) => {
      headOf(plane, "plane/registry")["marks"] = [{ by: "garbage" }];
    },
    "no list of marks": (plane: Plane) => {
      headOf(plane, "plane/registry")["marks"] = "garbage";
    },
    "a mark of tomorrow": (plane: Plane) => {
      headOf(plane, "plane/registry")["marks"] = [{ at: plane.world.now / 1000 + 86_400, by: "" }];
    },
    "a list of what is owed alone": (plane: Plane) => {
      const registry = plane.dynamo.table(TABLES.registry).get("registry|head");
      assert.ok(registry);
      registry["pending"] = ["garbage"];
    },
  })) {
    test(`VAI-131 ${what}, which nobody will ever record, is owed at once`, async () => {
      const plane = await newPlane();
      plane.isWhole = false;
      edit(plane);
      const ran = await plane.trySweep();
      assert.deepEqual([ran.ok, ran.levels?.marksOwed], [false, 1]);
    });
  }

  test("VAI-131 without a trust policy, or with restrictions that nobody can read, nothing is claimed", async () => {
    const plane = await newPlane();
    plane.isWhole = false;
    const item = plane.dynamo.table(TABLES.registry).get("registry|restrictions");
    assert.ok(item);
    item["document"] = "garbage";
    assert.equal(await levels(plane), undefined);
    plane.faults.plan({ at: "heads:read", how: "throttle" });
    assert.equal(await levels(plane), undefined);
  });

  test("VAI-118 VAI-131 a quarantine stands until two people lift it", async () => {
    const plane = await newPlane();
    plane.faults.plan({ at: "iam:write", how: "denied" });
    const { identity } = await plane.grant(CREDENTIALS, plane.contract(CREDENTIALS));
    await deny(plane, { do: "revokeIdentity", identityId: identity.identityId });
    assert.equal((await levels(plane))?.quarantined, 1);
    plane.faults.clear();
    plane.world.pass(901);
    assert.equal((await levels(plane))?.quarantined, 1);
    await lift(plane, { do: "liftQuarantine", path: ROLE });
    assert.equal((await levels(plane))?.quarantined, 0);
  });

  test("VAI-118 VAI-131 what a run of sweep itself quarantines is measured by that very run", async () => {
    const plane = await newPlane();
    const { identity } = await plane.grant(CREDENTIALS, plane.contract(CREDENTIALS));
    plane.faults.plan({ at: "iam:write", how: "timeout" });
    await deny(plane, { do: "revokeIdentity", identityId: identity.identityId });
    assert.equal((await levels(plane))?.quarantined, 0, "a time-out may pass");
    plane.world.pass(121);
    assert.equal((await levels(plane))?.quarantined, 1);
  });

  test("VAI-115 VAI-131 a mark is owed from three and a half minutes on, and no more once its record stands", async () => {
    const { plane } = await owed();
    assert.equal((await levels(plane))?.marksOwed, 0);
    plane.world.pass(PATIENCE - 1);
    assert.equal((await levels(plane))?.marksOwed, 0);
    plane.world.pass(2);
    assert.equal((await levels(plane))?.marksOwed, 1);
    plane.faults.clear();
    assert.deepEqual(await levels(plane), NOTHING);
  });

  for (const [what, at] of [
    ["of long ago", 1],
    ["of tomorrow", 1_999_999_999],
  ] as const) {
    test(`VAI-131 a mark ${what} that cannot be recorded is owed at once, whoever wrote it`, async () => {
      const { plane, governed } = await owed();
      const mark = { at, code: "CONTRACT_REVOKED", trigger: "operator" };
      const { contractDigest } = governed;
      headOf(plane, governed.chainId)["marks"] = [{ ...mark, contractDigest }];
      // What is on a head that cannot be read counts as long as a session may live that it denies.
      assert.equal((await levels(plane))?.marksOwed, at === 1 ? 0 : 1);
      headOf(plane, governed.chainId)["marks"] = ["illegible"];
      assert.equal((await levels(plane))?.marksOwed, 1);
    });
  }

  test("VAI-131 a mark on a contract that was never presented waits for nothing, and is not owed", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    await plane.grant(HANDLE, governed);
    const contractDigest = `sha256:${"0".repeat(64)}`;
    const mark = { at: 1, code: "CONTRACT_REVOKED", trigger: "operator", contractDigest };
    Object.assign(headOf(plane, governed.chainId), { marks: [mark], marked: 1, due: "2020" });
    plane.isWhole = false;
    assert.equal((await levels(plane))?.marksOwed, 0);
    assert.deepEqual(headOf(plane, governed.chainId)["marks"], [mark], "and it stands");
  });

  test("VAI-131 on a chain that is closed for good a mark counts as long as a session may live, and the run names the chain", async () => {
    const { plane, governed } = await owed();
    plane.faults.clear();
    plane.isWhole = false;
    headOf(plane, governed.chainId)["hash"] = `sha256:${"0".repeat(64)}`;
    plane.world.pass(PATIENCE + 1);
    const ran = (await plane.sweep()) satisfies Swept;
    assert.deepEqual(
      [ran.isWhole, ran.failed, ran.failing, ran.levels.marksOwed],
      [true, 1, [governed.chainId], 1],
    );
    plane.world.pass(2 * 3_600);
    assert.equal((await levels(plane))?.marksOwed, 0);
  });

  test("VAI-131 where a failed chain's head cannot be read either, nothing is claimed of marks", async () => {
    const { plane } = await owed();
    const deps = plane.process();
    const { registry } = deps;
    const blind = new Proxy(registry, {
      get: (own, name: keyof typeof registry) => {
        if (name !== "readHeads") return own[name].bind(own);
        return async (wanted: Parameters<typeof own.readHeads>[0]) => {
          if (wanted.chainId !== undefined)
            plane.faults.plan({ at: "heads:read", how: "throttle" });
          return own.readHeads(wanted);
        };
      },
    });
    const ran = await plane.trySweep({ ...deps, registry: blind });
    assert.ok(ran.ok);
    assert.deepEqual([ran.failed, ran.levels.marksOwed, ran.levels.planeHalted], [1, undefined, 0]);
  });

  test("VAI-131 a run that had no time for every chain, or could not list them, is not whole", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    await plane.grant(HANDLE, governed);
    plane.faults.plan({ at: "index:read", how: "throttle", from: 33 });
    const partial = await plane.sweep();
    assert.deepEqual([partial.isWhole, partial.levels.marksOwed], [false, undefined]);
    plane.faults.clear();
    const late = await plane.sweep({ ...plane.process(), clock: () => plane.world.now + 20_001 });
    assert.deepEqual([late.isWhole, late.failed, late.failing], [false, 1, []]);
    assert.equal((await plane.sweep()).isWhole, true);
  });

  test("VAI-03 VAI-131 what an agent sends raises none of it: no level, and no record that people have to hear of", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    for (let n = 0; n < 30; n++) await plane.issue({ n });
    await plane.execute({ handle: "junk" });
    await plane.govern({ op: "command", command: "junk" });
    await plane.revoke({ command: plane.command({ do: "haltPlane" }, { signedBy: "agent" }) });
    await plane.revoke({ command: "junk" });
    await plane.ask({ request: { signedBy: "stranger" } }, governed);
    plane.world.pass(PATIENCE + 1);
    assert.deepEqual(await levels(plane), NOTHING);
    const types = plane.everyRecord().map(({ event }) => event.type);
    assert.ok(types.includes("IdentityDenied"));
    for (const type of ["EscalationRaised", "RevocationFailed"])
      assert.ok(!types.some((each) => each === type), type);
  });
});
