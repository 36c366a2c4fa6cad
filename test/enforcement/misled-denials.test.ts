import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { sessionName } from "../../lib/authority/derive/session-name.ts";
import { sha256Digest } from "../../lib/encoding/digest.ts";
import type { RefusedAnswer } from "../../lib/enforcement/answer.ts";
import type { CommandAnswer } from "../../lib/enforcement/commands/command.ts";
import { isTerminal } from "../../lib/evidence/events.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import type { Governed, Mutation } from "../support/governed.ts";
import { KEYS } from "../support/keys.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";
import { slowEvidence } from "../support/slow-evidence.ts";

/*
 * A denial that is answered as done is done: whatever somebody without keys has put into tables to lead it elsewhere, and
 * whatever does not answer. And nobody's edit has something recorded as an operator's word that is not.
 */

type Item = Record<string, unknown>;

const itemOf = (plane: Plane, table: "state" | "registry", key: string): Item => {
  const item = plane.dynamo.table(TABLES[table]).get(key);
  assert.ok(item, key);
  return item as Item;
};
const headOf = (plane: Plane, chainId: string): Item =>
  itemOf(plane, "state", `chain#${chainId}|head`);

/** A plane whose tables are edited; a handle of one contract waits in somebody's hands. */
async function edited(mutation: Mutation = HANDLE) {
  const plane = await newPlane();
  plane.isWhole = false;
  const governed = plane.contract(mutation);
  const { handle, identity } = await plane.grant(mutation, governed);
  const redeem = () => plane.execute(plane.redemption(governed, handle));
  return { plane, governed, identityId: identity.identityId, redeem };
}

const done = (answer: CommandAnswer | RefusedAnswer): CommandAnswer => {
  assert.ok(answer.ok, JSON.stringify(answer));
  return answer;
};

/** Chains that forged rows name before the real one. */
const FORGED = 80;

/** By chance the last chain that the index names, the real one, comes where `first` says; all others stand at the middle. */
const chances = (first: number) => {
  let asked = 0;
  return () => (asked++ === FORGED ? first : 0.5);
};

const SILENT = { at: "signer:sign", how: "throttle" } as const;

