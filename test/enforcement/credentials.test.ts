import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { compactDecrypt, importJWK } from "jose";
import type { GrantedAnswer } from "../../lib/enforcement/answer.ts";
import { CREDENTIALS, RECIPIENT } from "../support/deliveries.ts";
import { granted, newPlane, type Plane, refused } from "../support/plane.ts";

async function opened({ credentials }: GrantedAnswer): Promise<Record<string, unknown>> {
  const key = await importJWK({ ...RECIPIENT }, "ECDH-ES");
  const { plaintext, protectedHeader } = await compactDecrypt(String(credentials), key);
  assert.equal(protectedHeader.alg, "ECDH-ES");
  assert.equal(protectedHeader.enc, "A256GCM");
  return JSON.parse(Buffer.from(plaintext).toString("utf8"));
}

const everythingStored = (plane: Plane): string =>
  JSON.stringify([
    plane.chains().map((chain) => plane.rows(chain)),
    plane.chains().map((chain) => plane.records(chain)),
    [...plane.dynamo.table("state").values()],
  ]);

suite("delivery credentials", () => {
  test("VAI-44 X-01 the session leaves encrypted to the key of the signed request", async () => {
    const plane = await newPlane();
    const answer = await plane.grant(CREDENTIALS);
    const plain = await opened(answer);
    const [session] = plane.sts.executions;
    assert.equal(plain["secretAccessKey"], `secret of ${session?.RoleSessionName}`);
    assert.deepEqual(Object.keys(plain).sort(), [
      "accessKeyId",
      "expiration",
      "secretAccessKey",
      "sessionToken",
    ]);
    assert.equal(plane.targets.calls.length, 0, "the trust plane itself calls nothing");
  });

  test("VAI-44 barrier 2 is the record of the session alone, durable before the answer", async () => {
    const plane = await newPlane();
    const governed = plane.contract(CREDENTIALS);
    await plane.grant(CREDENTIALS, governed);
    const types = plane.types(governed.chainId);
    assert.deepEqual(types.slice(-2), ["IdentityIssued", "CredentialsMinted"]);
  });

  test("VAI-43 the map names nobody but those who still stand before the call", async () => {
    const plane = await newPlane();
    const { enforcement } = await plane.grant(CREDENTIALS);
    assert.ok(enforcement.every(({ enforcedBy }) => !enforcedBy.includes("adapter")));
    const onlyCounted = enforcement.filter(({ enforcedBy }) => !enforcedBy.includes("iam"));
    assert.deepEqual(onlyCounted, [
      { constraint: "/authorization_details/0/limits/calls", enforcedBy: ["trustPlane"] },
    ]);
  });

  test("VAI-18 the guarantee promises no revocation that nobody could keep", async () => {
    const plane = await newPlane();
    const { guarantee, identity } = await plane.grant(CREDENTIALS);
    assert.equal(guarantee.heldBy, "caller");
    assert.equal(guarantee.effectiveUntil, identity.expiresAt);
    const lifetime = (Date.parse(identity.expiresAt) - Date.parse(identity.issuedAt)) / 1000;
    assert.equal(guarantee.revocableWithinSeconds, Math.ceil(lifetime));
  });

  test("VAI-64 a retry gets the answer again, and never the credentials", async () => {
    const plane = await newPlane();
    const governed = plane.contract(CREDENTIALS);
    const event = plane.event(governed, CREDENTIALS);
    const first = granted(await plane.issue(event));
    const again = granted(await plane.issue(event));
    const { credentials: _jwe, ...rest } = first;
    assert.deepEqual(again, { ...rest, deduplicated: true });
    assert.equal(plane.sts.executions.length, 1);
  });

  test("VAI-66 uses are issuances: the second session of a single-use step is refused", async () => {
    const plane = await newPlane();
    const governed = plane.contract(CREDENTIALS);
    await plane.grant(CREDENTIALS, governed);
    assert.equal(refused(await plane.ask(CREDENTIALS, governed)).code, "CONTRACT_CONSUMED");
  });

  test("USR-16 no evidence, no state and no answer holds a secret or a token", async () => {
    const plane = await newPlane();
    const answer = await plane.grant(CREDENTIALS);
    const plain = await opened(answer);
    const stored = everythingStored(plane) + JSON.stringify(answer);
    for (const secret of ["secretAccessKey", "sessionToken", "accessKeyId"]) {
      assert.ok(String(plain[secret]).length > 8);
      assert.ok(!stored.includes(String(plain[secret])), secret);
    }
    assert.ok(!everythingStored(plane).includes(String(answer.credentials).split(".")[3] ?? ""));
  });

  test("VAI-31 an assumption that is read at issuance alone does not forbid it", async () => {
    const plane = await newPlane();
    const assumption = {
      name: "weight-is-1",
      read: "dynamodb:GetItem",
      resource: "arn:aws:dynamodb:us-east-1:000000000000:table/settings",
      parameters: { "key/pk": "svc-a" },
      path: "/Item/weight/N",
      expect: { exact: "1" },
      maxAgeSeconds: 60,
      recheck: false,
    };
    plane.targets.answers.set("dynamodb:GetItem", [{ Item: { weight: { N: "1" } } }]);
    const set = { ...CREDENTIALS.contract?.set, "/assumptions": [assumption] };
    const answer = await plane.grant({ ...CREDENTIALS, contract: { set } });
    assert.ok(answer.credentials);
  });
});
