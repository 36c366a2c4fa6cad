import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { verifyRecords } from "../../lib/audit/verify.ts";
import type { CommandAnswer } from "../../lib/enforcement/commands/command.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import type { Governed, Mutation } from "../support/governed.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";

/** Commands of operators that deny one identity or one contract (PROTOCOL.md §10, VAI-112). */

const TWO: Mutation = {
  ...HANDLE,
  contract: { set: { "/deliveries": ["handle"], "/authorization_details/0/limits": { calls: 2 } } },
};

function done(answer: CommandAnswer | { readonly ok: false }): CommandAnswer {
  if (!answer.ok) throw new Error(`was refused: ${JSON.stringify(answer)}`);
  return answer;
}

const recordsOf = (plane: Plane, { chainId }: Governed, type: string): EvidenceRecord[] =>
  plane.records(chainId).filter(({ event }) => event.type === type);

async function live(): Promise<{ plane: Plane; governed: Governed; handle: unknown; id: string }> {
  const plane = await newPlane();
  const governed = plane.contract(HANDLE);
  const { handle, identity } = await plane.grant(HANDLE, governed);
  return { plane, governed, handle, id: identity.identityId };
}

suite("revoking an identity or a contract", () => {
  test("VAI-112 VAI-117 an identity is revoked at once, with the operator's own words, and reached at the adapter", async () => {
    const { plane, governed, handle, id } = await live();
    const command = plane.command({ do: "revokeIdentity", identityId: id });
    const answer = done(await plane.revoke({ command }));
    const [asked] = recordsOf(plane, governed, "RevocationRequested");
    const [end] = recordsOf(plane, governed, "IdentityRevoked");
    const [reached] = recordsOf(plane, governed, "RevocationAcknowledged");
    assert.equal(asked?.detail["command"], command);
    assert.equal(asked?.detail["endsContract"], undefined);
    assert.deepEqual([end?.identity?.id, end?.detail["state"]], [id, "REVOKED"]);
    assert.deepEqual([end?.detail["trigger"], end?.detail["used"]], ["operator", false]);
    assert.equal(reached?.detail["point"], "adapter");
    const { evidence, points, ...rest } = answer;
    assert.deepEqual(rest, { ok: true, deduplicated: false, state: "REVOKED", inFlight: 0 });
    assert.equal(evidence?.chainId, governed.chainId);
    assert.deepEqual(
      points.map(({ point, acknowledgedAt }) => [point, acknowledgedAt !== undefined]),
      [["adapter", true]],
    );
    assert.equal(
      refused(await plane.execute(plane.redemption(governed, handle))).code,
      "IDENTITY_REVOKED",
    );
    assert.equal(plane.targets.calls.length, 0);
    assert.equal(
      verifyRecords(plane.rows(governed.chainId), plane.policy.planeKeys).verdict,
      "unanchored",
    );
  });

  test("VAI-112 a contract is revoked with all of its identities, and nothing new comes of it", async () => {
    const plane = await newPlane();
    const governed = plane.contract(TWO);
    await plane.grant(TWO, governed);
    await plane.grant(TWO, governed);
    const { contractDigest } = governed;
    const answer = done(
      await plane.revoke({ command: plane.command({ do: "revokeContract", contractDigest }) }),
    );
    assert.equal(answer.state, "REVOKED");
    assert.equal(recordsOf(plane, governed, "IdentityRevoked").length, 2);
    assert.equal(
      recordsOf(plane, governed, "RevocationRequested")[0]?.detail["endsContract"],
      "REVOKED",
    );
    assert.equal(refused(await plane.ask(TWO, governed)).code, "CONTRACT_REVOKED");
    const item = plane.dynamo.table(TABLES.state).get(`chain#${governed.chainId}|head`);
    assert.equal(item?.["marks"], undefined, "what is recorded is no longer owed");
  });

  test("VAI-115 revoking one of two overlapping grants leaves the other working", async () => {
    const plane = await newPlane();
    const governed = plane.contract(TWO);
    const [first, second] = [await plane.grant(TWO, governed), await plane.grant(TWO, governed)];
    const { identityId } = first.identity;
    done(await plane.revoke({ command: plane.command({ do: "revokeIdentity", identityId }) }));
    assert.ok((await plane.execute(plane.redemption(governed, second.handle))).ok);
  });

  test("VAI-112 a contract that was never presented is revoked by what it is, and never runs", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const { contractDigest } = governed;
    const command = plane.command({ do: "revokeContract", contractDigest });
    assert.equal(refused(await plane.revoke({ command })).code, "CONTRACT_UNKNOWN");
    done(await plane.revoke({ command, contract: governed.contract }));
    assert.equal(plane.state(governed.chainId).opens?.issuer, "governance.example");
    assert.equal(refused(await plane.ask({}, governed)).code, "CONTRACT_REVOKED");
    assert.equal(plane.targets.calls.length, 0);
  });

  test("VAI-112 a contract that no issuer signed opens no intent, though an operator revokes it", async () => {
    for (const [change, code] of [
      [{ signedBy: "stranger" }, "CONTRACT_ISSUER_UNTRUSTED"],
      [{ signature: "flipped" }, "CONTRACT_SIGNATURE_INVALID"],
    ] as const) {
      const plane = await newPlane();
      const { contract, contractDigest, chainId } = plane.contract({ contract: change });
      const command = plane.command({ do: "revokeContract", contractDigest });
      assert.equal(refused(await plane.revoke({ command, contract })).code, code);
      assert.deepEqual(plane.rows(chainId), []);
      assert.equal(plane.dynamo.table(TABLES.state).has(`chain#${chainId}|head`), false);
    }
  });

  test("VAI-120 the same command again ends nothing twice and says so, also past its end", async () => {
    const { plane, governed, id } = await live();
    const command = plane.command({ do: "revokeIdentity", identityId: id });
    const { points } = done(await plane.revoke({ command }));
    const before = plane.types(governed.chainId);
    const headOf = () => plane.dynamo.table(TABLES.state).get(`chain#${governed.chainId}|head`);
    const head = structuredClone(headOf());
    plane.world.pass(301);
    const again = done(await plane.revoke({ command }));
    assert.deepEqual([again.deduplicated, again.state], [true, "REVOKED"]);
    assert.notEqual(points[0]?.acknowledgedAt, undefined);
    assert.deepEqual(again.points, points, "each point was reached when it was");
    assert.deepEqual(plane.types(governed.chainId), before);
    assert.deepEqual(headOf(), head, "nor is it committed anew");
  });

  test("VAI-120 another command on an ended identity is recorded and ends nothing more", async () => {
    const { plane, governed, handle, id } = await live();
    assert.ok((await plane.execute(plane.redemption(governed, handle))).ok);
    const command = plane.command({ do: "revokeIdentity", identityId: id });
    const answer = done(await plane.revoke({ command }));
    assert.equal(answer.state, "COMPLETED");
    assert.equal(recordsOf(plane, governed, "IdentityRevoked").length, 0);
    assert.equal(recordsOf(plane, governed, "IdentityCompleted").length, 1);
  });

  test("VAI-115 a denial is committed though KMS is silent; its record is owed, and the same command writes it", async () => {
    const { plane, governed, handle, id } = await live();
    const command = plane.command({ do: "revokeIdentity", identityId: id });
    plane.faults.plan({ at: "signer:sign", how: "throttle" });
    const answer = done(await plane.revoke({ command }));
    assert.equal(answer.evidence, undefined);
    assert.equal(answer.inFlight, 1, "nobody could look");
    const head = plane.dynamo.table(TABLES.state).get(`chain#${governed.chainId}|head`);
    assert.equal(head?.["marked"], 1, "every append is bound to it");
    assert.equal(answer.points[0]?.acknowledgedAt, undefined);
    assert.equal(
      refused(await plane.execute(plane.redemption(governed, handle))).code,
      "IDENTITY_REVOKED",
    );
    plane.faults.clear();
    const again = done(await plane.revoke({ command }));
    assert.ok(again.evidence);
    assert.equal(again.deduplicated, true);
    assert.equal(recordsOf(plane, governed, "IdentityRevoked").length, 1);
  });

  test("VAI-115 records of one denial take no other's mark away", async () => {
    const plane = await newPlane();
    const governed = plane.contract(TWO);
    const [first, second] = [await plane.grant(TWO, governed), await plane.grant(TWO, governed)];
    const order = ({ identity: { identityId } }: typeof first) =>
      plane.command({ do: "revokeIdentity", identityId });
    plane.faults.plan({ at: "signer:sign", how: "throttle" });
    done(await plane.revoke({ command: order(first) }));
    plane.faults.clear();
    assert.ok(done(await plane.revoke({ command: order(second) })).evidence);
    const head = plane.dynamo.table(TABLES.state).get(`chain#${governed.chainId}|head`);
    const left = head?.["marks"] as { identityId: string }[];
    assert.deepEqual(
      left.map(({ identityId }) => identityId),
      [first.identity.identityId],
    );
    assert.equal(
      refused(await plane.execute(plane.redemption(governed, first.handle))).code,
      "IDENTITY_REVOKED",
    );
  });

  test("VAI-115 a row of State that names a chain without records opens none, and is not answered as a denial", async () => {
    const plane = await newPlane();
    const { contractDigest, chainId } = plane.contract();
    const [pk, sk] = [`contract#${contractDigest}`, "chain"];
    plane.dynamo.table(TABLES.state).set(`${pk}|${sk}`, { pk, sk, value: chainId });
    const command = plane.command({ do: "revokeContract", contractDigest });
    const answer = refused(await plane.revoke({ command }));
    assert.deepEqual([answer.code, answer.stage], ["CONTRACT_UNKNOWN", "contract"]);
    assert.deepEqual(plane.rows(chainId), []);
  });

  test("VAI-112 an identity is found though its index lags, for five seconds", async () => {
    const { plane, id } = await live();
    plane.dynamo.unindexed.add(id);
    const answer = await plane.revoke({
      command: plane.command({ do: "revokeIdentity", identityId: id }),
    });
    assert.ok(answer.ok);
    const nobody = "00000000-0000-4000-8000-000000000000";
    const unknown = refused(
      await plane.revoke({ command: plane.command({ do: "revokeIdentity", identityId: nobody }) }),
    );
    assert.deepEqual([unknown.code, unknown.pointer], ["IDENTITY_UNKNOWN", "/command/identityId"]);
  });

  test("VAI-112 an identity is revoked under a trust policy that has expired, and while the Registry is stale", async () => {
    for (const breaks of [
      (plane: Plane) => plane.world.pass(31 * 24 * 3600),
      (plane: Plane) => plane.dynamo.table(TABLES.registry).delete("registry|restrictions"),
    ]) {
      const { plane, governed, id } = await live();
      plane.isWhole = false;
      breaks(plane);
      const command = plane.command({ do: "revokeIdentity", identityId: id });
      done(await plane.revoke({ command }, plane.process()));
      const head = plane.dynamo.table(TABLES.state).get(`chain#${governed.chainId}|head`);
      const isRecorded = recordsOf(plane, governed, "IdentityRevoked").length === 1;
      assert.ok(isRecorded || Array.isArray(head?.["marks"]));
    }
  });

  test("VAI-115 delivered credentials: whether they were used nobody knows", async () => {
    const plane = await newPlane();
    const governed = plane.contract(CREDENTIALS);
    const { identity } = await plane.grant(CREDENTIALS, governed);
    const { identityId } = identity;
    done(await plane.revoke({ command: plane.command({ do: "revokeIdentity", identityId }) }));
    assert.equal(recordsOf(plane, governed, "IdentityRevoked")[0]?.detail["used"], "unknown");
  });

  test("VAI-112 EventBridge is transport: the same command as its detail does the same", async () => {
    const { plane, id } = await live();
    const command = plane.command({ do: "revokeIdentity", identityId: id });
    const event = {
      ...{ version: "0", id: "7bf73129", "detail-type": "vai-command", source: "any.example" },
      ...{ account: "000000000000", time: "2026-01-01T00:00:00Z", region: "us-east-1" },
      ...{ resources: [], detail: { command } },
    };
    assert.equal(done(await plane.revoke(event)).state, "REVOKED");
  });
});

