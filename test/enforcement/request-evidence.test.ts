import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { signRequest } from "../../lib/client/request.ts";
import { documentDigest } from "../../lib/encoding/canonical-json.ts";
import type { Digest } from "../../lib/encoding/digest.ts";
import { requestEvidence } from "../../lib/enforcement/records/request.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { readIssueRequest } from "../../lib/request/request.ts";
import { KEYS } from "../support/keys.ts";
import { PLANE } from "../support/trust.ts";

const SECRET = "correct horse battery staple";

const evidenceOf = (action: string, resource: string, parameters: Record<string, string>) => {
  const claims = {
    use: "issue",
    jti: "one",
    iat: 1_777_953_600,
    aud: PLANE,
    contractDigest: `sha256:${"ab".repeat(32)}` as Digest,
    idempotencyKey: "one",
    step: "write",
    delivery: "execute",
    operation: { action, resource, parameters },
  } as const;
  const compact = signRequest(claims, KEYS.agent);
  const request = readIssueRequest(compact);
  if (isRefusal(request)) throw new Error(request.detail);
  return { compact, request, evidence: requestEvidence(request) };
};

suite("a request as evidence", () => {
  const cases = [
    ["s3:PutObject", "arn:aws:s3:::reports/today.txt", { body: SECRET, contentType: "text/plain" }],
    ["ssm:PutParameter", "arn:aws:ssm:us-east-1:000000000000:parameter/mode", { value: SECRET }],
    ["iam:CreateUser", "arn:aws:iam::000000000000:user/eve", { anything: SECRET }],
  ] as const;
  for (const [action, resource, parameters] of cases) {
    test(`USR-16 ${action}: a sensitive value is a digest, and the JWS that holds it is named by digest`, () => {
      const { compact, request, evidence } = evidenceOf(action, resource, { ...parameters });
      const text = JSON.stringify(evidence);
      assert.ok(!text.includes(SECRET));
      assert.ok(!text.includes(compact.split(".")[1] ?? ""));
      assert.ok("requestDigest" in evidence);
      assert.equal(evidence.requestDigest, request.digest);
      const whole = documentDigest({ ...parameters });
      assert.ok(text.includes(action.startsWith("iam:") ? whole : documentDigest(SECRET)));
    });
  }

  test("USR-16 a misspelt parameter is not taken for a harmless one", () => {
    const { evidence } = evidenceOf("s3:PutObject", "arn:aws:s3:::reports/today.txt", {
      Body: SECRET,
    });
    assert.ok(!JSON.stringify(evidence).includes(SECRET));
    assert.ok("requestDigest" in evidence);
  });

  test("PROTOCOL.md §5 without a sensitive value it is the JWS itself", () => {
    const resource = "arn:aws:lambda:us-east-1:000000000000:function:checkout";
    const { compact, evidence } = evidenceOf("lambda:UpdateAlias", resource, { alias: "live" });
    assert.deepEqual(evidence, { request: compact });
  });
});
