import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { verifyRecords } from "../../lib/audit/verify.ts";
import { sessionName } from "../../lib/authority/derive/session-name.ts";
import type { RefusedAnswer } from "../../lib/enforcement/answer.ts";
import type { CommandAnswer, UnreachedAnswer } from "../../lib/enforcement/commands/command.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import { quarantined } from "../../lib/lifecycle/restrict.ts";
import {
  NO_RESTRICTIONS,
  readRestrictions,
  restrictionsText,
} from "../../lib/trust/restrictions.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import type { Governed, Mutation } from "../support/governed.ts";
import { KEYS } from "../support/keys.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";
import { denies } from "../support/revocation-policy.ts";

/** Revocation that reaches AWS: point `iam`, its failure, quarantine (PROTOCOL.md §10, Points). */

const ROLE = "arn:aws:iam::000000000000:role/exec-dynamodb";
const OTHER_ROLE = "arn:aws:iam::000000000000:role/exec-lambda";
const TWICE: Mutation = {
  ...CREDENTIALS,
  contract: {
    set: {
      ...CREDENTIALS.contract?.set,
      "/authorization_details/0/limits": { calls: 2 },
    },
  },
};

type Answered = CommandAnswer | RefusedAnswer;

function done(answer: Answered): CommandAnswer {
  if (!answer.ok) throw new Error(`was refused: ${JSON.stringify(answer)}`);
  return answer;
}

/** A denial that stands and did not reach IAM. */
function unreached(answer: Answered): UnreachedAnswer {
  const { code, stage, retryable } = refused(answer);
  assert.deepEqual([code, stage, retryable], ["REVOCATION_FAILED", "execution", true]);
  return answer as UnreachedAnswer;
}

const acknowledged = ({ points }: Pick<CommandAnswer, "points">) =>
  points.map(({ point, role, acknowledgedAt }) => [point, role, acknowledgedAt !== undefined]);

const recordsOf = (plane: Plane, chainId: string, type: string): EvidenceRecord[] =>
  plane.records(chainId).filter(({ event }) => event.type === type);

const registryTypes = (plane: Plane): string[] =>
  plane.rows("plane/registry").map(({ record }) => JSON.parse(record).event.type);

const REGISTRY_FAILURE = ["EscalationRaised", "Quarantined"];

/** Whether IAM denies the session of an identity, as of its issuance. */
function isDenied(plane: Plane, identityId: string, role = "exec-dynamodb"): boolean {
  const document = plane.iam.document(role);
  const issuedAt = Math.floor(plane.world.now / 1000);
  return document !== undefined && denies(document, { tag: sessionName(identityId), issuedAt });
}

/** Credentials that left. */
async function delivered(mutation = CREDENTIALS): Promise<{
  readonly plane: Plane;
  readonly governed: Governed;
  readonly id: string;
}> {
  const plane = await newPlane();
  const governed = plane.contract(mutation);
  const { identity } = await plane.grant(mutation, governed);
  return { plane, governed, id: identity.identityId };
}

const revocation = (plane: Plane, identityId: string) =>
  plane.command({ do: "revokeIdentity", identityId });

/** The process that ran an action died in its call. */
async function running(mutation: Mutation = { base: "item" }) {
  const plane = await newPlane();
  const governed = plane.contract(mutation);
  const death = plane.faults.death({ at: "target:call" });
  void plane.ask(mutation, governed);
  await death;
  plane.faults.clear();
  const [id = ""] = plane.state(governed.chainId).identities.keys();
  return { plane, governed, id };
}

