import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { documentDigest } from "../../lib/encoding/canonical-json.ts";
import type { Mutation } from "../support/governed.ts";
import { newPlane, refused } from "../support/plane.ts";

/** What a proof's boundary values do, seen through the whole course. */
async function verdictOf(mutation: Mutation, policy?: object): Promise<string> {
  const plane = await newPlane({ policy: policy && { set: policy as Record<string, unknown> } });
  const answer = await plane.ask(mutation);
  return answer.ok ? "granted" : answer.code;
}

suite("a proof at its limits", () => {
  const LIMITS: readonly (readonly [string, Mutation, string])[] = [
    ["VAI-02 CONSTRAIN approves", { decision: { set: { "/outcome": "CONSTRAIN" } } }, "granted"],
    [
      "VAI-35 a decision one second before its end",
      { decision: { set: { "/exp": "$seconds:1" } } },
      "IDENTITY_EXPIRED",
    ],
    [
      "VAI-56 a context as old as may be",
      { context: { set: { "/observedAt": "$instant:-900" } } },
      "granted",
    ],
    [
      "VAI-56 a context of a clock 60 s ahead",
      { context: { set: { "/observedAt": "$instant:60" } } },
      "granted",
    ],
    [
      "VAI-47 a contract that ends with its boundary",
      { decision: { set: { "/boundary/notAfter": "$seconds:600" } } },
      "granted",
    ],
    [
      "VAI-47 a contract narrower than its boundary",
      {
        decision: {
          set: {
            "/boundary/authorization_details/0/parameters/percent": { range: { min: -5, max: 50 } },
            "/boundary/authorization_details/0/limits": { calls: 9 },
          },
        },
      },
      "granted",
    ],
    [
      "VAI-39 an intent that names one action as text, and more targets than the contract",
      {
        intent: { set: { "/target/1": "arn:aws:lambda:us-east-1:000000000000:function:billing" } },
      },
      "granted",
    ],
    [
      "VAI-10 governance's own members of the intent are its own",
      { intent: { set: { "/constraints/any": { deep: [1, "x"] } } } },
      "granted",
    ],
  ];
  for (const [what, mutation, expected] of LIMITS) {
    test(what, async () => assert.equal(await verdictOf(mutation), expected));
  }

  test("VAI-61 a class that needs nothing but its own thresholds is open", async () => {
    const high = {
      "/governance/HIGH": {
        maxSeconds: 300,
        contextSeconds: 300,
        approvals: 0,
        attestations: 0,
        classes: 0,
        veto: [],
        credentials: false,
      },
    };
    const mutation = { contract: { set: { "/risk": "HIGH", "/exp": "$seconds:200" } } };
    assert.equal(await verdictOf(mutation, high), "granted");
  });
});

suite("a proof is judged again at each use", () => {
  const TWO = {
    contract: { set: { "/authorization_details/0/limits": { calls: 2, totals: { percent: 10 } } } },
  };
  const SMALL = { request: { set: { "/operation/parameters/percent": 1 } } };

  test("VAI-53 VAI-58 A5 a bound contract is judged by the trust policy of now, not by what passed before", async () => {
    const changes: readonly (readonly [object, string])[] = [
      [{ "/deciders/0/name": "gone.example" }, "DECISION_SIGNATURE_INVALID"],
      [{ "/policies/0/version": "2" }, "POLICY_VERSION_STALE"],
      [{ "/governance/LOW/contextSeconds": 3 }, "CONTEXT_STALE"],
      [{ "/governance/LOW/approvals": 1 }, "PROOF_INCOMPLETE"],
      [{ "/issuers/0/maxRisk": "LOW", "/actions/0/risk": "MEDIUM" }, "RISK_CLASS_UNDERSTATED"],
      [{ "/governance/LOW/maxSeconds": 60 }, "TTL_EXCEEDED"],
      [{ "/issuers/0/name": "gone.example" }, "CONTRACT_ISSUER_UNTRUSTED"],
    ];
    for (const [set, code] of changes) {
      const plane = await newPlane();
      const governed = plane.contract(TWO);
      await plane.grant(SMALL, governed);
      await plane.publish({ set: set as Record<string, unknown> });
      assert.equal(refused(await plane.ask(SMALL, governed)).code, code);
      const named = {
        remove: ["/contract", "/proof"],
        set: { "/contractDigest": governed.contractDigest },
      };
      const byDigest = refused(await plane.ask({ ...SMALL, event: named }, governed));
      assert.equal(byDigest.code, code, "also when it is named by digest");
    }
  });

  test("DTF-10 ADV-54 thresholds that were changed after a decision that names them: it approves nothing any more", async () => {
    const plane = await newPlane();
    const governed = plane.contract({
      ...TWO,
      decision: { set: { "/governanceDigest": documentDigest(plane.policy.governance) } },
    });
    await plane.grant(SMALL, governed);
    await plane.publish({ set: { "/governance/CRITICAL/approvals": 1 } });
    const { code, pointer } = refused(await plane.ask(SMALL, governed));
    assert.deepEqual(
      [code, pointer],
      ["GOVERNANCE_METADATA_MISMATCH", "/proof/decision/governanceDigest"],
    );
  });

  test("VAI-56 a context grows old between two uses", async () => {
    const plane = await newPlane();
    const governed = plane.contract({
      ...TWO,
      context: { set: { "/observedAt": "$instant:-800" } },
    });
    await plane.grant(SMALL, governed);
    plane.world.pass(101);
    assert.equal(refused(await plane.ask(SMALL, governed)).code, "CONTEXT_STALE");
  });
});
