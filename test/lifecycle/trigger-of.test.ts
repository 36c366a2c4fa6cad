import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { EndTrigger } from "../../lib/evidence/details.ts";
import { triggerOf } from "../../lib/lifecycle/trigger-of.ts";
import { TRIGGER_NAMES } from "../../lib/lifecycle/triggers.ts";
import { REFUSAL_CODES, type RefusalCode } from "../../lib/refusal.ts";

/** What a refusal between issuance and use is told as, so that the end says why. */
const SAID: readonly (readonly [EndTrigger, readonly RefusalCode[]])[] = [
  ["windowEnded", ["IDENTITY_EXPIRED", "CONTRACT_EXPIRED"]],
  ["contextChanged", ["CONTEXT_CHANGED", "CONTEXT_UNAVAILABLE", "CONTEXT_STALE"]],
  [
    "operator",
    [
      ...(["IDENTITY_REVOKED", "CONTRACT_REVOKED", "KEY_REVOKED"] as const),
      ...(["AGENT_HALTED", "PLANE_HALTED", "PATH_QUARANTINED"] as const),
    ],
  ],
  [
    "evidenceFailed",
    [
      ...(["EVIDENCE_SIGNER_UNAVAILABLE", "EVIDENCE_STORE_UNAVAILABLE"] as const),
      "EVIDENCE_CHAIN_BROKEN",
    ],
  ],
  [
    "policyChanged",
    [
      ...(["REGISTRY_STALE", "POLICY_VERSION_STALE", "DECISION_SUPERSEDED"] as const),
      ...(["CONTRACT_ISSUER_UNTRUSTED", "ACTION_UNREGISTERED"] as const),
    ],
  ],
  ["executionFailed", ["DEPENDENCY_UNAVAILABLE", "STS_FAILED", "INTERNAL_FAULT"]],
];

suite("what ended an identity that was refused before its use", () => {
  for (const [trigger, codes] of SAID) {
    test(`VAI-33 ${codes.join(", ")}: ${trigger}`, () => {
      assert.deepEqual(
        codes.map(triggerOf),
        codes.map(() => trigger),
      );
    });
  }

  test("VAI-33 every code is told as one of the nine", () => {
    for (const code of REFUSAL_CODES) assert.ok(TRIGGER_NAMES.includes(triggerOf(code)), code);
  });
});
