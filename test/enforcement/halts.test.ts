import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setImmediate as tick } from "node:timers/promises";
import { verifyRecords } from "../../lib/audit/verify.ts";
import type { CommandAnswer } from "../../lib/enforcement/commands/command.ts";
import { isTerminal } from "../../lib/evidence/events.ts";
import { HALT_ROOM } from "../../lib/lifecycle/restrict.ts";
import {
  MAX_RESTRICTIONS,
  NO_RESTRICTIONS,
  type Restrictions,
  restrictionsText,
} from "../../lib/trust/restrictions.ts";
import { HANDLE } from "../support/deliveries.ts";
import { forge } from "../support/forge.ts";
import type { Governed, Mutation } from "../support/governed.ts";
import { KEYS } from "../support/keys.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";
import { restrict } from "../support/restrict.ts";

/** What people stop for everybody, an actor or a key, and how it is taken back (PROTOCOL.md §6, §10). */

function done(answer: CommandAnswer | { readonly ok: false }): CommandAnswer {
  if (!answer.ok) throw new Error(`was refused: ${JSON.stringify(answer)}`);
  return answer;
}

type Claims = Parameters<Plane["command"]>[0];

/** A lift, signed by two names. */
function lifting(plane: Plane, claims: Claims): Record<string, unknown> {
  const jti = plane.world.newId();
  return {
    op: "command",
    command: plane.command({ ...claims, jti }),
    cosign: plane.command({ ...claims, jti }, { signedBy: "otherOperator" }),
  };
}

async function live(mutation: Mutation = HANDLE) {
  const plane = await newPlane();
  const governed = plane.contract(mutation);
  const { handle, identity } = await plane.grant(mutation, governed);
  return { plane, governed, handle, id: identity.identityId };
}

const endsOf = (plane: Plane, { chainId }: Governed): string[] =>
  plane.types(chainId).filter((type) => isTerminal(type as never));

const ACTOR = "spiffe://example/agent";
const STOPS: Readonly<
  Record<
    string,
    {
      readonly code: string;
      readonly record: string;
      readonly claims: (plane: Plane) => Claims;
      readonly back: (plane: Plane) => Claims;
      readonly lifted: string;
    }
  >
> = {
  "the plane": {
    code: "PLANE_HALTED",
    record: "PlaneHalted",
    claims: () => ({ do: "haltPlane" }),
    back: () => ({ do: "resumePlane" }),
    lifted: "PlaneResumed",
  },
  "an actor": {
    code: "AGENT_HALTED",
    record: "AgentHalted",
    claims: (plane) => ({ do: "haltActor", actorId: actorOf(plane) }),
    back: (plane) => ({ do: "reinstateActor", actorId: actorOf(plane) }),
    lifted: "AgentReinstated",
  },
  "an executor's key": {
    code: "KEY_REVOKED",
    record: "KeyRevoked",
    claims: () => ({ do: "revokeKey", jkt: KEYS.agent.thumbprint }),
    back: () => ({ do: "reinstateKey", jkt: KEYS.agent.thumbprint }),
    lifted: "KeyReinstated",
  },
};

const actorOf = (plane: Plane): string => {
  const chain = plane.chains().find((each) => each.startsWith("intent/"));
  if (chain === undefined) return ACTOR;
  const issued = plane.records(chain).find(({ event }) => event.type === "IdentityIssued");
  return issued?.actor?.id ?? ACTOR;
};

const EXECUTION_ROLE = "arn:aws:iam::000000000000:role/exec-lambda";