suite("signals", () => {
  const LISTED: Mutation = {
    contract: { set: { "/deliveries": ["handle"], "/revokeOn": ["contextChanged"] } },
    request: { set: { "/delivery": "handle" } },
  };

  test("VAI-108 a signal that the contract lists ends it; by a machine that may only signal", async () => {
    const plane = await newPlane();
    const governed = plane.contract(LISTED);
    const { handle } = await plane.grant(LISTED, governed);
    const { contractDigest } = governed;
    const claims = { do: "signal", iss: "monitor", kind: "context", contractDigest };
    const command = plane.command(claims, { signedBy: "signaller" });
    assert.equal(done(await plane.revoke({ command })).state, "REVOKED");
    assert.equal(
      recordsOf(plane, governed, "IdentityRevoked")[0]?.detail["trigger"],
      "contextChanged",
    );
    assert.equal(
      refused(await plane.execute(plane.redemption(governed, handle))).code,
      "IDENTITY_REVOKED",
    );
  });

  test("VAI-110 a signal that the contract does not list is recorded and ends nothing", async () => {
    const plane = await newPlane();
    const governed = plane.contract(LISTED);
    const { handle } = await plane.grant(LISTED, governed);
    const { contractDigest } = governed;
    const command = plane.command({ do: "signal", kind: "risk", contractDigest });
    const answer = done(await plane.revoke({ command }));
    assert.deepEqual([answer.state, answer.points], ["NOTED", []]);
    assert.equal(recordsOf(plane, governed, "RevocationRequested").length, 1);
    assert.equal(done(await plane.revoke({ command })).deduplicated, true);
    assert.equal(recordsOf(plane, governed, "RevocationRequested").length, 1);
    const jti = JSON.parse(
      Buffer.from(String(command).split(".")[1] ?? "", "base64url").toString(),
    ).jti;
    const other = plane.command({ do: "signal", kind: "policy", contractDigest, jti });
    assert.equal(refused(await plane.revoke({ command: other })).code, "NONCE_REPLAYED");
    assert.ok((await plane.execute(plane.redemption(governed, handle))).ok);
  });
});

