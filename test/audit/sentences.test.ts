import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { identityAnswers } from "../../lib/audit/answers.ts";
import { isObserved, sentenceOf } from "../../lib/audit/sentences.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";

const record = (type: string, detail: object): EvidenceRecord =>
  ({
    ...{ event: { type, at: "2026-05-05T04:00:00.000Z" }, source: { component: "issue" } },
    ...{ decision: { outcome: "DENY", code: "ACTION_OBSERVED" }, identity: { id: "i" }, detail },
  }) as unknown as EvidenceRecord;

suite("sentences of what is watched, and of credentials that were cut", () => {
  for (const [would, words] of [
    [{ ok: true }, "observed, not enforced: an identity would have been issued"],
    [
      { ok: false, code: "PARAMETER_OUT_OF_BOUNDS", stage: "scope", detail: "…" },
      "observed, not enforced: it would have been refused with PARAMETER_OUT_OF_BOUNDS at scope",
    ],
  ] as const) {
    test(`VAI-130 an observed request says what enforcing would have answered: ${words}`, () => {
      assert.equal(sentenceOf(record("IdentityDenied", { enforced: false, would })), words);
    });
  }

  test("VAI-130 every other record of it says that it was observed, and no enforced one does", () => {
    const held = { enforced: false };
    assert.match(sentenceOf(record("ProofValidated", held)), /every check .* \(observed\)$/);
    assert.doesNotMatch(sentenceOf(record("ProofValidated", {})), /observed/);
    assert.doesNotMatch(sentenceOf(record("IdentityDenied", { enforced: true })), /observed/);
    assert.deepEqual(
      [{ enforced: false }, { enforced: "false" }, { enforced: true }, {}].map(isObserved),
      [true, false, false, false],
    );
  });

  for (const [type, status] of [
    ["ExecutionCompleted", "succeeded"],
    ["ExecutionFailed", "unknown"],
  ] as const) {
    test(`VAI-130 what a function answered is told with ${type}, by the record and by the identity`, () => {
      const response = { statusCode: 200, executedVersion: "3", digest: "sha256:…" };
      const told = (more: object): string =>
        sentenceOf(record(type, { outcome: { status, response: { ...response, ...more } } }));
      const said = /; version 3 of the function answered 200 with reference pay-1; the effect was/;
      assert.match(told({ reference: "pay-1" }), said);
      assert.match(told({}), /; version 3 of the function answered 200; the effect was not/);
      assert.doesNotMatch(sentenceOf(record(type, { outcome: { status } })), /function/);
    });
  }

  test("VAI-128 credentials that were cut to their window name both sessions and both ends", () => {
    const detail = {
      ...{ accessKeyId: "ASIA****WXYZ", hardExpiry: "2026-05-05T04:05:00.000Z" },
      ...{ scopedSessionId: "vai-1", sessionExpiry: "2026-05-05T04:15:00.000Z" },
    };
    const minted = record("CredentialsMinted", detail);
    assert.equal(
      sentenceOf(minted),
      "STS issued the session ASIA****WXYZ; it dies at the latest at 2026-05-05T04:05:00.000Z, cut to its window as vai-1",
    );
    const issued = record("IdentityIssued", { delivery: "credentials" });
    const { limits } = identityAnswers("i", [issued, minted]);
    assert.deepEqual(limits.slice(-2), [
      "the session could not outlive 2026-05-05T04:05:00.000Z",
      "cut to that as vai-1, from a session until 2026-05-05T04:15:00.000Z that never left the plane",
    ]);
    const uncut = record("CredentialsMinted", { hardExpiry: "2026-05-05T04:05:00.000Z" });
    assert.doesNotMatch(identityAnswers("i", [issued, uncut]).limits.join(), /cut to/);
  });
});