suite("a denial that somebody leads elsewhere", () => {
  for (const isSent of [false, true]) {
    test(`VAI-115 State's row names another chain for a contract${isSent ? ", which is sent along: it is revoked where it belongs" : ": it is not answered as revoked"}`, async () => {
      const { plane, governed, redeem } = await edited();
      const other = plane.contract(HANDLE);
      await plane.grant(HANDLE, other);
      const { contractDigest, contract } = governed;
      itemOf(plane, "state", `contract#${contractDigest}|chain`)["value"] = other.chainId;
      const command = plane.command({ do: "revokeContract", contractDigest });
      const answer = await plane.revoke({ command, ...(isSent && { contract }) });
      assert.equal(answer.ok, isSent, JSON.stringify(answer));
      if (isSent) assert.equal(refused(await redeem()).code, "IDENTITY_REVOKED");
      else assert.equal(refused(answer).code, "CONTRACT_UNKNOWN");
    });
  }

  test("VAI-115 State's row names a chain that is no intent's: nothing is written there", async () => {
    const { plane, governed } = await edited();
    const { contractDigest } = governed;
    itemOf(plane, "state", `contract#${contractDigest}|chain`)["value"] = "plane/registry";
    const before = plane.types("plane/registry");
    const command = plane.command({ do: "revokeContract", contractDigest });
    assert.equal(refused(await plane.revoke({ command })).code, "CONTRACT_UNKNOWN");
    assert.deepEqual(plane.types("plane/registry"), before);
    assert.ok((await plane.ask()).ok);
  });

  test("VAI-115 somebody's mark with a member that a class has keeps no denial beside it from its record", async () => {
    const { plane, governed, identityId, redeem } = await edited();
    const foreign = { at: 1, constructor: "nobody's" };
    Object.assign(headOf(plane, governed.chainId), { marks: [foreign], marked: 1 });
    const command = plane.command({ do: "revokeIdentity", identityId });
    const { evidence } = done(await plane.revoke({ command }));
    assert.ok(evidence, "the record is not owed");
    assert.ok(plane.types(governed.chainId).includes("RevocationRequested"));
    assert.deepEqual(headOf(plane, governed.chainId)["marks"], [foreign]);
    assert.equal(refused(await redeem()).code, "IDENTITY_REVOKED");
  });

  for (const chainId of ["intent/another", "unattributed/x"]) {
    test(`VAI-115 a forged row of Evidence says that an identity is of ${chainId}: it is revoked where it is`, async () => {
      const { plane, identityId, redeem } = await edited();
      const at = "2000-01-01T00:00:00.000Z";
      const row = { chainId, seq: 1, at, identityId, record: "{}", eventType: "Forged" };
      plane.dynamo.table(TABLES.evidence).set(`${chainId}|1`, row);
      done(await plane.revoke({ command: plane.command({ do: "revokeIdentity", identityId }) }));
      assert.equal(refused(await redeem()).code, "IDENTITY_REVOKED");
    });
  }

  for (const { what, seconds, isFound } of [
    { what: "as many as can be read: it is revoked", seconds: 0.1, isFound: true },
    { what: "more than can be read: it is told, and asking again finds it", seconds: 0.5 },
  ]) {
    test(`VAI-115 ADV-36 ${FORGED} forged rows say that an identity is of as many chains, ${what}`, async () => {
      const { plane, identityId, redeem } = await edited();
      const evidence = plane.dynamo.table(TABLES.evidence);
      for (let n = 0; n < FORGED; n++) {
        const chainId = `intent/forged-${n}`;
        evidence.set(`${chainId}|1`, { chainId, seq: 1, at: "0", identityId, record: "{}" });
      }
      const read = new Set<string>();
      const slow = slowEvidence(plane.deps.evidence, (chainId) => {
        if (!read.has(chainId)) plane.world.pass(seconds);
        read.add(chainId);
      });
      const command = plane.command({ do: "revokeIdentity", identityId });
      const ask = (first: number) =>
        plane.revoke(
          { command },
          { ...plane.deps, evidence: slow, random: chances(first), sleep: async () => undefined },
        );
      const begun = plane.world.now;
      const answer = await ask(0.9);
      assert.ok(plane.world.now - begun <= 24_000, `${plane.world.now - begun} ms`);
      read.clear();
      if (isFound !== true) {
        const { code, retryable } = refused(answer);
        assert.deepEqual([code, retryable], ["DEPENDENCY_UNAVAILABLE", true]);
      }
      assert.equal(done(isFound ? answer : await ask(0.1)).state, "REVOKED");
      assert.equal(refused(await redeem()).code, "IDENTITY_REVOKED");
    });
  }

  test("VAI-120 a mark that was turned to another target is not the command's: it is committed anew", async () => {
    const { plane, governed, identityId, redeem } = await edited();
    const command = plane.command({ do: "revokeIdentity", identityId });
    plane.faults.plan(SILENT);
    done(await plane.revoke({ command }));
    const [mark] = headOf(plane, governed.chainId)["marks"] as Item[];
    assert.ok(mark);
    mark["identityId"] = "another";
    done(await plane.revoke({ command }));
    plane.faults.clear();
    assert.equal(refused(await redeem()).code, "IDENTITY_REVOKED");
  });
});