suite("point iam", () => {
  test("VAI-115 VAI-117 VAI-121 X-04 delivered credentials are denied at IAM, after the denial is committed, and how long it took is on record", async () => {
    const { plane, governed, id } = await delivered();
    let before: string[] = [];
    plane.iam.beforePut = () => {
      const { marks } =
        plane.dynamo.table(TABLES.state).get(`chain#${governed.chainId}|head`) ?? {};
      const isMarked = Array.isArray(marks) && marks.length > 0;
      before = [...(isMarked ? ["mark"] : []), ...plane.types(governed.chainId)];
    };
    const answer = done(await plane.revoke({ command: revocation(plane, id) }));
    assert.ok(before.includes("mark") || before.includes("RevocationRequested"));
    assert.deepEqual(acknowledged(answer), [
      ["adapter", undefined, true],
      ["iam", ROLE, true],
    ]);
    assert.ok(isDenied(plane, id));
    const requestedAt = recordsOf(plane, governed.chainId, "RevocationRequested")[0]?.detail[
      "requestedAt"
    ];
    const [, reached, ...more] = recordsOf(plane, governed.chainId, "RevocationAcknowledged");
    const { milliseconds, ...detail } = reached?.detail ?? {};
    assert.deepEqual(detail, { point: "iam", role: ROLE, requestedAt });
    assert.ok(Number(milliseconds) >= 0);
    assert.deepEqual(more, []);
    assert.equal(answer.points[1]?.requestedAt, requestedAt);
    assert.equal(
      verifyRecords(plane.rows(governed.chainId), plane.policy.planeKeys).verdict,
      "unanchored",
    );
  });

  test("VAI-115 a second holder under the same role is not denied", async () => {
    const { plane, governed, id } = await delivered(TWICE);
    const { identity } = await plane.grant(TWICE, governed);
    done(await plane.revoke({ command: revocation(plane, id) }));
    assert.deepEqual([isDenied(plane, id), isDenied(plane, identity.identityId)], [true, false]);
  });

  test("VAI-115 a contract is revoked with all of its sessions, which are one point", async () => {
    const { plane, governed, id } = await delivered(TWICE);
    const { identity } = await plane.grant(TWICE, governed);
    const { contractDigest } = governed;
    const command = plane.command({ do: "revokeContract", contractDigest });
    const answer = done(await plane.revoke({ command }));
    assert.deepEqual(acknowledged(answer).slice(1), [["iam", ROLE, true]]);
    assert.ok([id, identity.identityId].every((each) => isDenied(plane, each)));
    assert.equal(recordsOf(plane, governed.chainId, "RevocationAcknowledged").length, 2);
  });

  test("VAI-115 an execution that runs is denied at IAM; a handle that nobody redeemed has no session", async () => {
    const { plane, id } = await running();
    const answer = done(await plane.revoke({ command: revocation(plane, id) }));
    assert.equal(answer.inFlight, 1);
    assert.deepEqual(acknowledged(answer), [
      ["adapter", undefined, false],
      ["iam", ROLE, true],
    ]);
    assert.ok(isDenied(plane, id));
    const waiting = await plane.grant(HANDLE);
    const puts = plane.iam.puts.length;
    const { points } = done(
      await plane.revoke({ command: revocation(plane, waiting.identity.identityId) }),
    );
    assert.deepEqual([points.length, plane.iam.puts.length], [1, puts]);
  });

  test("VAI-115 a handle that runs is denied at the role that its operation has", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const { handle, identity } = await plane.grant(HANDLE, governed);
    const death = plane.faults.death({ at: "target:call" });
    void plane.execute(plane.redemption(governed, handle));
    await death;
    plane.faults.clear();
    const answer = done(await plane.revoke({ command: revocation(plane, identity.identityId) }));
    assert.deepEqual(acknowledged(answer).slice(1), [["iam", OTHER_ROLE, true]]);
    assert.ok(isDenied(plane, identity.identityId, "exec-lambda"));
  });

  test("VAI-115 a session that is over, or whose execution has ended, needs nothing of IAM", async () => {
    const { plane, id } = await delivered();
    const ended = plane.contract();
    const { identity } = await plane.grant({}, ended);
    plane.world.pass(901);
    for (const each of [id, identity.identityId]) {
      const { points } = done(await plane.revoke({ command: revocation(plane, each) }));
      assert.equal(points.length, 1);
    }
    assert.equal(plane.iam.puts.length, 0);
  });

  test("VAI-120 the same command again says what is on record, and puts nothing", async () => {
    const { plane, governed, id } = await delivered();
    const command = revocation(plane, id);
    const first = done(await plane.revoke({ command }));
    const [types, puts] = [plane.types(governed.chainId), plane.iam.puts.length];
    plane.world.pass(60);
    const again = done(await plane.revoke({ command }));
    assert.deepEqual(again.points[1], first.points[1]);
    assert.equal(again.deduplicated, true);
    assert.deepEqual([plane.types(governed.chainId), plane.iam.puts.length], [types, puts]);
  });

  test("VAI-115 IAM is told though KMS is silent; what is owed on record sweep writes, and puts nothing again", async () => {
    const { plane, governed, id } = await delivered();
    plane.faults.plan({ at: "signer:sign", how: "throttle" });
    const answer = done(await plane.revoke({ command: revocation(plane, id) }));
    assert.equal(answer.evidence, undefined);
    assert.deepEqual(acknowledged(answer).slice(1), [["iam", ROLE, true]]);
    assert.ok(isDenied(plane, id));
    plane.faults.clear();
    const puts = plane.iam.puts.length;
    plane.world.pass(60);
    await plane.sweep();
    const points = recordsOf(plane, governed.chainId, "RevocationAcknowledged");
    assert.deepEqual(points.map(({ detail }) => detail["point"]).sort(), ["adapter", "iam"]);
    assert.equal(plane.iam.puts.length, puts);
  });

  for (const [what, breaks] of [
    [
      "does not fold",
      (plane: Plane, { chainId }: Governed) => {
        const head = plane.dynamo.table(TABLES.state).get(`chain#${chainId}|head`);
        if (head !== undefined) head["hash"] = `sha256:${"0".repeat(64)}`;
      },
    ],
    [
      "nobody can read",
      (plane: Plane) => plane.faults.plan({ at: "evidence:read", how: "throttle" }),
    ],
    [
      "is sealed under trust that does not hold",
      (plane: Plane) => plane.dynamo.table(TABLES.registry).delete("registry|restrictions"),
    ],
  ] as const) {
    test(`VAI-115 a chain that ${what} hinders records alone: a session's tag follows from its identity`, async () => {
      for (const claims of [
        ({ id }: { id: string }) => ({ do: "revokeIdentity", identityId: id }),
        ({ digest }: { digest: string }) => ({ do: "revokeContract", contractDigest: digest }),
      ]) {
        const { plane, governed, id } = await delivered();
        plane.isWhole = false;
        breaks(plane, governed);
        const { contractDigest: digest } = governed;
        const command = plane.command(claims({ id, digest }));
        const answer = done(await plane.revoke({ command }, plane.process()));
        assert.equal(answer.evidence, undefined);
        assert.deepEqual(acknowledged(answer).slice(1), [["iam", ROLE, true]]);
        assert.ok(isDenied(plane, id));
      }
    });
  }

  test("VAI-115 where nobody says which role an identity has, its session is denied at each of them", async () => {
    const { plane, governed, id } = await delivered();
    plane.isWhole = false;
    const head = plane.dynamo.table(TABLES.state).get(`chain#${governed.chainId}|head`) ?? {};
    const { view: _view, due: _due, open: _open, ...rest } = head;
    plane.dynamo
      .table(TABLES.state)
      .set(`chain#${governed.chainId}|head`, { ...rest, hash: `sha256:${"0".repeat(64)}` });
    const answer = done(await plane.revoke({ command: revocation(plane, id) }));
    assert.deepEqual(
      acknowledged(answer)
        .slice(1)
        .map(([, role]) => role)
        .sort(),
      [ROLE, OTHER_ROLE],
    );
    assert.ok(isDenied(plane, id) && isDenied(plane, id, "exec-lambda"));
  });
});

