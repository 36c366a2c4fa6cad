import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { sessionName } from "../../lib/authority/derive/session-name.ts";
import type { CommandAnswer } from "../../lib/enforcement/commands/command.ts";
import type { RegistryStore } from "../../lib/enforcement/read/registry-port.ts";
import { readSpeakers } from "../../lib/enforcement/read/speakers.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import { onlyMembers, TABLES } from "../support/memory-dynamo.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";
import { tooPrecise } from "../support/too-precise.ts";

/*
 * What somebody who writes State, Registry or both, but holds no key, can and cannot do with denials: as it stands in
 * `lib/lifecycle/README.md`. What remains possible is shown here too, so that the page stays true.
 */

type Item = Record<string, unknown>;

function itemOf(plane: Plane, table: string, key: string): Item {
  const item = plane.dynamo.table(table).get(key);
  assert.ok(item, key);
  return item;
}
const headOf = (plane: Plane, chainId: string): Item =>
  itemOf(plane, TABLES.state, `chain#${chainId}|head`);

function done(answer: CommandAnswer | { readonly ok: false }): CommandAnswer {
  if (!answer.ok) throw new Error(`was refused: ${JSON.stringify(answer)}`);
  return answer;
}

/** A handle that waits, and the command that revokes it. */
async function live() {
  const plane = await newPlane();
  plane.isWhole = false;
  const governed = plane.contract(HANDLE);
  const { handle, identity } = await plane.grant(HANDLE, governed);
  const { identityId } = identity;
  const command = plane.command({ do: "revokeIdentity", identityId });
  const redeem = () => plane.execute(plane.redemption(governed, handle));
  return { plane, governed, command, redeem };
}
const silent = (plane: Plane): void => plane.faults.plan({ at: "signer:sign", how: "throttle" });
const unmark = (head: Item): void => {
  delete head["marks"];
  delete head["marked"];
};