suite("a denial that is answered as done", () => {
  test("VAI-120 of two commands with one id at once the second is a replay, also while nothing can be signed", async () => {
    for (const isSilent of [false, true]) {
      const { plane, identityId } = await edited();
      const other = await plane.grant(HANDLE, plane.contract(HANDLE));
      const jti = plane.world.newId();
      if (isSilent) plane.faults.plan(SILENT);
      const answers = await Promise.all(
        [identityId, other.identity.identityId].map((each) =>
          plane.revoke({
            command: plane.command({ do: "revokeIdentity", identityId: each, jti }),
          }),
        ),
      );
      const codes = answers.map((answer) => (answer.ok ? "done" : answer.code)).sort();
      assert.deepEqual(codes, ["NONCE_REPLAYED", "done"]);
    }
  });

  test("VAI-115 a halt whose id stands in State and that stands nowhere is not answered as done", async () => {
    const { plane } = await edited();
    const command = String(plane.command({ do: "haltPlane" }));
    const { jti } = JSON.parse(Buffer.from(command.split(".")[1] ?? "", "base64url").toString());
    const [pk, sk] = [`command#olga#${jti}`, "command"];
    const value = sha256Digest(command.slice(0, command.lastIndexOf(".")));
    plane.dynamo.table(TABLES.state).set(`${pk}|${sk}`, { pk, sk, value });
    plane.faults.plan(SILENT);
    const answer = refused(await plane.revoke({ command }));
    assert.deepEqual([answer.code, answer.retryable], ["EVIDENCE_STORE_UNAVAILABLE", true]);
  });

  test("VAI-120 an old halt that was lifted is told to nobody again while its record cannot be read", async () => {
    const { plane } = await edited();
    const command = plane.command({ do: "haltPlane" });
    done(await plane.revoke({ command }));
    await plane.sweep();
    plane.world.pass(61);
    const claims = { do: "resumePlane", jti: plane.world.newId() };
    const cosign = plane.command(claims, { signedBy: "otherOperator" });
    done(await plane.govern({ op: "command", command: plane.command(claims), cosign }));
    plane.world.pass(1_200);
    await plane.sweep();
    const before = plane.iam.puts.length;
    plane.faults.plan({ at: "evidence:read", how: "throttle" });
    refused(await plane.revoke({ command }));
    assert.equal(plane.iam.puts.length, before);
  });

  test("VAI-110 a signal that the contract lists is committed though Evidence cannot be read", async () => {
    const listening = {
      ...HANDLE,
      contract: { set: { ...HANDLE.contract?.set, "/revokeOn": ["riskSignal"] } },
    };
    const { plane, governed, redeem } = await edited(listening);
    const { contractDigest } = governed;
    plane.faults.plan({ at: "evidence:read", how: "throttle" });
    const command = plane.command({ do: "signal", kind: "risk", contractDigest });
    done(await plane.revoke({ command }));
    plane.faults.clear();
    assert.equal(refused(await redeem()).code, "IDENTITY_REVOKED");
  });

  test("VAI-120 a command of which nothing stands is committed anew though Evidence cannot be read", async () => {
    const { plane, governed, identityId, redeem } = await edited();
    const command = plane.command({ do: "revokeIdentity", identityId });
    plane.faults.plan(SILENT);
    done(await plane.revoke({ command }));
    for (const name of ["marks", "marked"]) delete headOf(plane, governed.chainId)[name];
    plane.faults.clear();
    plane.faults.plan({ at: "evidence:read", how: "throttle" });
    done(await plane.revoke({ command }));
    plane.faults.clear();
    assert.equal(refused(await redeem()).code, "IDENTITY_REVOKED");
  });

  test("VAI-115 a head that cannot be marked keeps a denial neither from IAM nor from its records", async () => {
    const { plane, governed, identityId } = await edited(CREDENTIALS);
    plane.faults.plan({ at: "denial:write", how: "error" });
    const command = plane.command({ do: "revokeIdentity", identityId });
    done(await plane.revoke({ command }));
    assert.ok(plane.iam.document("exec-dynamodb")?.includes(sessionName(identityId)));
    assert.ok(plane.types(governed.chainId).includes("RevocationRequested"));
    const other = plane.contract(CREDENTIALS);
    const { identity } = await plane.grant(CREDENTIALS, other);
    plane.faults.plan(SILENT);
    const again = plane.command({ do: "revokeIdentity", identityId: identity.identityId });
    assert.equal(
      refused(await plane.revoke({ command: again })).code,
      "EVIDENCE_STORE_UNAVAILABLE",
    );
    assert.ok(plane.iam.document("exec-dynamodb")?.includes(sessionName(identity.identityId)));
  });

  test("VAI-117 what IAM has taken of one session acknowledges no other's", async () => {
    const set = {
      ...CREDENTIALS.contract?.set,
      "/authorization_details/0/limits": { calls: 3 },
      "/revokeOn": ["policyChanged"],
    };
    const mutation: Mutation = { ...CREDENTIALS, contract: { set } };
    const { plane, governed, identityId } = await edited(mutation);
    const { identity } = await plane.grant(mutation, governed);
    await plane.publish({ set: { "/policies/0/version": "2" } });
    await plane.ask(mutation, governed);
    const command = plane.command({ do: "revokeIdentity", identityId: identity.identityId });
    await plane.revoke({ command });
    await plane.sweep();
    assert.ok(plane.iam.document("exec-dynamodb")?.includes(sessionName(identityId)));
  });

  test("VAI-129 where nobody could look at least one is told to be running", async () => {
    const { plane } = await edited();
    plane.faults.plan({ at: "index:read", how: "throttle" });
    const command = plane.command({ do: "haltActor", actorId: "spiffe://x/y" });
    assert.equal(done(await plane.revoke({ command })).inFlight, 1);
  });
});

