import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { sessionName } from "../../lib/authority/derive/session-name.ts";
import type { RefusedAnswer } from "../../lib/enforcement/answer.ts";
import type { CommandAnswer } from "../../lib/enforcement/commands/command.ts";
import { deniedAtRole } from "../../lib/enforcement/points/see-at-role.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import type { ProbeAnswer } from "../../lib/lifecycle/ports.ts";
import { CREDENTIALS } from "../support/deliveries.ts";
import type { Mutation } from "../support/governed.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";
import { denies } from "../support/revocation-policy.ts";

/** Point `session`: whether IAM denies what it was told to, seen by probes (PROTOCOL.md §10, Points). */

const ROLE = "arn:aws:iam::000000000000:role/exec-dynamodb";
const NOBODY = "vai-probe";
const TWICE: Mutation = {
  ...CREDENTIALS,
  contract: {
    set: { ...CREDENTIALS.contract?.set, "/authorization_details/0/limits": { calls: 2 } },
  },
};

/** An IAM that denies what its policy says, `late` milliseconds after it took it; every question is kept. */
function iamOf(plane: Plane, late = 0) {
  const asked: string[] = [];
  let since: number | undefined;
  plane.iam.beforePut = () => {
    since ??= plane.world.now;
  };
  plane.askIam = async (role, session): Promise<ProbeAnswer> => {
    asked.push(session);
    const document = plane.iam.document(role.slice(role.lastIndexOf("/") + 1)) ?? "{}";
    const isHeard = since !== undefined && plane.world.now >= since + late;
    const issuedAt = Math.floor(plane.world.now / 1000);
    return isHeard && denies(document, { tag: session, issuedAt }) ? "denied" : "allowed";
  };
  return asked;
}

async function delivered(late = 0, mutation = CREDENTIALS) {
  const plane = await newPlane();
  const asked = iamOf(plane, late);
  const governed = plane.contract(mutation);
  const { identity } = await plane.grant(mutation, governed);
  const id = identity.identityId;
  return { plane, asked, governed, id, chainId: governed.chainId };
}

const revocation = (plane: Plane, identityId: string) =>
  plane.command({ do: "revokeIdentity", identityId });

function done(answer: CommandAnswer | RefusedAnswer): CommandAnswer {
  if (!answer.ok) throw new Error(`was refused: ${JSON.stringify(answer)}`);
  return answer;
}

const acknowledged = ({ points }: Pick<CommandAnswer, "points">) =>
  points.map(({ point, acknowledgedAt }) => [point, acknowledgedAt !== undefined]);

const recordsOf = (plane: Plane, chainId: string, type: string): EvidenceRecord[] =>
  plane.records(chainId).filter(({ event }) => event.type === type);
const pointsOf = (plane: Plane, chainId: string) =>
  recordsOf(plane, chainId, "RevocationAcknowledged").map(({ detail }) => detail["point"]);

suite("whether IAM denies a role's sessions", () => {
  const [one, two] = ["vai-1", "vai-2"] as const;
  const answering =
    (answers: Readonly<Record<string, readonly ProbeAnswer[]>>, asked: string[] = []) =>
    async (_role: string, session: string): Promise<ProbeAnswer> => {
      const times = asked.push(session) && asked.filter((each) => each === session).length;
      return answers[session]?.[times - 1] ?? answers[session]?.at(-1) ?? "unknown";
    };
  const seen = async (answers: Readonly<Record<string, readonly ProbeAnswer[]>>) => [
    ...(await deniedAtRole(answering(answers), ROLE, [one, two])),
  ];

  test("VAI-115 each that was denied three times in a row, while nobody's was allowed", async () => {
    const nobody: readonly ProbeAnswer[] = ["allowed"];
    const asked: string[] = [];
    const ask = answering({ [NOBODY]: nobody, [one]: ["denied"], [two]: ["denied"] }, asked);
    assert.deepEqual([...(await deniedAtRole(ask, ROLE, [one, two]))], [one, two]);
    assert.deepEqual(asked.toSorted(), [one, one, one, two, two, two, NOBODY].toSorted());
    for (const other of ["allowed", "unknown"] as const) {
      for (const answers of [[other], ["denied", other], ["denied", "denied", other]] as const) {
        assert.deepEqual(await seen({ [NOBODY]: nobody, [one]: answers, [two]: ["denied"] }), [
          two,
        ]);
      }
    }
  });

  for (const other of ["denied", "unknown"] as const) {
    test(`VAI-115 none, where nobody's session is ${other} too`, async () => {
      assert.deepEqual(await seen({ [NOBODY]: [other], [one]: ["denied"], [two]: ["denied"] }), []);
    });
  }

  test("VAI-115 of many, some at a time, each of them", async () => {
    const many = Array.from({ length: 20 }, (_, index) => `vai-${index}`);
    const ask = async (_: string, session: string): Promise<ProbeAnswer> =>
      session === NOBODY ? "allowed" : "denied";
    assert.deepEqual([...(await deniedAtRole(ask, ROLE, many))], many);
  });
});

