import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sentenceOf } from "../../lib/audit/sentences.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import { HANDLE } from "../support/deliveries.ts";
import { KEYS } from "../support/keys.ts";
import { newPlane, type Plane } from "../support/plane.ts";

/** What people read of what people ordered. */

const REGISTRY = "plane/registry";
const ACTOR = "spiffe://example.org/agent/coordinator";
const ROLE = "arn:aws:iam::000000000000:role/exec-lambda";

const told = (plane: Plane, chainId: string, type: string): string[] =>
  plane
    .records(chainId)
    .filter(({ event }) => event.type === type)
    .map(sentenceOf);

describe("what was ordered, in sentences", () => {
  for (const [claims, type, object] of [
    [{ do: "haltActor", actorId: ACTOR }, "AgentHalted", `haltActor of actor ${ACTOR}`],
    [
      { do: "revokeKey", jkt: KEYS.agent.thumbprint },
      "KeyRevoked",
      `revokeKey of key ${KEYS.agent.thumbprint}`,
    ],
    [{ do: "haltPlane" }, "PlaneHalted", "haltPlane"],
  ] as const) {
    test(`VAI-130 ${claims.do}: who, what, of what, and why`, async () => {
      const plane = await newPlane();
      await plane.revoke({ command: plane.command(claims) });
      const [sentence = ""] = told(plane, REGISTRY, type);
      assert.ok(sentence.startsWith(`olga ordered ${object}: agent behaves oddly`), sentence);
    });
  }

  for (const [claims, type, object] of [
    [{ do: "liftQuarantine", path: ROLE }, "QuarantineLifted", `role ${ROLE}`],
    [{ do: "reinstateActor", actorId: ACTOR }, "AgentReinstated", `actor ${ACTOR}`],
    [
      { do: "reinstateKey", jkt: KEYS.agent.thumbprint },
      "KeyReinstated",
      `key ${KEYS.agent.thumbprint}`,
    ],
  ] as const) {
    test(`VAI-130 ${claims.do}: the second key too`, async () => {
      const plane = await newPlane();
      const same = { jti: plane.world.newId(), ...claims };
      const cosign = plane.command(same, { signedBy: "otherOperator" });
      const answer = await plane.govern({ op: "command", command: plane.command(same), cosign });
      assert.ok(answer.ok, JSON.stringify(answer));
      assert.deepEqual(told(plane, REGISTRY, type), [
        `olga ordered ${claims.do} of ${object}, signed too with key ${KEYS.otherOperator.thumbprint}: agent behaves oddly`,
      ]);
    });
  }

  test("VAI-130 of an identity, a contract and a signal by their ids, each acknowledged for its own request", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const { identity } = await plane.grant(HANDLE, governed);
    const { contractDigest } = governed;
    for (const claims of [
      { do: "signal", kind: "risk", contractDigest },
      { do: "revokeIdentity", identityId: identity.identityId },
      { do: "revokeContract", contractDigest },
    ]) {
      await plane.revoke({ command: plane.command(claims) });
      plane.world.now += 1_000;
    }
    assert.deepEqual(told(plane, governed.chainId, "RevocationRequested"), [
      `olga ordered signal risk of contract ${contractDigest}: agent behaves oddly`,
      `olga ordered revokeIdentity of identity ${identity.identityId}: agent behaves oddly`,
      `olga ordered revokeContract of contract ${contractDigest}: agent behaves oddly`,
    ]);
    const requests = plane
      .records(governed.chainId)
      .filter(({ event }) => event.type === "RevocationAcknowledged")
      .map(({ detail }) => detail["requestedAt"]);
    assert.ok(requests.length > 0);
    assert.deepEqual(
      told(plane, governed.chainId, "RevocationAcknowledged").map(
        (sentence) => /^the denial requested at (\S+) reached point adapter/.exec(sentence)?.[1],
      ),
      requests,
    );
  });

  test("VAI-130 a refused command is no wish for an identity", async () => {
    const plane = await newPlane();
    const answer = await plane.revoke({
      command: plane.command({ do: "haltPlane" }, { signedBy: "agent" }),
    });
    const { evidence } = answer;
    assert.ok(!answer.ok && evidence !== undefined);
    const [requested, denied] = plane.records(evidence.chainId).map(sentenceOf);
    assert.equal(requested, "somebody sent a command that was refused");
    assert.match(denied ?? "", /^the command did nothing: ACTOR_AUTH_INVALID/);
    const [record] = plane.records(evidence.chainId);
    assert.ok(record);
    const by = (component: string): string =>
      sentenceOf({ ...record, source: { ...record.source, component } });
    assert.equal(by("govern"), requested);
    assert.match(by("issue"), /asked for an identity$/);
  });

  test("VAI-130 a command that nobody can read hides neither verb nor name", async () => {
    const plane = await newPlane();
    await plane.revoke({ command: plane.command({ do: "haltActor", actorId: ACTOR }) });
    const record = plane.records(REGISTRY).find(({ event }) => event.type === "AgentHalted");
    assert.ok(record);
    const unread: EvidenceRecord = { ...record, detail: { ...record.detail, command: "x.y.z" } };
    assert.match(sentenceOf(unread), /^olga ordered haltActor: agent behaves oddly/);
  });
});
