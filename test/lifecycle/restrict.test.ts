import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ReadCommand } from "../../lib/lifecycle/command.ts";
import { readCommand } from "../../lib/lifecycle/command.ts";
import {
  HALT_ROOM,
  isLifting,
  isRestricting,
  judgeKey,
  type Lifting,
  lifted,
  type Restricting,
  restricted,
} from "../../lib/lifecycle/restrict.ts";
import { isRefusal } from "../../lib/refusal.ts";
import {
  MAX_RESTRICTIONS,
  NO_RESTRICTIONS,
  type Restrictions,
  readRestrictions,
  restrictionsText,
} from "../../lib/trust/restrictions.ts";
import { KEYS } from "../support/keys.ts";
import { newPlane, Plane } from "../support/plane.ts";

/** What people stop for everybody is a document; each verb makes one change of it, and a lift takes only its own back. */

const plane = new Plane({ isGolden: true });
const { thumbprint } = KEYS.agent;
const OTHER = KEYS.otherAgent.thumbprint;

function read(claims: Parameters<Plane["command"]>[0]): ReadCommand {
  const command = readCommand(plane.command(claims));
  assert.ok(!isRefusal(command), JSON.stringify(command));
  return command;
}
function denial(claims: Parameters<Plane["command"]>[0]): ReadCommand<Restricting> {
  const command = read(claims);
  assert.ok(isRestricting(command));
  return command;
}
function lift(claims: Parameters<Plane["command"]>[0]): ReadCommand<Lifting> {
  const command = read(claims);
  assert.ok(isLifting(command));
  return command;
}

const DENIALS = [
  { do: "haltPlane" },
  { do: "haltActor", actorId: "one" },
  { do: "haltActor", actorId: "two" },
  { do: "revokeKey", jkt: thumbprint },
  { do: "revokeKey", jkt: OTHER },
];
const LIFTS = [
  { do: "resumePlane" },
  { do: "reinstateActor", actorId: "one" },
  { do: "reinstateActor", actorId: "two" },
  { do: "reinstateKey", jkt: thumbprint },
  { do: "reinstateKey", jkt: OTHER },
];

const all = (claims: readonly Parameters<Plane["command"]>[0][]): Restrictions =>
  claims.reduce(
    (before, each) => restricted(before, denial(each)).restrictions,
    NO_RESTRICTIONS as Restrictions,
  );