suite("a denial that does not reach IAM", () => {
  test("ADV-46 VAI-117 VAI-118 refused: the denial stands, its failure is on record, and the role is quarantined", async () => {
    const { plane, governed, id } = await delivered();
    plane.faults.plan({ at: "iam:write", how: "denied" });
    const answer = unreached(await plane.revoke({ command: revocation(plane, id) }));
    assert.deepEqual([answer.state, answer.inFlight], ["REVOKED", 0]);
    assert.deepEqual(acknowledged(answer), [
      ["adapter", undefined, true],
      ["iam", ROLE, false],
    ]);
    assert.equal(answer.evidence?.chainId, governed.chainId);
    assert.ok(answer.detail.includes(ROLE));
    const types = plane.types(governed.chainId);
    assert.deepEqual(types.slice(-2), ["RevocationFailed", "EscalationRaised"]);
    assert.equal(answer.evidence?.seq, types.length);
    assert.ok(types.includes("IdentityRevoked"));
    const [failed] = recordsOf(plane, governed.chainId, "RevocationFailed");
    assert.deepEqual([failed?.detail["point"], failed?.detail["role"]], ["iam", ROLE]);
    assert.deepEqual(registryTypes(plane).slice(-2), REGISTRY_FAILURE);
    assert.equal(
      plane.chains().some((chain) => chain.startsWith("unattributed/")),
      false,
      "it was no refused command",
    );
  });

  test("ADV-47 VAI-118 a quarantined role serves nothing new, others do; one name does not lift it, two do", async () => {
    const { plane, id } = await delivered();
    plane.faults.plan({ at: "iam:write", how: "denied" });
    unreached(await plane.revoke({ command: revocation(plane, id) }));
    assert.equal(refused(await plane.ask(CREDENTIALS)).code, "PATH_QUARANTINED");
    assert.equal(refused(await plane.ask({ base: "item" })).code, "PATH_QUARANTINED");
    assert.ok((await plane.ask()).ok);
    const claims = { do: "liftQuarantine", path: ROLE, jti: "lift" };
    const command = plane.command(claims);
    const alone = refused(await plane.govern({ op: "command", command }));
    assert.equal(alone.code, "APPROVAL_REQUIRED");
    const cosign = plane.command(claims, { signedBy: "otherOperator" });
    assert.equal(done(await plane.govern({ op: "command", command, cosign })).state, "LIFTED");
    assert.ok((await plane.ask({ base: "item" })).ok);
  });

  for (const how of ["throttle", "timeout", "error"] as const) {
    test(`VAI-118 ${how}: it is tried again each minute, and counts as failed 120 s after the request`, async () => {
      const { plane, governed, id } = await delivered();
      plane.faults.plan({ at: "iam:write", how });
      const answer = done(await plane.revoke({ command: revocation(plane, id) }));
      assert.deepEqual(acknowledged(answer).slice(1), [["iam", ROLE, false]]);
      plane.world.pass(119);
      await plane.sweep();
      assert.equal(recordsOf(plane, governed.chainId, "RevocationFailed").length, 0);
      plane.world.pass(1);
      await plane.sweep();
      await plane.sweep();
      assert.equal(recordsOf(plane, governed.chainId, "RevocationFailed").length, 1);
      assert.deepEqual(registryTypes(plane).slice(-2), REGISTRY_FAILURE);
      assert.equal(registryTypes(plane).filter((type) => type === "Quarantined").length, 1);
      assert.equal(refused(await plane.ask(CREDENTIALS)).code, "PATH_QUARANTINED");
      plane.faults.clear();
      await plane.sweep();
      assert.ok(isDenied(plane, id));
      const reached = recordsOf(plane, governed.chainId, "RevocationAcknowledged").at(-1);
      assert.equal(reached?.detail["point"], "iam");
      assert.ok(Number(reached?.detail["milliseconds"]) >= 120_000);
      const head = plane.dynamo.table(TABLES.state).get(`chain#${governed.chainId}|head`);
      assert.equal(head?.["view"], undefined, "nothing is open any more");
    });
  }

  test("VAI-117 a put whose answer was lost is seen to be there, and acknowledged without another", async () => {
    const { plane, governed, id } = await delivered();
    plane.faults.plan({ at: "iam:write", how: "timeout", applied: true });
    done(await plane.revoke({ command: revocation(plane, id) }));
    const puts = plane.iam.puts.length;
    plane.world.pass(60);
    await plane.sweep();
    assert.equal(plane.iam.puts.length, puts);
    const points = recordsOf(plane, governed.chainId, "RevocationAcknowledged");
    assert.deepEqual(
      points.map(({ detail }) => detail["point"]),
      ["adapter", "iam"],
    );
  });

  test("VAI-117 the same command again tries again, and says how it stands", async () => {
    const { plane, id } = await delivered();
    plane.faults.plan({ at: "iam:write", how: "denied" });
    const command = revocation(plane, id);
    const first = unreached(await plane.revoke({ command }));
    const second = unreached(await plane.revoke({ command }));
    assert.deepEqual(second.points[1], first.points[1]);
    assert.equal(registryTypes(plane).filter((type) => type === "Quarantined").length, 1);
    plane.faults.clear();
    const third = done(await plane.revoke({ command }));
    assert.equal(third.deduplicated, true);
    assert.deepEqual(acknowledged(third).slice(1), [["iam", ROLE, true]]);
  });

  test("VAI-117 another command on the same identity does not pass over what has not reached IAM", async () => {
    const { plane, id } = await delivered();
    plane.faults.plan({ at: "iam:write", how: "denied" });
    unreached(await plane.revoke({ command: revocation(plane, id) }));
    const again = unreached(await plane.revoke({ command: revocation(plane, id) }));
    assert.deepEqual(acknowledged(again).slice(1), [["iam", ROLE, false]]);
  });

  test("VAI-118 a failure whose quarantine cannot be recorded is neither, until sweep can do both", async () => {
    const { plane, governed, id } = await delivered();
    plane.faults.plan({ at: "iam:write", how: "denied" });
    // The command's own records are the first transaction, the quarantine is the second.
    plane.faults.plan({ at: "evidence:write", how: "throttle", from: 2, to: 2 });
    unreached(await plane.revoke({ command: revocation(plane, id) }));
    assert.equal(recordsOf(plane, governed.chainId, "RevocationFailed").length, 0);
    plane.faults.clear();
    plane.faults.plan({ at: "iam:write", how: "denied" });
    await plane.sweep();
    assert.equal(recordsOf(plane, governed.chainId, "RevocationFailed").length, 1);
    assert.deepEqual(registryTypes(plane).slice(-2), REGISTRY_FAILURE);
  });

  test("VAI-118 refused while its records are owed: the role is quarantined as soon as that can be recorded", async () => {
    const { plane, governed, id } = await delivered();
    plane.isWhole = false;
    const head = plane.dynamo.table(TABLES.state).get(`chain#${governed.chainId}|head`) ?? {};
    const hash = head["hash"];
    head["hash"] = `sha256:${"0".repeat(64)}`;
    plane.faults.plan({ at: "iam:write", how: "denied" });
    const answer = unreached(await plane.revoke({ command: revocation(plane, id) }));
    assert.equal(answer.evidence, undefined);
    assert.deepEqual(registryTypes(plane).slice(-2), REGISTRY_FAILURE);
    assert.ok(hash);
  });

  test("VAI-118 a role whose denials sweep cannot put is quarantined; one that owes nothing is not", async () => {
    const { plane, id } = await delivered();
    done(await plane.revoke({ command: revocation(plane, id) }));
    plane.iam.plant("exec-dynamodb", JSON.stringify({ Version: "2012-10-17", Statement: [] }));
    plane.faults.plan({ at: "iam:write", how: "denied" }, { at: "iam:read", how: "denied" });
    assert.equal((await plane.sweep()).failed, 1);
    const last = plane.rows("plane/registry").map(({ record }) => JSON.parse(record));
    assert.deepEqual(
      last.filter(({ event }) => event.type === "Quarantined").map(({ detail }) => detail.path),
      [ROLE],
    );
    plane.faults.clear();
    assert.equal((await plane.sweep()).failed, 0);
    assert.ok(isDenied(plane, id));
  });

  test("VAI-118 a quarantine that does not fit halts the plane, once", () => {
    const full = quarantined(NO_RESTRICTIONS, [ROLE], 7, 100);
    assert.ok(full.instead?.includes("halted"));
    const [halt] = full.restrictions.halts;
    assert.deepEqual([halt?.scope, halt?.by, halt?.at], ["plane", "plane", 7]);
    assert.ok(readRestrictions(restrictionsText(full.restrictions))?.limits.isPlaneHalted);
    assert.equal(quarantined(full.restrictions, [ROLE], 8, 100).restrictions, full.restrictions);
  });

  test("VAI-119 when a role has no room to name one more session it is denied whole, and people are told", async () => {
    const { plane, governed, id } = await delivered();
    const until = Math.floor(plane.world.now / 1000) + 900;
    for (let index = 0; index < 300; index++) {
      const pk = `revoked#${ROLE}`;
      const sk = `${String(until).padStart(12, "0")}#vai-${index.toString(16).padStart(26, "0")}`;
      plane.dynamo.table(TABLES.state).set(`${pk}|${sk}`, { pk, sk });
    }
    done(await plane.revoke({ command: revocation(plane, id) }));
    assert.ok(plane.iam.document("exec-dynamodb")?.includes("Before"));
    const [told] = recordsOf(plane, governed.chainId, "EscalationRaised");
    assert.ok(String(told?.detail["reason"]).includes("no room"));
  });
});