/** A writer of State puts a command on the head of plane/registry, as it stands there while its record is owed. */
async function planted(plane: Plane, by: unknown): Promise<string[]> {
  plane.isWhole = false;
  const mark = { at: 1, code: "PLANE_HALTED", trigger: "operator", by };
  headOf(plane, "plane/registry")["marks"] = [mark];
  await plane.sweep().catch(() => undefined);
  return plane.types("plane/registry");
}

suite("words that nobody gave", () => {
  test("VAI-118 a plane key is revoked by one name in no place, and a command for another plane is none here", async () => {
    const jkt = (plane: Plane): string => plane.kms.thumbprint;
    for (const claims of [
      (plane: Plane) => ({ do: "revokePlaneKey", jkt: jkt(plane) }),
      (plane: Plane) => ({ do: "revokeKey", jkt: jkt(plane) }),
      () => ({ do: "haltPlane", aud: "vai:000000000000:us-east-1:other" }),
    ]) {
      const plane = await newPlane();
      const types = await planted(plane, plane.command(claims(plane)));
      assert.deepEqual(types, ["TrustPolicyPublished"]);
    }
  });

  test("VAI-115 what is no command on plane/registry stops everything until a publication", async () => {
    for (const by of ["x", undefined, 7]) {
      const plane = await newPlane();
      await planted(plane, by);
      assert.equal(refused(await plane.ask()).code, "REGISTRY_STALE");
      await plane.publish();
      assert.ok((await plane.ask()).ok);
    }
  });

  /** The terminal record of an identity that a mark by a command has ended. */
  async function endedBy(plane: Plane, { chainId }: Governed, mark: Item) {
    headOf(plane, chainId)["marks"] = [mark];
    headOf(plane, chainId)["marked"] = 1;
    await plane.sweep();
    return plane.records(chainId).find(({ event }) => isTerminal(event.type));
  }

  test("VAI-110 a signal that was noted ends nothing in its sender's name when somebody makes a mark of it", async () => {
    const { plane, governed } = await edited();
    const { contractDigest } = governed;
    const by = plane.command({ do: "signal", kind: "risk", contractDigest });
    assert.equal(done(await plane.revoke({ command: by })).state, "NOTED");
    const at = Math.floor(plane.world.now / 1000);
    const mark = { at, code: "CONTRACT_REVOKED", trigger: "riskSignal", contractDigest, by };
    const end = await endedBy(plane, governed, mark);
    assert.deepEqual([end?.detail["trigger"], end?.actor], ["evidenceFailed", undefined]);
  });

  test("VAI-112 a mark in the words of an operator whose key is revoked is nobody's", async () => {
    const { plane, governed } = await edited();
    const { contractDigest } = governed;
    const jkt = KEYS.operator.thumbprint;
    const claims = { do: "revokeKey", jkt, iss: "otto" };
    done(await plane.revoke({ command: plane.command(claims, { signedBy: "otherOperator" }) }));
    const by = plane.command({ do: "revokeContract", contractDigest });
    const mark = { at: 1, code: "CONTRACT_REVOKED", trigger: "operator", contractDigest, by };
    const end = await endedBy(plane, governed, mark);
    assert.equal(end?.detail["trigger"], "evidenceFailed");
    assert.ok(!plane.types(governed.chainId).includes("RevocationRequested"));
  });

  test("VAI-117 what a mark says beside a command is not told as the operator's: trigger and time are the command's", async () => {
    const { plane, governed } = await edited();
    const { contractDigest } = governed;
    const by = plane.command({ do: "revokeContract", contractDigest });
    const signed = new Date(plane.world.now - (plane.world.now % 1000)).toISOString();
    plane.world.pass(30);
    const mark = { at: 1, code: "CONTRACT_REVOKED", trigger: "violation", contractDigest, by };
    const end = await endedBy(plane, governed, mark);
    assert.deepEqual([end?.detail["trigger"], end?.detail["requestedAt"]], ["operator", signed]);
  });

  test("VAI-112 a noted signal on a contract that was never seen opens its intent for its issuer", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const { contract, contractDigest, chainId } = governed;
    const command = plane.command({ do: "signal", kind: "risk", contractDigest });
    assert.equal(done(await plane.revoke({ command, contract })).state, "NOTED");
    assert.notEqual(plane.records(chainId)[0]?.detail["opens"], undefined);
    assert.ok((await plane.ask(HANDLE, governed)).ok);
  });
});

