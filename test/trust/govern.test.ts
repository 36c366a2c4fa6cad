import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { readRestrictions } from "../../lib/trust/restrictions.ts";
import { MemoryKms } from "../support/memory-kms.ts";
import { newPlane, refused } from "../support/plane.ts";

suite("publishing a trust policy", () => {
  test("VAI-91 the first one: documents, head and signed record agree", async () => {
    const plane = await newPlane();
    const [record] = plane.records("plane/registry");
    assert.equal(record?.event.type, "TrustPolicyPublished");
    assert.equal(record?.detail["version"], 1);
    assert.equal(record?.detail["trustPolicyDigest"], plane.policyDigest);
    const head = plane.dynamo.table("registry").get("registry|head");
    assert.equal(head?.["trustPolicyDigest"], plane.policyDigest);
    assert.equal(head?.["restrictionsDigest"], record?.detail["restrictionsDigest"]);
  });

  test("VAI-91 versions follow each other, and each leaves its record", async () => {
    const plane = await newPlane();
    await plane.publish({ set: { "/auditors": [] } });
    await plane.publish({ set: { "/operators": [] } });
    assert.deepEqual(plane.types("plane/registry"), Array(3).fill("TrustPolicyPublished"));
    await plane.grant();
    const [record] = plane.records(plane.chains().find((id) => id.startsWith("intent/")) ?? "");
    assert.equal(record?.trustPolicy?.version, 3);
  });

  test("VAI-64 publishing what is in force is a retry, and writes nothing", async () => {
    const plane = await newPlane({ publish: false });
    const command = { op: "publishTrustPolicy", trustPolicy: plane.nextPolicy().jws };
    const first = await plane.govern(command);
    assert.deepEqual(await plane.govern(command), { ...first, deduplicated: true });
    assert.equal(plane.rows("plane/registry").length, 1);
  });

  test("VAI-98 a publication whose answer was lost is found in force by the retry", async () => {
    const plane = await newPlane();
    const command = { op: "publishTrustPolicy", trustPolicy: plane.nextPolicy().jws };
    plane.faults.plan({ at: "evidence:write", to: 1, applied: true, how: "timeout" });
    const first = await plane.govern(command);
    assert.equal(first.ok || first.retryable, true);
    assert.equal((await plane.govern(command)).ok, true);
    assert.equal(plane.rows("plane/registry").length, 2);
  });

  test("OKG-27 two different successors at once: one is published, the other no longer follows", async () => {
    const plane = await newPlane();
    const commands = [{ "/auditors": [] }, { "/operators": [] }].map((set) => ({
      op: "publishTrustPolicy",
      trustPolicy: plane.nextPolicy({ set }).jws,
    }));
    const answers = await Promise.all(commands.map((command) => plane.govern(command)));
    assert.deepEqual(answers.map((answer) => answer.ok || answer.code).sort(), [
      "CHAIN_BROKEN",
      true,
    ]);
    assert.equal(plane.rows("plane/registry").length, 2);
  });

  test("VAI-105 a plane whose policy ended can be given a new one", async () => {
    const plane = await newPlane();
    plane.world.pass(31 * 24 * 3600);
    assert.equal(refused(await plane.ask()).code, "REGISTRY_STALE");
    await plane.publish({ set: { "/iat": "$seconds:0", "/exp": "$seconds:86400" } });
    await plane.grant();
  });

  test("VAI-105 a policy is in force until its end, and not at it", async () => {
    const plane = await newPlane({ policy: { set: { "/exp": "$seconds:100" } } });
    plane.world.now = Math.floor(plane.world.now / 1000) * 1000 + 99_999;
    await plane.grant();
    plane.world.now += 1;
    assert.equal(refused(await plane.ask()).code, "REGISTRY_STALE");
  });

  test("VAI-24 keys may be added and ended, and records under an ended key stay good", async () => {
    const plane = await newPlane();
    const two = { contract: { set: { "/authorization_details/0/limits/calls": 2 } } };
    const governed = plane.contract(two);
    await plane.grant({ request: { set: { "/operation/parameters/percent": 1 } } }, governed);
    await plane.publish({
      set: {
        "/planeKeys/2": {
          ...{ use: "evidence", key: new MemoryKms(plane.faults).jwk, notBefore: 0 },
          notAfter: Math.floor(plane.world.now / 1000) + 120,
        },
      },
    });
    await plane.grant({ request: { set: { "/operation/parameters/percent": 1 } } }, governed);
  });

  test("VAI-91 a revoked evidence key is not believed any more, not even for its old records", async () => {
    const plane = await newPlane();
    const { jws } = plane.nextPolicy({ set: { "/planeKeys/0/revokedAt": "$seconds:0" } });
    const answer = refused(await plane.govern({ op: "publishTrustPolicy", trustPolicy: jws }));
    assert.equal(answer.code, "COMMAND_MALFORMED", "the functions sign with it");
  });

  test("VAI-40 both pinned anchors are believed, and no third", async () => {
    const plane = await newPlane();
    await plane.publish({ signedBy: "otherAnchor" });
    await plane.grant();
    const { jws } = plane.nextPolicy({ signedBy: "operator" });
    const answer = refused(await plane.govern({ op: "publishTrustPolicy", trustPolicy: jws }));
    assert.equal(answer.code, "CHAIN_ROOT_UNKNOWN");
  });
});

suite("restrictions", () => {
  test("VAI-63 a document that this version cannot judge stops everything, not nothing", () => {
    const empty = '{"halts":[],"quarantines":[],"reviews":[],"revokedKeys":[]}';
    assert.ok(readRestrictions(empty) !== undefined);
    for (const text of [
      "",
      "null",
      "{}",
      "[]",
      ...["halts", "quarantines", "reviews", "revokedKeys"].flatMap((name) => [
        empty.replace(`"${name}":[]`, `"${name}":[1]`),
        empty.replace(`"${name}":[]`, `"${name}":[{}]`),
        empty.replace(`"${name}":[]`, `"${name}":["x"]`),
      ]),
      empty.replace("{", '{"also":[],'),
      empty.replace("{", "{ "),
      empty.replace('"halts"', '"Halts"'),
    ]) {
      assert.equal(readRestrictions(text), undefined, text);
    }
  });
});
