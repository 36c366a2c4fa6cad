import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { issuedSession } from "../../lib/issuance/assume-role.ts";

const WHOLE = {
  AccessKeyId: "ASIAEXAMPLE000000000",
  SecretAccessKey: "a secret",
  SessionToken: "a token",
  Expiration: new Date(Date.UTC(2026, 4, 5, 4, 15)),
};

suite("what STS answers", () => {
  test("VAI-100 whole credentials are a session", () => {
    const session = issuedSession({ Credentials: WHOLE });
    assert.equal(session.hardExpiry, "2026-05-05T04:15:00.000Z");
    assert.deepEqual(session.reveal(), {
      accessKeyId: WHOLE.AccessKeyId,
      secretAccessKey: WHOLE.SecretAccessKey,
      sessionToken: WHOLE.SessionToken,
    });
  });

  for (const name of ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"] as const) {
    test(`VAI-100 without ${name} there is none`, () => {
      const { [name]: _, ...others } = WHOLE;
      assert.throws(() => issuedSession({ Credentials: others }), { code: "STS_FAILED" });
    });
  }

  test("VAI-100 nor with an empty one, or without any", () => {
    const empty = { ...WHOLE, AccessKeyId: "" };
    assert.throws(() => issuedSession({ Credentials: empty }), { code: "STS_FAILED" });
    assert.throws(() => issuedSession({}), { code: "STS_FAILED" });
  });
});