interface Bad {
  readonly what: string;
  readonly claims?: Record<string, unknown>;
  readonly change?: Parameters<Plane["command"]>[1];
  readonly event?: (command: unknown) => unknown;
  readonly code: string;
  readonly pointer?: string;
}

const BAD: readonly Bad[] = [
  {
    what: "is for another plane",
    claims: { aud: "vai:000000000000:us-east-1:other" },
    code: "AUDIENCE_MISMATCH",
    pointer: "/command/aud",
  },
  {
    what: "is from the future",
    change: { set: { "/iat": "$seconds+61", "/exp": "$seconds+200" } },
    code: "REQUEST_STALE",
    pointer: "/command/iat",
  },
  {
    what: "has ended",
    change: { set: { "/iat": "$seconds-300", "/exp": "$seconds+0" } },
    code: "REQUEST_STALE",
    pointer: "/command/exp",
  },
  {
    what: "lives too long",
    change: { set: { "/exp": "$seconds+301" } },
    code: "COMMAND_MALFORMED",
    pointer: "/command/exp",
  },
  {
    what: "is signed by an auditor",
    claims: { iss: "anna" },
    change: { signedBy: "auditor" },
    code: "ACTOR_AUTH_INVALID",
  },
  { what: "is signed by an agent", change: { signedBy: "agent" }, code: "ACTOR_AUTH_INVALID" },
  {
    what: "is signed by a machine that may only signal",
    claims: { iss: "monitor" },
    change: { signedBy: "signaller" },
    code: "ACTOR_AUTH_INVALID",
    pointer: "/command/do",
  },
  {
    what: "speaks in another operator's name",
    claims: { iss: "otto" },
    code: "ACTOR_AUTH_INVALID",
  },
  { what: "has a flipped signature", change: { signature: "flipped" }, code: "ACTOR_AUTH_INVALID" },
  {
    what: "has a member too many",
    claims: { also: 1 },
    code: "COMMAND_MALFORMED",
    pointer: "/command/also",
  },
  {
    what: "lacks its member",
    change: { remove: ["/identityId"] },
    code: "COMMAND_MALFORMED",
    pointer: "/command/identityId",
  },
  {
    what: "has a verb that nobody knows",
    claims: { do: "explode" },
    code: "COMMAND_MALFORMED",
    pointer: "/command/do",
  },
  {
    what: "is a review, of govern too",
    claims: {
      ...{ do: "reviewBreakGlass", finding: "was right" },
      contractDigest: `sha256:${"17".repeat(32)}`,
    },
    change: { remove: ["/identityId"] },
    code: "COMMAND_MALFORMED",
    pointer: "/command/do",
  },
  {
    what: "is a command of govern",
    claims: { do: "resumePlane" },
    change: { remove: ["/identityId"] },
    code: "COMMAND_MALFORMED",
    pointer: "/command/do",
  },
  {
    what: "comes in an event of another type",
    event: (command) => ({ "detail-type": "other", detail: { command } }),
    code: "COMMAND_MALFORMED",
    pointer: "/detail-type",
  },
  {
    what: "comes in an event whose detail is text",
    event: () => ({ "detail-type": "vai-command", detail: "x" }),
    code: "COMMAND_MALFORMED",
    pointer: "/detail",
  },
  {
    what: "has no identity in an event of EventBridge",
    event: (command) => ({ "detail-type": "vai-command", detail: { command } }),
    change: { remove: ["/identityId"] },
    code: "COMMAND_MALFORMED",
    pointer: "/detail/command/identityId",
  },
  {
    what: "is for another plane in an event of EventBridge",
    event: (command) => ({ "detail-type": "vai-command", detail: { command } }),
    claims: { do: "revokeIdentity", aud: "vai:000000000000:us-east-1:other" },
    code: "AUDIENCE_MISMATCH",
    pointer: "/detail/command/aud",
  },
  {
    what: "comes beside a stranger",
    event: (command) => ({ command, also: 1 }),
    code: "COMMAND_MALFORMED",
    pointer: "/also",
  },
  { what: "is not there", event: () => ({}), code: "COMMAND_MALFORMED", pointer: "/command" },
];