suite("a writer of State", () => {
  test("VAI-115 takes a denial back only while its record is owed, and the same command commits it anew", async () => {
    const { plane, governed, command, redeem } = await live();
    silent(plane);
    assert.equal(done(await plane.revoke({ command })).evidence, undefined);
    unmark(headOf(plane, governed.chainId));
    assert.equal(done(await plane.revoke({ command })).deduplicated, true);
    assert.ok(Array.isArray(headOf(plane, governed.chainId)["marks"]));
    plane.faults.clear();
    assert.equal(refused(await redeem()).code, "IDENTITY_REVOKED");
    unmark(headOf(plane, governed.chainId));
    assert.ok((await redeem()).ok, "what the page says remains");
  });

  test("VAI-115 changes nothing any more once the record stands", async () => {
    const { plane, governed, command, redeem } = await live();
    assert.ok(done(await plane.revoke({ command })).evidence);
    unmark(headOf(plane, governed.chainId));
    assert.equal(refused(await redeem()).code, "IDENTITY_REVOKED");
  });

  test("VAI-115 hides an intent from sweep for an hour, not from enforcement", async () => {
    const { plane, governed, command, redeem } = await live();
    await plane.sweep();
    const head = headOf(plane, governed.chainId);
    for (const name of ["view", "due", "open"]) delete head[name];
    plane.world.pass(901);
    assert.equal((await plane.sweep()).chains, 0);
    assert.equal(refused(await redeem()).code, "IDENTITY_EXPIRED");
    assert.equal(done(await plane.revoke({ command: renewed(plane, command) })).state, "REVOKED");
  });

  test("VAI-115 VAI-129 stops no run of sweep by a number that JavaScript cannot hold", async () => {
    const { plane, governed } = await live();
    const honest = plane.contract(HANDLE);
    await plane.grant(HANDLE, honest);
    headOf(plane, governed.chainId)["open"] = tooPrecise();
    plane.dynamo.table(TABLES.state).set("chain#intent/x|head", {
      ...{ pk: "chain#intent/x", sk: "head", view: "open#0", due: "2000" },
      open: { identities: [{ id: tooPrecise(), jkt: "x" }] },
    });
    plane.world.pass(901);
    await plane.sweep();
    for (const { chainId } of [governed, honest]) {
      assert.ok(plane.types(chainId).includes("IdentityExpired"));
    }
  });

  for (const name of ["seq", "hash", "marked", "x"]) {
    test(`VAI-115 keeps no process that knows nothing yet from a revocation, by such a ${name} on plane/registry`, async () => {
      const { plane, command, redeem } = await live();
      headOf(plane, "plane/registry")[name] = tooPrecise();
      plane.deps = plane.process();
      assert.equal(done(await plane.revoke({ command })).state, "REVOKED");
      assert.ok(!(await redeem()).ok);
    });
  }

  test("VAI-115 VAI-129 stops no run of sweep by a mark of a time that no date has, which denies its intent", async () => {
    const { plane, governed, redeem } = await live();
    const honest = plane.contract(HANDLE);
    await plane.grant(HANDLE, honest);
    const { contractDigest } = governed;
    const by = plane.command({ do: "revokeContract", contractDigest });
    const mark = { code: "CONTRACT_REVOKED", trigger: "operator", contractDigest, by };
    headOf(plane, governed.chainId)["marks"] = [{ ...mark, at: Number.MAX_SAFE_INTEGER }];
    assert.ok(!(await redeem()).ok);
    plane.world.pass(901);
    await plane.sweep();
    assert.ok(plane.types(honest.chainId).includes("IdentityExpired"));
  });

  for (const member of ["id", "roleArn", "contractDigest", "state", "delivery"]) {
    for (const garbage of [{ toString: "x" }, tooPrecise(), null, 7, ["x"]]) {
      test(`VAI-115 VAI-119 keeps no halted actor's sessions from IAM by the ${member} ${JSON.stringify(garbage)} in a view`, async () => {
        const plane = await newPlane();
        plane.isWhole = false;
        const governed = plane.contract(CREDENTIALS);
        const { identity } = await plane.grant(CREDENTIALS, governed);
        const actor = String(plane.records(governed.chainId).find((each) => each.actor)?.actor?.id);
        const view = { id: "a", jkt: "x", actor, [member]: garbage };
        plane.dynamo.table(TABLES.state).set("chain#intent/x|head", {
          ...{ pk: "chain#intent/x", sk: "head", view: "open#0", due: "2000" },
          open: { identities: [view] },
        });
        const command = plane.command({ do: "haltActor", actorId: actor });
        assert.equal(done(await plane.revoke({ command })).state, "HALTED");
        const document = plane.iam.document("exec-dynamodb") ?? "";
        assert.ok(document.includes(sessionName(identity.identityId)));
        const named = new Set(document.match(/vai-[0-9a-f]{26}/g));
        assert.equal(named.size, member === "id" ? 1 : 2, "what is no text is nobody's id");
      });
    }
  }

  test("VAI-115 keeps a command from being committed by taking its id, and another one is", async () => {
    const { plane, command, redeem } = await live();
    const jti = String(claimsOf(command)["jti"]);
    const [pk, sk] = [`command#olga#${jti}`, "command"];
    plane.dynamo.table(TABLES.state).set(`${pk}|${sk}`, { pk, sk, value: "x" });
    assert.equal(refused(await plane.revoke({ command })).code, "NONCE_REPLAYED");
    done(await plane.revoke({ command: renewed(plane, command) }));
    assert.equal(refused(await redeem()).code, "IDENTITY_REVOKED");
  });

  test("VAI-115 has nobody named: a mark in an operator's words on another's identity is nobody's", async () => {
    const { plane, governed, command } = await live();
    const other = plane.contract(HANDLE);
    const { identity } = await plane.grant(HANDLE, other);
    const mark = { at: 1, code: "CONTRACT_REVOKED", trigger: "operator", by: command };
    Object.assign(headOf(plane, other.chainId), {
      marks: [{ ...mark, identityId: identity.identityId }],
      marked: 1,
    });
    plane.world.pass(601);
    await plane.sweep();
    assert.ok(!plane.types(other.chainId).includes("RevocationRequested"));
    assert.ok(plane.types(other.chainId).includes("EscalationRaised"));
    assert.ok(!plane.types(governed.chainId).includes("EscalationRaised"));
  });

  test("VAI-115 lifts no halt, and stops everything by a mark on plane/registry", async () => {
    const { plane, redeem } = await live();
    done(await plane.revoke({ command: plane.command({ do: "haltPlane" }) }));
    unmark(headOf(plane, "plane/registry"));
    assert.equal(refused(await redeem()).code, "PLANE_HALTED");
    headOf(plane, "plane/registry")["marks"] = "garbage";
    assert.equal(refused(await plane.ask()).code, "REGISTRY_STALE");
    await assert.rejects(plane.sweep(), /publish a trust policy/);
    await plane.publish();
    // Nothing is marked any more; the halt stands.
    assert.equal(refused(await plane.ask()).code, "PLANE_HALTED");
  });
});