suite("denials of more than one contract", () => {
  test("VAI-112 a halt names its scope, and whose command it was", () => {
    const command = denial({ do: "haltActor", actorId: "one" });
    const { iat, iss } = command.claims;
    assert.deepEqual(restricted(NO_RESTRICTIONS, command), {
      restrictions: {
        ...NO_RESTRICTIONS,
        halts: [{ scope: "actor", actor: "one", at: iat, by: iss, command: command.jws.digest }],
      },
    });
    const halt = denial({ do: "haltPlane" });
    assert.deepEqual(restricted(NO_RESTRICTIONS, halt).restrictions.halts, [
      { scope: "plane", at: iat, by: iss, command: halt.jws.digest },
    ]);
  });

  test("VAI-120 the first of two halts of the same stands, and a key is revoked once", () => {
    const before = all(DENIALS);
    for (const claims of DENIALS) {
      const again = restricted(before, denial({ ...claims, iss: "otto" })).restrictions;
      assert.deepEqual(again, before, JSON.stringify(claims));
    }
  });

  test("VAI-112 a plane key is revoked in the same list", () => {
    const command = denial({ do: "revokePlaneKey", jkt: OTHER });
    assert.deepEqual(restricted(NO_RESTRICTIONS, command).restrictions.revokedKeys, [OTHER]);
  });

  for (const [at, claims] of LIFTS.entries()) {
    test(`VAI-118 ${claims.do} ${claims.actorId ?? claims.jkt ?? ""} takes its own back and nothing else`, () => {
      const others = DENIALS.filter((_, index) => index !== at);
      const after = lifted(all(DENIALS), lift(claims));
      const limits = (restrictions: Restrictions) =>
        readRestrictions(restrictionsText(restrictions))?.limits;
      assert.ok(limits(after));
      assert.deepEqual(limits(after), limits(all(others)));
    });
  }

  test("VAI-118 a quarantine is lifted by its path alone", () => {
    const path = (name: string) => ({ path: name, at: 1, cause: "REVOCATION_FAILED" as const });
    const before = { ...all(DENIALS), quarantines: [path("a"), path("b")] };
    assert.deepEqual(lifted(before, lift({ do: "liftQuarantine", path: "a" })), {
      ...before,
      quarantines: [path("b")],
    });
  });

  test("VAI-112 what has no room any more halts the plane, and says so; a byte less has room", () => {
    const command = denial({ do: "haltActor", actorId: "one" });
    const { length } = restrictionsText(restricted(NO_RESTRICTIONS, command).restrictions);
    assert.equal(restricted(NO_RESTRICTIONS, command, length + HALT_ROOM).instead, undefined);
    const full = restricted(NO_RESTRICTIONS, command, length + HALT_ROOM - 1);
    assert.deepEqual(
      full.restrictions.halts.map(({ scope }) => scope),
      ["plane"],
    );
    assert.match(full.instead ?? "", /full/);
    const halt = denial({ do: "haltPlane" });
    const whole = restrictionsText(restricted(NO_RESTRICTIONS, halt).restrictions).length;
    assert.equal(
      restricted(NO_RESTRICTIONS, halt, whole).instead,
      undefined,
      "it has its own room",
    );
    const letters = denial({ do: "haltActor", actorId: "é" });
    const bytes = Buffer.byteLength(
      restrictionsText(restricted(NO_RESTRICTIONS, letters).restrictions),
    );
    assert.equal(restricted(NO_RESTRICTIONS, letters, bytes + HALT_ROOM).instead, undefined);
    assert.ok(
      restricted(NO_RESTRICTIONS, letters, bytes + HALT_ROOM - 1).instead,
      "bytes, not letters",
    );
  });

  test("VAI-112 as many as fit are read again; the plane is halted for the next one", () => {
    const halt = (n: number) => ({
      ...{ scope: "actor", actor: `${n}`.padStart(400, "a"), at: 1, by: "olga" },
      command: `sha256:${"0".repeat(64)}`,
    });
    let before = NO_RESTRICTIONS as Restrictions;
    for (let n = 0; restrictionsText(before).length < MAX_RESTRICTIONS - HALT_ROOM - 600; n++) {
      before = { ...before, halts: [...before.halts, halt(n) as never] };
    }
    assert.ok(readRestrictions(restrictionsText(before)));
    const next = restricted(before, denial({ do: "haltActor", actorId: "z".repeat(512) }));
    assert.ok(next.instead);
    assert.equal(readRestrictions(restrictionsText(next.restrictions))?.limits.isPlaneHalted, true);
  });

  test("VAI-112 the longest halt of the plane has room beside whatever else there is", () => {
    const longest = denial({ do: "haltPlane", iss: "\u{1f6d1}".repeat(256) });
    const { restrictions } = restricted(NO_RESTRICTIONS, longest);
    const grown =
      Buffer.byteLength(restrictionsText(restrictions)) - restrictionsText(NO_RESTRICTIONS).length;
    assert.ok(grown < HALT_ROOM, `${grown}`);
  });
});

suite("which verb may name which key", () => {
  const SAID = [
    ["revokeKey", "agent", undefined],
    ["revokeKey", "issuer", undefined],
    ["revokeKey", "plane key", "use revokePlaneKey"],
    ["revokeKey", "anchor", "anchor's key"],
    ["revokePlaneKey", "plane key", undefined],
    ["revokePlaneKey", "agent", "use revokeKey"],
    ["revokePlaneKey", "anchor", "anchor's key"],
    ["reinstateKey", "agent", undefined],
    ["reinstateKey", "plane key", "cannot be taken back"],
    ["reinstateKey", "anchor", "anchor's key"],
  ] as const;
  for (const [verb, whose, why] of SAID) {
    test(`VAI-112 ${verb} of ${whose}: ${why ?? "may be"}`, async () => {
      const { policy, deps } = await newPlane({ isGolden: true });
      const keys = {
        agent: thumbprint,
        issuer: KEYS.issuer.thumbprint,
        anchor: KEYS.anchor.thumbprint,
        "plane key": await deps.planeSigner.keyid(),
      };
      const found = judgeKey(read({ do: verb, jkt: keys[whose] }), policy, deps.anchors);
      assert.equal(found?.code, why && "COMMAND_MALFORMED");
      assert.equal(found?.pointer, why && "/command/jkt");
      assert.ok(found === undefined || found.detail.includes(why ?? ""), found?.detail);
    });
  }

  test("VAI-112 verbs without a key are not asked for one", async () => {
    const { policy, deps } = await newPlane();
    assert.equal(judgeKey(read({ do: "haltPlane" }), policy, deps.anchors), undefined);
  });
});
