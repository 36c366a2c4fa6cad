import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { compactDecrypt, importJWK } from "jose";
import type { GrantedAnswer } from "../../lib/enforcement/answer.ts";
import type { CutAnswer } from "../../lib/issuance/cut-session.ts";
import { heldSessions } from "../../lib/lifecycle/points.ts";
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
  test("VAI-44 X-01 what was cut leaves encrypted to the key of the signed request", async () => {
    const plane = await newPlane();
    const answer = await plane.grant(CREDENTIALS);
    const plain = await opened(answer);
    const [session] = plane.sts.executions;
    assert.equal(plain["secretAccessKey"], `cut secret of ${session?.RoleSessionName}`);
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
    // STS takes whole seconds: what is cut ends at the latest with its identity.
    assert.equal(guarantee.effectiveUntil, guarantee.hardExpiry);
    assert.ok(guarantee.hardExpiry <= identity.expiresAt);
    const lifetime = (Date.parse(guarantee.hardExpiry) - Date.parse(identity.issuedAt)) / 1000;
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

const CUT_FAULTS = {
  error: "STS_FAILED",
  timeout: "STS_FAILED",
  throttle: "STS_FAILED",
  denied: "STS_FAILED",
  packedPolicyTooLarge: "SESSION_POLICY_TOO_LARGE",
} as const;

suite("credentials that end with the contract", () => {
  test("VAI-116 OKG-20 the session is cut once, by itself, to the identity's end, before its record", async () => {
    const plane = await newPlane();
    const governed = plane.contract(CREDENTIALS);
    const { guarantee, identity } = await plane.grant(CREDENTIALS, governed);
    const [assumed] = plane.sts.executions;
    const [cut, ...more] = plane.sts.cuts;
    assert.ok(assumed !== undefined && cut !== undefined && more.length === 0);
    assert.equal(cut.as.sessionToken, `token of ${assumed.RoleSessionName}`);
    const { Policy, DurationSeconds, ScopedSessionDescription } = cut.asked;
    assert.equal(ScopedSessionDescription, assumed.RoleSessionName);
    assert.match(Policy, /"Deny","Action":"sts:\*"/);
    const left = (Date.parse(identity.expiresAt) - Date.parse(identity.issuedAt)) / 1000;
    assert.ok(
      DurationSeconds !== undefined && DurationSeconds <= left && DurationSeconds > left - 2,
    );
    const minted = plane
      .records(governed.chainId)
      .find(({ event }) => event.type === "CredentialsMinted")?.detail;
    assert.ok(minted);
    assert.equal(minted["hardExpiry"], guarantee.hardExpiry);
    assert.equal(minted["scopedSessionId"], `AROAEXAMPLE:${assumed.RoleSessionName}`);
    assert.ok(String(minted["sessionExpiry"]) > guarantee.hardExpiry);
    assert.match(String(minted["accessKeyId"]), /^ASIA…/);
  });

  test("VAI-47 the session policy allows the cut, and only where something is cut", async () => {
    const plane = await newPlane();
    await plane.grant(CREDENTIALS);
    await plane.grant();
    const [delivered, executed] = plane.sts.executions.map(({ Policy }) => Policy);
    assert.match(String(delivered), /"Allow","Action":"sts:GetScopedCredentials","Resource":"\*"/);
    assert.doesNotMatch(String(executed), /sts:/);
    assert.equal(plane.sts.cuts.length, 1);
  });

  for (const [how, code] of Object.entries(CUT_FAULTS)) {
    test(`VAI-100 VAI-44 a cut that ends in ${how}: nothing leaves, the use is spent, and no second try`, async () => {
      const plane = await newPlane();
      const governed = plane.contract(CREDENTIALS);
      plane.faults.plan({ at: "sts:cut", how: how as keyof typeof CUT_FAULTS });
      const event = plane.event(governed, CREDENTIALS);
      const answer = refused(await plane.issue(event));
      assert.deepEqual([answer.code, answer.stage], [code, "issuance"]);
      assert.deepEqual(plane.types(governed.chainId).slice(-2), [
        "IdentityIssued",
        "IssuanceFailed",
      ]);
      plane.faults.clear();
      assert.equal(refused(await plane.issue(event)).code, code, "a retry repeats it");
      assert.equal(refused(await plane.ask(CREDENTIALS, governed)).code, "CONTRACT_CONSUMED");
      assert.deepEqual([plane.sts.executions.length, plane.sts.cuts.length], [1, 1]);
    });
  }

  test("VAI-116 an answer that is not this session, or that lives longer, delivers nothing", async () => {
    const wrong = {
      ends: (answer: CutAnswer) => ({
        ...answer,
        Credentials: { ...answer.Credentials, Expiration: new Date(Date.UTC(2100, 0, 1)) },
      }),
      is: (answer: CutAnswer) => ({ ...answer, SessionInfo: { ScopedSessionId: "x", Arn: "y" } }),
    };
    for (const [what, instead] of Object.entries(wrong)) {
      const plane = await newPlane();
      plane.sts.cutInstead = instead;
      assert.equal(refused(await plane.ask(CREDENTIALS)).code, "STS_FAILED", what);
    }
  });

  const ENDS: Readonly<Record<string, readonly [behind: number, isDelivered: boolean]>> = {
    "before it": [-5_000, true],
    "with it": [0, true],
    "late, for the call was on its way": [29_999, true],
    "as if nothing had been asked": [30_000, false],
  };
  for (const [what, [behind, isDelivered]] of Object.entries(ENDS)) {
    test(`VAI-116 X-01 of an identity of 20 s a session that STS ends ${what} is ${isDelivered ? "delivered, and says so" : "not cut, and does not leave"}`, async () => {
      const plane = await newPlane();
      const exp = Math.floor(plane.world.now / 1000) + 20;
      const ending = new Date(exp * 1000 + behind);
      plane.sts.cutInstead = (answer) => ({
        ...answer,
        Credentials: { ...answer.Credentials, Expiration: ending },
      });
      const set = { ...CREDENTIALS.contract?.set, "/exp": exp };
      const governed = plane.contract({ ...CREDENTIALS, contract: { set } });
      const answer = await plane.ask(CREDENTIALS, governed);
      if (isDelivered) {
        assert.equal(granted(answer).guarantee.hardExpiry, ending.toISOString());
        assert.equal(answer.ok && answer.identity.expiresAt, new Date(exp * 1000).toISOString());
        return;
      }
      assert.equal(refused(answer).code, "STS_FAILED");
      assert.equal(plane.types(governed.chainId).at(-1), "IssuanceFailed");
    });
  }

  test("X-01 where STS cannot cut, the session itself leaves, and the answer says that it lives longer", async () => {
    const plane = await newPlane();
    const governed = plane.contract(CREDENTIALS);
    const event = plane.event(governed, CREDENTIALS);
    const answer = granted(await plane.issue(event, { ...plane.deps, cutSession: undefined }));
    const [assumed] = plane.sts.executions;
    assert.equal(
      (await opened(answer))["secretAccessKey"],
      `secret of ${assumed?.RoleSessionName}`,
    );
    assert.equal(plane.sts.cuts.length, 0);
    assert.doesNotMatch(String(assumed?.Policy), /sts:/);
    assert.equal(answer.guarantee.effectiveUntil, answer.identity.expiresAt);
    assert.ok(answer.guarantee.hardExpiry > answer.guarantee.effectiveUntil);
    const minted = plane.records(governed.chainId).at(-1)?.detail ?? {};
    assert.deepEqual(
      ["scopedSessionId", "sessionExpiry"].filter((name) => name in minted),
      [],
    );
  });

  test("USR-16 X-01 nothing that leaves or is stored holds a word of the session that was cut", async () => {
    const plane = await newPlane();
    const answer = await plane.grant(CREDENTIALS);
    const first = plane.sts.cuts[0]?.as;
    assert.ok(first);
    const seen = JSON.stringify([answer, await opened(answer)]) + everythingStored(plane);
    for (const secret of [first.accessKeyId, first.secretAccessKey, first.sessionToken]) {
      // What was cut has the words of the first in its own.
      assert.ok(!seen.replaceAll(`cut ${secret}`, "").includes(String(secret)), String(secret));
    }
  });

  test("VAI-116 a denial lasts as long as the session that was cut from, of which nobody has a copy", async () => {
    const plane = await newPlane();
    const governed = plane.contract(CREDENTIALS);
    const { identity } = await plane.grant(CREDENTIALS, governed);
    const view = plane.state(governed.chainId).identities.get(identity.identityId);
    assert.ok(view);
    const [[, denied] = []] = [...heldSessions([view], plane.world.now)];
    const end = Date.parse(String(view.sessionExpiry)) / 1000;
    assert.deepEqual(denied, [{ session: view.sessionName, until: Math.ceil(end) }]);
    const over = Date.parse(String(view.hardExpiry));
    assert.equal(
      heldSessions([view], over).size,
      0,
      "nobody holds one after the delivered one's end",
    );
  });
});