suite("a writer of the Registry", () => {
  test("VAI-115 who may stop things is refused by name, whatever reading the Registry throws", async () => {
    const plane = await newPlane();
    const readHeads = async (): Promise<never> => {
      throw new TypeError("nobody thought of it");
    };
    const deps = { ...plane.process(), registry: onlyMembers<RegistryStore>("r", { readHeads }) };
    const speakers = await readSpeakers(deps);
    assert.equal(isRefusal(speakers) && speakers.code, "INTERNAL_FAULT");
  });

  test("VAI-115 keeps nobody from stopping anything by a head that names no record", async () => {
    for (const seq of [tooPrecise(), "x", { toString: "x" }]) {
      const { plane, command } = await live();
      itemOf(plane, TABLES.registry, "registry|head")["seq"] = seq;
      plane.deps = plane.process();
      assert.equal(done(await plane.revoke({ command })).state, "REVOKED");
    }
  });

  const documentOf = (plane: Plane): Item =>
    itemOf(plane, TABLES.registry, "registry|restrictions");

  test("VAI-115 lifts nothing and forges nothing that is on record: everything is refused instead", async () => {
    const { plane } = await live();
    const before = String(documentOf(plane)["document"]);
    done(await plane.revoke({ command: plane.command({ do: "haltPlane" }) }));
    documentOf(plane)["document"] = before;
    plane.deps = plane.process();
    assert.equal(refused(await plane.ask()).code, "REGISTRY_STALE");
  });

  test("VAI-115 with State beside it takes back a halt that is owed, and not one that is on record", async () => {
    for (const isOwed of [true, false]) {
      const { plane, redeem } = await live();
      const before = String(documentOf(plane)["document"]);
      if (isOwed) silent(plane);
      done(await plane.revoke({ command: plane.command({ do: "haltPlane" }) }));
      plane.faults.clear();
      Object.assign(documentOf(plane), { document: before });
      delete documentOf(plane)["recorded"];
      delete itemOf(plane, TABLES.registry, "registry|head")["pending"];
      unmark(headOf(plane, "plane/registry"));
      plane.deps = plane.process();
      const answer = await redeem();
      assert.equal(answer.ok, isOwed, "what the page says remains, and no more");
    }
  });
});

const claimsOf = (jws: unknown): Item =>
  JSON.parse(Buffer.from(String(jws).split(".")[1] ?? "", "base64url").toString("utf8"));

/** The same order as a new command. */
function renewed(plane: Plane, command: unknown): unknown {
  const { identityId } = claimsOf(command);
  return plane.command({ do: "revokeIdentity", identityId });
}