suite("halts and keys at IAM", () => {
  test("VAI-115 a halted plane denies every execution role whole, and for a minute to come", async () => {
    const { plane, id } = await delivered();
    const answer = done(await plane.revoke({ command: plane.command({ do: "haltPlane" }) }));
    assert.equal(answer.state, "HALTED");
    assert.deepEqual(acknowledged(answer), [
      ["adapter", undefined, false],
      ["iam", OTHER_ROLE, true],
      ["iam", ROLE, true],
    ]);
    assert.ok(isDenied(plane, id) && isDenied(plane, "nobody", "exec-lambda"));
    const later = Math.floor(plane.world.now / 1000) + 60;
    const document = plane.iam.document("exec-dynamodb") ?? "";
    assert.equal(denies(document, { tag: "vai-x", issuedAt: later }), true);
    assert.equal(denies(document, { tag: "vai-x", issuedAt: later + 1 }), false);
    assert.deepEqual(registryTypes(plane).slice(-3), [
      "PlaneHalted",
      "RevocationAcknowledged",
      "RevocationAcknowledged",
    ]);
    assert.equal(answer.evidence?.seq, plane.rows("plane/registry").length);
    assert.equal(plane.woken, 2, "behind the publication and the halt");
    assert.equal(refused(await plane.ask()).code, "PLANE_HALTED");
  });

  for (const [what, claims] of [
    ["actor", (actor: string) => ({ do: "haltActor", actorId: actor })],
    ["key", (_: string, jkt: string) => ({ do: "revokeKey", jkt })],
  ] as const) {
    test(`VAI-115 X-32 the sessions of a halted ${what} are denied by name, and no other's`, async () => {
      const { plane, governed, id } = await delivered();
      const jkt = KEYS.agent.thumbprint;
      const actor = String(plane.records(governed.chainId).at(-1)?.actor?.id);
      const answer = done(await plane.revoke({ command: plane.command(claims(actor, jkt)) }));
      assert.deepEqual(acknowledged(answer).slice(1), [["iam", ROLE, true]]);
      assert.deepEqual([isDenied(plane, id), isDenied(plane, "other")], [true, false]);
      await plane.sweep();
      const [reached] = recordsOf(plane, governed.chainId, "RevocationAcknowledged");
      assert.deepEqual([reached?.detail["point"], reached?.detail["role"]], ["iam", ROLE]);
    });
  }

  test("VAI-115 a halted actor that has no session needs nothing of IAM", async () => {
    const { plane } = await delivered();
    await plane.grant(HANDLE);
    const other = plane.command({ do: "haltActor", actorId: "spiffe://nobody" });
    assert.equal(done(await plane.revoke({ command: other })).points.length, 1);
    assert.equal(plane.iam.puts.length, 0);
  });

  test("ADV-46 VAI-118 a halt that IAM refuses stands, and its roles are quarantined beyond it", async () => {
    const { plane } = await delivered();
    plane.faults.plan({ at: "iam:write", how: "denied" });
    const command = plane.command({ do: "haltPlane" });
    const answer = unreached(await plane.revoke({ command }));
    assert.equal(answer.state, "HALTED");
    const types = registryTypes(plane);
    assert.equal(types.filter((type) => type === "RevocationFailed").length, 2);
    assert.equal(types.filter((type) => type === "Quarantined").length, 2);
    unreached(await plane.revoke({ command }));
    assert.deepEqual(registryTypes(plane), types);
    assert.equal(refused(await plane.ask()).code, "PLANE_HALTED");
  });

  test("VAI-120 an old halt that was lifted since ends nothing that began behind it", async () => {
    const plane = await newPlane();
    const governed = plane.contract(CREDENTIALS);
    const actor = "spiffe://example.org/agent/coordinator";
    const halt = plane.command({ do: "haltActor", actorId: actor });
    done(await plane.revoke({ command: halt }));
    const claims = { do: "reinstateActor", actorId: actor, jti: "back" };
    const [command, cosign] = [
      plane.command(claims),
      plane.command(claims, { signedBy: "otherOperator" }),
    ];
    done(await plane.govern({ op: "command", command, cosign }));
    const { identity } = await plane.grant(CREDENTIALS, governed);
    assert.equal(done(await plane.revoke({ command: halt })).deduplicated, true);
    assert.equal(isDenied(plane, identity.identityId), false);
  });
});