/** Quarantines of roles that nobody uses, up to a few bytes below what a restrictions document may have. */
function filling(): Restrictions["quarantines"] {
  const entry = (n: number, length: number) => ({
    ...{ path: `${n}`.padStart(length, "r"), at: 1, cause: "REVOCATION_FAILED" as const },
  });
  const sizeOf = (quarantines: Restrictions["quarantines"]): number =>
    restrictionsText({ ...NO_RESTRICTIONS, quarantines }).length;
  const whole = [entry(0, 512)];
  while (sizeOf(whole) < MAX_RESTRICTIONS - HALT_ROOM - 1_100) whole.push(entry(whole.length, 512));
  const rest = MAX_RESTRICTIONS - HALT_ROOM - 20 - sizeOf([...whole, entry(998, 3), entry(999, 3)]);
  return [...whole, entry(998, 3 + Math.min(rest, 500)), entry(999, 3 + Math.max(0, rest - 500))];
}

suite("halts and revoked keys", () => {
  for (const [what, { code, record, claims, back, lifted }] of Object.entries(STOPS)) {
    test(`VAI-112 ${what} is stopped: nothing is granted or redeemed, and sweep ends what is open`, async () => {
      const { plane, governed, handle } = await live();
      const answer = done(await plane.revoke({ command: plane.command(claims(plane)) }));
      assert.equal(answer.inFlight, 1);
      assert.equal(answer.points[0]?.acknowledgedAt, undefined);
      assert.equal(answer.evidence?.chainId, "plane/registry");
      assert.ok(plane.types("plane/registry").includes(record));
      const before = plane.effects();
      assert.equal(refused(await plane.execute(plane.redemption(governed, handle))).code, code);
      assert.equal(refused(await plane.ask(HANDLE)).code, code);
      assert.equal(plane.effects().executions, before.executions);
      await plane.sweep();
      assert.deepEqual(endsOf(plane, governed), ["IdentityRevoked"]);
      assert.equal(
        verifyRecords(plane.rows("plane/registry"), plane.policy.planeKeys).verdict,
        "unanchored",
      );
    });

    test(`VAI-112 ${what} is started again by two names, once nothing of it is open`, async () => {
      const { plane } = await live();
      done(await plane.revoke({ command: plane.command(claims(plane)) }));
      plane.world.pass(61);
      const order = lifting(plane, back(plane));
      assert.equal(refused(await plane.govern(order)).code, "REVOCATION_PENDING");
      await plane.sweep();
      assert.equal(done(await plane.govern(order)).state, "LIFTED");
      assert.ok(plane.types("plane/registry").includes(lifted));
      assert.ok((await plane.ask(HANDLE)).ok);
    });

    test(`VAI-120 ${what} is not stopped anew by the same command after it was started again`, async () => {
      const { plane } = await live();
      const command = plane.command(claims(plane));
      done(await plane.revoke({ command }));
      await plane.sweep();
      plane.world.pass(29);
      assert.equal(done(await plane.revoke({ command })).points[0]?.acknowledgedAt, undefined);
      plane.world.pass(32);
      const order = lifting(plane, back(plane));
      done(await plane.govern(order));
      const again = done(await plane.revoke({ command }));
      assert.equal(again.deduplicated, true);
      const [{ requestedAt = "", acknowledgedAt = "" } = {}] = again.points;
      assert.equal(Date.parse(acknowledgedAt) - Date.parse(requestedAt), 30_000);
      assert.equal(done(await plane.govern(order)).deduplicated, true);
      assert.ok((await plane.ask(HANDLE)).ok);
    });
  }

  test("ADV-64 a halted agent gets nothing under another name of the same key, nor may it take one", async () => {
    const plane = await newPlane();
    assert.ok((await plane.ask()).ok);
    const renamed: Mutation = {
      intent: { set: { "/actor": "spiffe://example/other" } },
      contract: { set: { "/actor/id": "spiffe://example/other" } },
    };
    const answer = refused(await plane.ask(renamed));
    assert.deepEqual([answer.code, answer.stage], ["ACTOR_MISMATCH", "proof"]);
    done(
      await plane.revoke({ command: plane.command({ do: "haltActor", actorId: actorOf(plane) }) }),
    );
    assert.equal(refused(await plane.ask(renamed)).code, "AGENT_HALTED");
  });

  test("VAI-115 a halt that comes behind barrier 1 stops the call", async () => {
    const plane = await newPlane();
    const { assumeRole } = plane.deps;
    const deps = {
      ...plane.process(),
      assumeRole: async (input: Parameters<typeof assumeRole>[0]) => {
        done(await plane.revoke({ command: plane.command({ do: "haltPlane" }) }));
        return assumeRole(input);
      },
    };
    const governed = plane.contract();
    const answer = refused(await plane.issue(plane.event(governed), deps));
    assert.equal(answer.code, "PLANE_HALTED");
    assert.equal(plane.targets.calls.length, 0);
    assert.deepEqual(endsOf(plane, governed), ["IdentityRevoked"]);
  });

  test("VAI-115 a plane that is halted beside fifty running actions begins none once the adapter has acknowledged", async () => {
    const plane = await newPlane();
    // Not in step: some have ended, some are between barriers, some have not begun when the halt comes.
    const running = Array.from({ length: 50 }, async (_, index) => {
      for (let turn = 0; turn < 4 * index; turn++) await tick();
      return plane.issue(plane.event(plane.contract()));
    });
    while (plane.targets.calls.length < 5) await tick();
    const command = plane.command({ do: "haltPlane" });
    done(await plane.revoke({ command }));
    const answers = await Promise.all(running);
    const stopped = answers.filter((answer) => !answer.ok && answer.code === "PLANE_HALTED");
    assert.ok(stopped.length > 0, "not all of them had begun");
    const begun = plane.targets.calls.length;
    assert.equal(begun, answers.filter((answer) => answer.ok).length);
    plane.world.pass(30);
    const { points } = done(await plane.revoke({ command }));
    assert.notEqual(points[0]?.acknowledgedAt, undefined);
    await Promise.all(Array.from({ length: 50 }, () => plane.issue(plane.event(plane.contract()))));
    assert.equal(plane.targets.calls.length, begun);
  });

  test("POC-28 a revoked key of governance signs nothing any more", async () => {
    const plane = await newPlane();
    const jkt = KEYS.issuer.thumbprint;
    done(await plane.revoke({ command: plane.command({ do: "revokeKey", jkt }) }));
    assert.equal(refused(await plane.ask()).code, "CONTRACT_ISSUER_UNTRUSTED");
  });

  test("POC-28 a revoked decider decides nothing, and a revoked auditor is no second name", async () => {
    const plane = await newPlane();
    for (const { thumbprint: jkt } of [KEYS.decider, KEYS.auditor]) {
      done(await plane.revoke({ command: plane.command({ do: "revokeKey", jkt }) }));
    }
    assert.equal(refused(await plane.ask()).code, "DECISION_SIGNATURE_INVALID");
    const claims = { do: "reinstateKey", jkt: KEYS.decider.thumbprint, jti: "lift" };
    const cosign = plane.command(claims, { signedBy: "auditor" });
    const order = { op: "command", command: plane.command(claims), cosign };
    assert.equal(refused(await plane.govern(order)).code, "APPROVAL_REQUIRED");
  });

  test("VAI-112 a revoked operator orders nothing either while the Registry is stale, of a process that reads it now", async () => {
    const { plane, id } = await live();
    plane.isWhole = false;
    const jkt = KEYS.operator.thumbprint;
    done(await plane.revoke({ command: plane.command({ do: "revokeKey", jkt }) }));
    const head = plane.dynamo.table(TABLES.state).get("chain#plane/registry|head");
    Object.assign(head ?? {}, { marks: "garbage", marked: 1 });
    const command = plane.command({ do: "revokeIdentity", identityId: id });
    const { code } = refused(await plane.revoke({ command }, plane.process()));
    assert.equal(code, "ACTOR_AUTH_INVALID");
  });

  test("VAI-112 a policy that an anchor signed for another plane lets nobody speak here", async () => {
    const { plane, id } = await live();
    plane.isWhole = false;
    const other = { ...plane.policy, plane: "vai:000000000000:us-east-1:other" };
    const jws = forge("vai-trust-policy+jwt", other, "anchor", {}, plane.world.now);
    const table = plane.dynamo.table(TABLES.registry);
    const row = table.get("trust-policy|000000001");
    assert.ok(row);
    row["jws"] = jws;
    const command = plane.command({ do: "revokeIdentity", identityId: id });
    assert.equal(refused(await plane.revoke({ command }, plane.process())).code, "REGISTRY_STALE");
  });

  test("VAI-112 a revoked operator orders nothing any more", async () => {
    const plane = await newPlane();
    const jkt = KEYS.operator.thumbprint;
    done(await plane.revoke({ command: plane.command({ do: "revokeKey", jkt }) }));
    assert.equal(
      refused(await plane.revoke({ command: plane.command({ do: "haltPlane" }) })).code,
      "ACTOR_AUTH_INVALID",
    );
  });

  test("VAI-112 a plane key is revoked by two names; then only a publication with another key goes on", async () => {
    const plane = await newPlane();
    const jkt = await plane.deps.signer.keyid();
    const plain = plane.command({ do: "revokeKey", jkt });
    assert.deepEqual(
      [
        refused(await plane.revoke({ command: plain })).code,
        refused(await plane.revoke({ command: plain })).pointer,
      ],
      ["COMMAND_MALFORMED", "/command/jkt"],
    );
    const jti = "plane-key";
    const command = plane.command({ do: "revokePlaneKey", jkt, jti });
    assert.equal(refused(await plane.revoke({ command })).code, "APPROVAL_REQUIRED");
    const cosign = plane.command({ do: "revokePlaneKey", jkt, jti }, { signedBy: "otherOperator" });
    assert.equal(done(await plane.revoke({ command, cosign })).state, "REVOKED");
    assert.ok(plane.rows("plane/registry").some(({ record }) => record.includes("RootKeyRevoked")));
    assert.equal(refused(await plane.ask()).code, "EVIDENCE_SIGNER_UNAVAILABLE");
  });

  for (const [what, cosign, code] of [
    ["nobody", () => undefined, "APPROVAL_REQUIRED"],
    ["the same name", (plane: Plane, claims: Claims) => plane.command(claims), "APPROVAL_REQUIRED"],
    [
      "an agent",
      (plane: Plane, claims: Claims) => plane.command(claims, { signedBy: "agent" }),
      "APPROVAL_REQUIRED",
    ],
    [
      "a machine that may only signal",
      (plane: Plane, claims: Claims) => plane.command(claims, { signedBy: "signaller" }),
      "APPROVAL_REQUIRED",
    ],
    [
      "another operator over other bytes",
      (plane: Plane, claims: Claims) =>
        plane.command({ ...claims, reason: "other" }, { signedBy: "otherOperator" }),
      "APPROVAL_REQUIRED",
    ],
    ["nobody who can sign", () => "x", "COMMAND_MALFORMED"],
  ] as const) {
    test(`VAI-118 a halt is not lifted with a cosignature by ${what}`, async () => {
      const plane = await newPlane();
      done(await plane.revoke({ command: plane.command({ do: "haltPlane" }) }));
      const claims = { do: "resumePlane", jti: "lift" };
      const second = cosign(plane, claims);
      const order = {
        op: "command",
        command: plane.command(claims),
        ...(second !== undefined && { cosign: second }),
      };
      const answer = refused(await plane.govern(order));
      assert.deepEqual([answer.code, answer.pointer?.startsWith("/cosign")], [code, true]);
      assert.equal(refused(await plane.ask()).code, "PLANE_HALTED");
    });
  }

  test("VAI-112 a halt or a revoked key covers whom it names", async () => {
    for (const claims of [
      { do: "haltActor", actorId: "another" },
      { do: "revokeKey", jkt: KEYS.otherAgent.thumbprint },
    ]) {
      const { plane, governed, handle } = await live();
      assert.equal(done(await plane.revoke({ command: plane.command(claims) })).inFlight, 0);
      assert.ok((await plane.execute(plane.redemption(governed, handle))).ok);
    }
  });

  for (const [what, claims, code] of [
    ["another actor", { do: "reinstateActor", actorId: "another" }, undefined],
    ["another key", { do: "reinstateKey", jkt: KEYS.otherAgent.thumbprint }, undefined],
    ["another role", { do: "liftQuarantine", path: "arn:aws:iam::0:role/other" }, undefined],
    ["its own key", { do: "reinstateKey", jkt: KEYS.agent.thumbprint }, "REVOCATION_PENDING"],
    ["its own role", { do: "liftQuarantine", path: EXECUTION_ROLE }, "REVOCATION_PENDING"],
  ] as const) {
    test(`VAI-118 while a handle is open, a lift of ${what} ${code === undefined ? "waits for nothing" : "waits"}`, async () => {
      const { plane } = await live();
      const answer = await plane.govern(lifting(plane, claims));
      assert.equal(answer.ok ? undefined : answer.code, code);
      // `sweep` ends what is open, each minute: asked for sooner, the lift waits all the same.
      const later = code === undefined ? undefined : [{ kind: "retry", afterSeconds: 60 }];
      assert.deepEqual(answer.ok ? undefined : answer.unlock, later);
    });
  }

  test("VAI-118 an identity is looked for that was issued long before its lift", async () => {
    const { plane } = await live();
    done(await plane.revoke({ command: plane.command({ do: "haltPlane" }) }));
    plane.world.pass(7_000);
    const answer = await plane.govern(lifting(plane, { do: "resumePlane" }));
    assert.equal(refused(answer).code, "REVOCATION_PENDING");
  });

  test("VAI-120 an id belongs to the name that signed it: another operator may use the same", async () => {
    const plane = await newPlane();
    done(await plane.revoke({ command: plane.command({ do: "haltPlane", jti: "1" }) }));
    plane.world.pass(61);
    const claims = { do: "resumePlane", jti: "1", iss: "otto" };
    const order = {
      op: "command",
      command: plane.command(claims, { signedBy: "otherOperator" }),
      cosign: plane.command(claims),
    };
    assert.equal(done(await plane.govern(order)).state, "LIFTED");
  });

  test("VAI-118 nothing is lifted under a trust policy that has ended", async () => {
    const plane = await newPlane();
    done(await plane.revoke({ command: plane.command({ do: "haltPlane" }) }));
    plane.world.pass(31 * 24 * 3600);
    const answer = refused(await plane.govern(lifting(plane, { do: "resumePlane" })));
    assert.deepEqual([answer.code, answer.stage], ["REGISTRY_STALE", "contract"]);
  });

  test("VAI-118 a plane key is never reinstated", async () => {
    const plane = await newPlane();
    const jkt = await plane.deps.planeSigner.keyid();
    const answer = refused(await plane.govern(lifting(plane, { do: "reinstateKey", jkt })));
    assert.deepEqual([answer.code, answer.pointer], ["COMMAND_MALFORMED", "/command/jkt"]);
  });

  test("VAI-112 a key for which the restrictions have no room halts the plane, and the record says instead of what", async () => {
    const plane = await newPlane();
    await restrict(plane, { set: { "/quarantines": filling() } });
    const jkt = KEYS.otherAgent.thumbprint;
    const answer = done(await plane.revoke({ command: plane.command({ do: "revokeKey", jkt }) }));
    assert.equal(answer.state, "HALTED");
    const last = plane.records("plane/registry").find(({ event }) => event.type === "PlaneHalted");
    assert.ok(last);
    assert.deepEqual(
      [last.detail["do"], /full/.test(String(last.detail["instead"]))],
      ["revokeKey", true],
    );
    assert.equal(refused(await plane.ask()).code, "PLANE_HALTED");
  });

  test("VAI-118 a plane goes on once IAM denies nothing any more of what would be issued, a minute behind its halt", async () => {
    const plane = await newPlane();
    done(await plane.revoke({ command: plane.command({ do: "haltPlane" }) }));
    plane.world.pass(60);
    const order = lifting(plane, { do: "resumePlane" });
    const answer = refused(await plane.govern(order));
    assert.equal(answer.code, "REVOCATION_PENDING");
    assert.match(answer.detail, /another 1 s/);
    plane.world.pass(1);
    assert.equal(done(await plane.govern(order)).state, "LIFTED");
  });

  for (const [stop, back] of [
    [{ do: "haltPlane" }, { do: "resumePlane" }],
    [
      { do: "haltActor", actorId: ACTOR },
      { do: "reinstateActor", actorId: ACTOR },
    ],
    [
      { do: "revokeKey", jkt: KEYS.otherAgent.thumbprint },
      { do: "reinstateKey", jkt: KEYS.otherAgent.thumbprint },
    ],
  ] as const) {
    test(`VAI-118 ${back.do} that was signed before the last ${stop.do} takes that one not back`, async () => {
      const plane = await newPlane();
      done(await plane.revoke({ command: plane.command(stop) }));
      plane.world.pass(61);
      const early = lifting(plane, back);
      plane.world.pass(1);
      done(await plane.revoke({ command: plane.command({ ...stop, reason: "again" }) }));
      plane.world.pass(62);
      const answer = refused(await plane.govern(early));
      assert.deepEqual([answer.code, answer.pointer], ["REQUEST_STALE", "/command/iat"]);
      assert.equal(done(await plane.govern(lifting(plane, back))).state, "LIFTED");
    });
  }

  test("VAI-118 what cannot be read at the moment of a lift comes back with no lift", async () => {
    const { plane, governed, handle } = await live();
    done(await plane.revoke({ command: plane.command({ do: "haltPlane" }) }));
    plane.world.pass(61);
    const head = plane.dynamo.table(TABLES.state).get(`chain#${governed.chainId}|head`) ?? {};
    const { hash } = head;
    head["hash"] = `sha256:${"0".repeat(64)}`;
    const answer = refused(await plane.govern(lifting(plane, { do: "resumePlane" })));
    assert.equal(answer.code, "REVOCATION_PENDING");
    head["hash"] = hash;
    assert.equal(
      refused(await plane.execute(plane.redemption(governed, handle))).code,
      "PLANE_HALTED",
    );
  });

  test("VAI-118 an auditor may be the second name", async () => {
    const plane = await newPlane();
    done(await plane.revoke({ command: plane.command({ do: "haltPlane" }) }));
    plane.world.pass(61);
    const claims = { do: "resumePlane", jti: "lift" };
    const order = {
      op: "command",
      command: plane.command(claims),
      cosign: plane.command(claims, { signedBy: "auditor" }),
    };
    assert.equal(done(await plane.govern(order)).state, "LIFTED");
  });
});