suite("point session", () => {
  test("VAI-115 VAI-117 VAI-121 a denial that IAM shows is acknowledged there, with its time, and the answer says so", async () => {
    const { plane, asked, chainId, id } = await delivered();
    const answer = done(await plane.revoke({ command: revocation(plane, id) }));
    assert.deepEqual(acknowledged(answer), [
      ["adapter", true],
      ["iam", true],
      ["session", true],
    ]);
    const [, iam, session] = recordsOf(plane, chainId, "RevocationAcknowledged");
    const { milliseconds: _, ...told } = iam?.detail ?? {};
    const { requestedAt } = told;
    assert.deepEqual(told, { point: "iam", role: ROLE, requestedAt, awaits: "session" });
    const { milliseconds, ...seen } = session?.detail ?? {};
    assert.deepEqual(seen, { point: "session", role: ROLE, requestedAt });
    assert.ok(Number(milliseconds) >= 0);
    assert.deepEqual(new Set(asked), new Set([sessionName(id), NOBODY]));
    assert.deepEqual(pointsOf(plane, chainId), ["adapter", "iam", "session"]);
    await plane.sweep();
    assert.equal(pointsOf(plane, chainId).length, 3, "nothing is left to be done");
  });

  test("VAI-117 IAM that needs some seconds is asked again while the answer waits", async () => {
    const { plane, chainId, id } = await delivered(2_000);
    const answer = done(await plane.revoke({ command: revocation(plane, id) }));
    assert.deepEqual(acknowledged(answer).at(-1), ["session", true]);
    const session = recordsOf(plane, chainId, "RevocationAcknowledged").at(-1);
    assert.ok(Number(session?.detail["milliseconds"]) >= 2_000);
  });

  test("VAI-117 what nobody saw in time is outstanding, and sweep asks again", async () => {
    const { plane, chainId, id } = await delivered(50_000);
    const command = revocation(plane, id);
    const answer = done(await plane.revoke({ command }));
    assert.deepEqual(acknowledged(answer).slice(1), [
      ["iam", true],
      ["session", false],
    ]);
    assert.deepEqual(pointsOf(plane, chainId), ["adapter", "iam"]);
    await plane.sweep();
    assert.equal(pointsOf(plane, chainId).length, 2);
    plane.world.pass(50);
    await plane.sweep();
    assert.deepEqual(pointsOf(plane, chainId), ["adapter", "iam", "session"]);
    assert.deepEqual(acknowledged(done(await plane.revoke({ command }))).at(-1), ["session", true]);
  });

  test("VAI-118 ADV-46 outstanding for 120 s it has failed, once, and the role is quarantined; seen later, that is on record too", async () => {
    const { plane, chainId, id } = await delivered(600_000);
    const command = revocation(plane, id);
    done(await plane.revoke({ command }));
    plane.world.pass(100);
    await plane.sweep();
    assert.equal(recordsOf(plane, chainId, "RevocationFailed").length, 0);
    plane.world.pass(20);
    await plane.sweep();
    await plane.sweep();
    const failed = recordsOf(plane, chainId, "RevocationFailed");
    assert.deepEqual(
      failed.map(({ detail }) => [detail["point"], detail["role"]]),
      [["session", ROLE]],
    );
    assert.equal(plane.types(chainId).at(-1), "EscalationRaised");
    assert.equal(refused(await plane.ask(CREDENTIALS)).code, "PATH_QUARANTINED");
    const again = refused((await plane.revoke({ command })) as RefusedAnswer);
    assert.equal(again.code, "REVOCATION_FAILED");
    plane.world.pass(480);
    await plane.sweep();
    assert.equal(pointsOf(plane, chainId).at(-1), "session");
    assert.ok((await plane.revoke({ command })).ok);
  });

  test("VAI-118 a fault of the question is no denial: it is outstanding", async () => {
    const { plane, chainId, id } = await delivered();
    plane.askIam = async (_, session) => (session === NOBODY ? "allowed" : "unknown");
    const answer = done(await plane.revoke({ command: revocation(plane, id) }));
    assert.deepEqual(acknowledged(answer).at(-1), ["session", false]);
    assert.deepEqual(pointsOf(plane, chainId), ["adapter", "iam"]);
  });

  test("VAI-115 of a contract with two sessions both must be seen", async () => {
    const { plane, governed, id, chainId } = await delivered(0, TWICE);
    await plane.grant(TWICE, governed);
    const first = sessionName(id);
    plane.askIam = async (_, session) => (session === first ? "denied" : "allowed");
    const { contractDigest } = governed;
    const command = plane.command({ do: "revokeContract", contractDigest });
    assert.deepEqual(acknowledged(done(await plane.revoke({ command }))).at(-1), [
      "session",
      false,
    ]);
    iamOf(plane);
    plane.iam.beforePut();
    await plane.sweep();
    assert.deepEqual(pointsOf(plane, chainId), ["adapter", "iam", "session"]);
  });

  test("VAI-115 what the denial of a whole role covers has none: every probe is younger", async () => {
    const { plane, asked, id } = await delivered();
    const halted = done(await plane.revoke({ command: plane.command({ do: "haltPlane" }) }));
    assert.ok(halted.points.every(({ point }) => point !== "session"));
    assert.deepEqual(asked, []);
    assert.ok(id);
  });

  test("VAI-115 a halted actor's sessions are seen by name, on the Registry's chain", async () => {
    const { plane, chainId } = await delivered();
    const actorId = String(plane.records(chainId).at(-1)?.actor?.id);
    const command = plane.command({ do: "haltActor", actorId });
    const answer = done(await plane.revoke({ command }));
    assert.deepEqual(acknowledged(answer).slice(1), [
      ["iam", true],
      ["session", true],
    ]);
    const points = plane
      .rows("plane/registry")
      .map(({ record }) => JSON.parse(record) as EvidenceRecord)
      .filter(({ event }) => event.type === "RevocationAcknowledged")
      .map(({ detail }) => detail["point"]);
    assert.deepEqual(points, ["iam", "session"]);
    done(await plane.revoke({ command }));
    assert.equal(plane.rows("plane/registry").length, answer.evidence?.seq);
  });

  test("VAI-115 a denial whose record is owed says all the same what was seen", async () => {
    const { plane, id } = await delivered();
    plane.faults.plan({ at: "evidence:write", how: "throttle" });
    const answer = done(await plane.revoke({ command: revocation(plane, id) }));
    assert.equal(answer.evidence, undefined);
    assert.deepEqual(acknowledged(answer).at(-1), ["session", true]);
  });

  test("VAI-115 where STS cannot tell there is no such point, and nothing is outstanding", async () => {
    const { plane, chainId, id } = await delivered();
    plane.askIam = undefined;
    const answer = done(await plane.revoke({ command: revocation(plane, id) }));
    assert.deepEqual(acknowledged(answer), [
      ["adapter", true],
      ["iam", true],
    ]);
    const iam = recordsOf(plane, chainId, "RevocationAcknowledged").at(-1);
    assert.equal(Object.hasOwn(iam?.detail ?? {}, "awaits"), false);
  });
});