suite("commands that are refused", () => {
  for (const {
    what,
    claims = {},
    change,
    event = (command: unknown) => ({ command }),
    code,
    pointer,
  } of BAD) {
    test(`VAI-112 a command that ${what} changes nothing`, async () => {
      const { plane, governed, handle, id } = await live();
      const before = plane.types(governed.chainId);
      const command = plane.command({ do: "revokeIdentity", identityId: id, ...claims }, change);
      const answer = refused(await plane.revoke(event(command)));
      assert.deepEqual([answer.code, pointer && answer.pointer], [code, pointer]);
      assert.deepEqual(plane.types(governed.chainId), before);
      assert.ok(answer.evidence?.chainId.startsWith("unattributed/"));
      assert.ok((await plane.execute(plane.redemption(governed, handle))).ok);
    });
  }

  test("VAI-112 another command with the same id is a replay", async () => {
    const { plane, id } = await live();
    const jti = "order-1";
    done(
      await plane.revoke({ command: plane.command({ do: "revokeIdentity", identityId: id, jti }) }),
    );
    const other = plane.command({ do: "revokeIdentity", identityId: id, jti, reason: "again" });
    assert.equal(refused(await plane.revoke({ command: other })).code, "NONCE_REPLAYED");
  });

  test("VAI-112 garbage makes nobody search: without an operator's signature only the trust is read", async () => {
    const { plane, id } = await live();
    const command = plane.command({ do: "revokeIdentity", identityId: id }, { signedBy: "agent" });
    const before = plane.faults.counts.get("index:read");
    await plane.revoke({ command });
    assert.equal(plane.faults.counts.get("index:read"), before);
  });
});