suite("halts while nothing can be recorded", () => {
  const silent = (plane: Plane) => plane.faults.plan({ at: "signer:sign", how: "throttle" });
  const registryOf = (plane: Plane) =>
    plane.dynamo.table(TABLES.registry).get("registry|head") ?? {};
  const headOf = (plane: Plane) =>
    plane.dynamo.table(TABLES.state).get("chain#plane/registry|head") ?? {};

  for (const [what, { record, claims }] of Object.entries(STOPS)) {
    test(`VAI-115 ${what} is stopped though KMS is silent; everything is refused until sweep has recorded it`, async () => {
      const { plane, governed, handle } = await live();
      silent(plane);
      const command = plane.command(claims(plane));
      const answer = done(await plane.revoke({ command }));
      assert.equal(answer.evidence, undefined);
      assert.equal(headOf(plane)["marked"], 1, "every append to the chain is bound to it");
      plane.faults.clear();
      const before = plane.effects();
      assert.equal(
        refused(await plane.execute(plane.redemption(governed, handle))).code,
        "REGISTRY_STALE",
      );
      assert.equal(refused(await plane.ask()).code, "REGISTRY_STALE");
      assert.equal(plane.effects().executions, before.executions);
      await plane.sweep();
      assert.ok(plane.types("plane/registry").includes(record));
      assert.equal(registryOf(plane)["pending"], undefined);
      assert.equal(headOf(plane)["marks"], undefined);
      assert.deepEqual(endsOf(plane, governed), ["IdentityRevoked"]);
      assert.equal(done(await plane.revoke({ command })).deduplicated, true);
    });
  }

  test("VAI-118 a plane key is not revoked by one name either, though nothing can be recorded and more is owed", async () => {
    const plane = await newPlane();
    const jkt = await plane.deps.signer.keyid();
    silent(plane);
    done(await plane.revoke({ command: plane.command({ do: "haltActor", actorId: "one" }) }));
    const before = structuredClone(registryOf(plane));
    for (const [name, deps] of [
      ["this process", plane.deps],
      ["one that has served nothing", plane.process()],
    ] as const) {
      const command = plane.command({ do: "revokeKey", jkt });
      const { code, pointer } = refused(await plane.revoke({ command }, deps));
      assert.deepEqual([code, pointer], ["COMMAND_MALFORMED", "/command/jkt"], name);
    }
    assert.deepEqual(registryOf(plane), before);
  });

  test("VAI-115 once the record stands, a further command is recorded as any other", async () => {
    const plane = await newPlane();
    silent(plane);
    done(await plane.revoke({ command: plane.command({ do: "haltActor", actorId: "one" }) }));
    plane.faults.clear();
    await plane.sweep();
    const answer = done(
      await plane.revoke({ command: plane.command({ do: "haltActor", actorId: "two" }) }),
    );
    assert.ok(answer.evidence);
  });

  test("VAI-120 a recorded command that somebody puts back is recorded no second time", async () => {
    const plane = await newPlane();
    const command = plane.command({ do: "haltPlane" });
    done(await plane.revoke({ command }));
    plane.world.pass(61);
    done(await plane.govern(lifting(plane, { do: "resumePlane" })));
    const before = plane.types("plane/registry");
    registryOf(plane)["pending"] = [command];
    await plane.sweep().catch(() => undefined);
    assert.deepEqual(plane.types("plane/registry"), before);
  });

  for (const [what, owed] of Object.entries({
    "an agent's command": (plane: Plane) =>
      plane.command({ do: "haltPlane" }, { signedBy: "agent" }),
    "an operator's lift": (plane: Plane) => plane.command({ do: "resumePlane" }),
  })) {
    test(`VAI-118 ${what} in the list of what is owed is never recorded, and lifts nothing`, async () => {
      const plane = await newPlane();
      done(await plane.revoke({ command: plane.command({ do: "haltActor", actorId: "one" }) }));
      const before = plane.types("plane/registry");
      registryOf(plane)["pending"] = [owed(plane)];
      await assert.rejects(plane.sweep(), { code: "REGISTRY_STALE" });
      assert.deepEqual(plane.types("plane/registry"), before);
      assert.equal(refused(await plane.ask()).code, "REGISTRY_STALE");
    });
  }

  test("VAI-115 restrictions that the owed command does not explain are not recorded with it", async () => {
    const plane = await newPlane();
    silent(plane);
    done(await plane.revoke({ command: plane.command({ do: "haltActor", actorId: "one" }) }));
    plane.faults.clear();
    const item = plane.dynamo.table(TABLES.registry).get("registry|restrictions") ?? {};
    item["document"] = restrictionsText({ ...NO_RESTRICTIONS, revokedKeys: ["a".repeat(43)] });
    const before = plane.types("plane/registry");
    await assert.rejects(plane.sweep(), { code: "REGISTRY_STALE" });
    assert.deepEqual(plane.types("plane/registry"), before);
  });

  test("VAI-118 a plane key is not revoked without its record", async () => {
    const plane = await newPlane();
    const claims = { do: "revokePlaneKey", jkt: await plane.deps.planeSigner.keyid(), jti: "k" };
    const cosign = plane.command(claims, { signedBy: "otherOperator" });
    silent(plane);
    const answer = refused(await plane.revoke({ command: plane.command(claims), cosign }));
    assert.equal(answer.code, "EVIDENCE_SIGNER_UNAVAILABLE");
    plane.faults.clear();
    assert.equal(registryOf(plane)["pending"], undefined);
    assert.ok((await plane.ask()).ok);
  });

  test("VAI-115 several are owed together, and each is recorded in its own words", async () => {
    const plane = await newPlane();
    silent(plane);
    done(await plane.revoke({ command: plane.command({ do: "haltActor", actorId: "one" }) }));
    done(await plane.revoke({ command: plane.command({ do: "haltActor", actorId: "two" }) }));
    plane.faults.clear();
    await plane.sweep();
    const halted = plane
      .records("plane/registry")
      .filter(({ event }) => event.type === "AgentHalted");
    assert.equal(halted.length, 2);
    assert.ok((await plane.ask()).ok);
  });

  test("VAI-91 a publication records what is owed under its own key, so that a dead key can be replaced", async () => {
    const plane = await newPlane();
    silent(plane);
    done(await plane.revoke({ command: plane.command({ do: "haltActor", actorId: "one" }) }));
    plane.faults.clear();
    await plane.publish();
    assert.deepEqual(plane.types("plane/registry").slice(-2), [
      "AgentHalted",
      "TrustPolicyPublished",
    ]);
    assert.ok((await plane.ask()).ok);
  });

  for (const [what, edit] of Object.entries({
    "the head's list is emptied": (plane: Plane) => delete registryOf(plane)["pending"],
    "the mark is removed": (plane: Plane) => delete headOf(plane)["marks"],
  })) {
    test(`VAI-115 it stays stopped when ${what}, and is recorded from the other place`, async () => {
      const plane = await newPlane();
      silent(plane);
      done(await plane.revoke({ command: plane.command({ do: "haltPlane" }) }));
      plane.faults.clear();
      edit(plane);
      assert.equal(refused(await plane.ask()).code, "REGISTRY_STALE");
      await plane.sweep();
      assert.equal(refused(await plane.ask()).code, "PLANE_HALTED");
    });
  }

  for (const [what, edit] of Object.entries({
    "a word that nobody signed": (plane: Plane) => {
      registryOf(plane)["pending"] = ["garbage"];
    },
    "restrictions that no command explains": (plane: Plane) => {
      const item = plane.dynamo.table(TABLES.registry).get("registry|restrictions") ?? {};
      item["document"] = String(item["document"]).replace(
        '"revokedKeys":[]',
        `"revokedKeys":["${"a".repeat(43)}"]`,
      );
    },
    "a mark on the chain's head": (plane: Plane) => {
      headOf(plane)["marks"] = [{ by: "garbage" }];
    },
  })) {
    test(`VAI-115 whoever writes tables without a key stops everything by ${what}, and records nothing`, async () => {
      const plane = await newPlane();
      const before = plane.types("plane/registry");
      edit(plane);
      assert.equal(refused(await plane.ask({}, plane.contract())).code, "REGISTRY_STALE");
      await assert.rejects(plane.sweep());
      assert.deepEqual(plane.types("plane/registry"), before);
    });
  }
});