suite("what one chain holds", () => {
  test("VAI-07 more marks than a transaction takes keep no identity from its end", async () => {
    const { plane, governed } = await edited();
    headOf(plane, governed.chainId)["marks"] = Array.from({ length: 120 }, (_, index) => ({
      ...{ at: 1, code: "CONTRACT_REVOKED", trigger: "operator", identityId: `${index}` },
    }));
    headOf(plane, governed.chainId)["marked"] = 1;
    plane.world.pass(901);
    for (let run = 0; run < 4; run++) await plane.sweep();
    const ends = plane.records(governed.chainId).filter(({ event }) => isTerminal(event.type));
    assert.equal(ends.length, 1);
    assert.equal(headOf(plane, governed.chainId)["marks"], undefined);
  });

  test("VAI-66 a machine that may only signal uses up no intent whose contract does not listen", async () => {
    const set = { ...HANDLE.contract?.set, "/authorization_details/0/limits": { calls: 3 } };
    const mutation: Mutation = { ...HANDLE, contract: { set } };
    const { plane, governed } = await edited(mutation);
    const { contractDigest } = governed;
    for (let turn = 0; turn < 130; turn++) {
      const claims = { do: "signal", kind: "risk", contractDigest, iss: "monitor" };
      const command = plane.command(claims, { signedBy: "signaller" });
      assert.equal(done(await plane.revoke({ command })).state, "NOTED");
    }
    assert.ok((await plane.ask(mutation, governed)).ok);
  });

  test("VAI-117 while the Registry is stale sweep still puts what IAM lacks", async () => {
    const { plane, identityId } = await edited(CREDENTIALS);
    plane.faults.plan({ at: "iam:write", how: "throttle" });
    await plane.revoke({ command: plane.command({ do: "revokeIdentity", identityId }) });
    plane.faults.clear();
    headOf(plane, "plane/registry")["marks"] = "garbage";
    await assert.rejects(plane.sweep(), /publish a trust policy/);
    assert.ok(plane.iam.document("exec-dynamodb")?.includes(sessionName(identityId)));
  });

  test("VAI-117 a halt whose acknowledgement cannot be recorded for long is acknowledged once it can", async () => {
    const plane = await newPlane();
    const deps = plane.process();
    const command = plane.command({ do: "haltActor", actorId: "spiffe://x/y" });
    done(await plane.revoke({ command }));
    await plane.sweep(deps);
    plane.faults.plan(SILENT);
    for (let minute = 0; minute < 7; minute++) {
      plane.world.pass(60);
      await plane.sweep(deps);
    }
    plane.faults.clear();
    await plane.sweep(deps);
    assert.ok(plane.types("plane/registry").includes("RevocationAcknowledged"));
  });
});
