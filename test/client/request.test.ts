import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { deliveryKey } from "../../lib/client/credentials.ts";
import { executeEvent, issueEvent } from "../../lib/client/request.ts";
import { sha256Digest } from "../../lib/encoding/digest.ts";
import { signJws } from "../../lib/encoding/jws.ts";
import { parseExecuteEvent, parseIssueEvent } from "../../lib/enforcement/read/event.ts";
import { handleClaims } from "../../lib/issuance/handle.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { judgePossession } from "../../lib/request/request.ts";
import { KEYS } from "../support/keys.ts";

const PLANE = "vai:000000000000:us-east-1:test";
const DIGEST = sha256Digest("a contract");
const OPERATION = {
  action: "lambda:UpdateAlias",
  resource: "arn:aws:lambda:us-east-1:000000000000:function:checkout",
  parameters: { alias: "live", percent: 10 },
};
const MESSAGE = { plane: PLANE, idempotencyKey: "once", jti: "one", iat: 1_777_953_600 };
const ASKED = { ...MESSAGE, contract: { digest: DIGEST }, step: "shift" };

/** The claims that the trust plane reads in an event of ours. */
function readIssue(event: unknown) {
  const read = parseIssueEvent(event);
  assert.ok(!isRefusal(read), JSON.stringify(read));
  assert.ok(!isRefusal(judgePossession(read.request)));
  return read.request.claims;
}

test("VAI-44 the library asks for each delivery in the form that the trust plane reads", () => {
  const { deliverTo } = deliveryKey();
  const execute = readIssue(issueEvent({ ...ASKED, operation: OPERATION }, KEYS.agent));
  const handle = readIssue(issueEvent({ ...ASKED, delivery: "handle" }, KEYS.agent));
  const bound = readIssue(
    issueEvent({ ...ASKED, delivery: "handle", operation: OPERATION }, KEYS.agent),
  );
  const credentials = readIssue(
    issueEvent({ ...ASKED, delivery: "credentials", deliverTo }, KEYS.otherAgent),
  );
  assert.deepEqual([execute.delivery, execute.operation], ["execute", OPERATION]);
  assert.deepEqual([handle.delivery, "operation" in handle], ["handle", false]);
  assert.deepEqual([bound.delivery, bound.operation], ["handle", OPERATION]);
  assert.deepEqual([credentials.delivery, credentials.deliverTo], ["credentials", deliverTo]);
  assert.ok(!("operation" in credentials) && !("deliverTo" in execute));
});

const handleFor = (jkt: string): string =>
  signJws(
    "vai-identity+jwt",
    handleClaims(PLANE, {
      identityId: randomUUID(),
      intentId: randomUUID(),
      contractDigest: DIGEST,
      step: "shift",
      executor: jkt,
      issuedAt: "2026-05-05T04:00:00.000Z",
      expiresAt: "2026-05-05T04:10:00.000Z",
      scope: { actions: [OPERATION.action], resources: [OPERATION.resource] },
      constraints: {},
    }),
    KEYS.otherIssuer,
  );

test("USR-11 the library redeems a handle in the form that the trust plane reads: named by the digest of its signing input", () => {
  const handle = handleFor(KEYS.agent.thumbprint);
  const event = executeEvent(
    { ...MESSAGE, handle, contractDigest: DIGEST, operation: OPERATION },
    KEYS.agent,
  );
  const read = parseExecuteEvent(event);
  assert.ok(!isRefusal(read), JSON.stringify(read));
  assert.ok(!isRefusal(judgePossession(read.request)));
  assert.deepEqual(read.request.claims, {
    ...{ use: "execute", jti: "one", iat: MESSAGE.iat, aud: PLANE, idempotencyKey: "once" },
    ...{ contractDigest: DIGEST, operation: OPERATION },
    handleDigest: sha256Digest(handle.slice(0, handle.lastIndexOf("."))),
  });
});

test("USR-11 what is no handle is not sent", () => {
  const redemption = { ...MESSAGE, contractDigest: DIGEST, operation: OPERATION };
  const contract = signJws("vai-contract+jwt", { any: "claims" }, KEYS.issuer);
  for (const handle of ["", "a.b.c", contract]) {
    assert.throws(() => executeEvent({ ...redemption, handle }, KEYS.agent), TypeError);
  }
});
