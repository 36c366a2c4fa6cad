import type { Digest } from "../../lib/encoding/digest.ts";
import type { PublicJwk } from "../../lib/encoding/jwk.ts";
import { type TrustPolicy, trustPolicyGenesis } from "../../lib/trust/policy.ts";
import { KEYS } from "./keys.ts";

export const PLANE = "vai:000000000000:us-east-1:test";

const ACTIONS = ["lambda:UpdateAlias", "dynamodb:UpdateItem"];
const role = (name: string): string => `arn:aws:iam::000000000000:role/${name}`;
const OPEN = { approvals: 0, attestations: 0, classes: 0, veto: [], credentials: true };

/** The first trust policy of a test's plane. `now` in milliseconds. */
export function firstPolicy(
  keys: Readonly<Record<"evidence" | "plane", PublicJwk>>,
  now: number,
): TrustPolicy {
  const seconds = Math.floor(now / 1000);
  return {
    version: 1,
    prev: trustPolicyGenesis(PLANE),
    plane: PLANE,
    iat: seconds - 60,
    exp: seconds + 30 * 24 * 3600,
    planeKeys: [
      { use: "evidence", key: keys.evidence, notBefore: seconds - 3600 },
      { use: "plane", key: keys.plane, notBefore: seconds - 3600 },
    ],
    issuers: [
      { name: "governance.example", keys: [KEYS.issuer.jwk], maxRisk: "HIGH", actions: ACTIONS },
      { name: "other.example", keys: [KEYS.otherIssuer.jwk], maxRisk: "LOW", actions: ACTIONS },
    ],
    deciders: [
      { name: "policy.example", keys: [KEYS.decider.jwk], maxRisk: "HIGH", actions: ACTIONS },
      {
        name: "narrow.example",
        keys: [KEYS.otherDecider.jwk],
        maxRisk: "LOW",
        actions: ["dynamodb:UpdateItem"],
      },
    ],
    evaluators: [
      { name: "state.example", class: "state", keys: [KEYS.evaluator.jwk] },
      { name: "risk.example", class: "risk", keys: [KEYS.evaluatorRisk.jwk] },
      { name: "human.example", class: "human", keys: [KEYS.evaluatorHuman.jwk] },
    ],
    approvers: [
      { name: "ada", roles: ["sre-lead"], keys: [KEYS.approver.jwk] },
      {
        name: "bea",
        roles: ["sre-lead", "incident-commander"],
        keys: [KEYS.otherApprover.jwk],
      },
    ],
    operators: [
      { name: "olga", keys: [KEYS.operator.jwk] },
      { name: "otto", keys: [KEYS.otherOperator.jwk] },
      { name: "monitor", keys: [KEYS.signaller.jwk], may: ["signal"] },
    ],
    auditors: [{ name: "anna", keys: [KEYS.auditor.jwk] }],
    planes: [],
    policies: [{ id: "baseline", version: "1", digest: `sha256:${"17".repeat(32)}` as Digest }],
    actions: [
      {
        action: "lambda:UpdateAlias",
        risk: "LOW",
        executionRoleArn: role("exec-lambda"),
        readerRoleArn: role("read-lambda"),
      },
      {
        action: "dynamodb:UpdateItem",
        risk: "LOW",
        executionRoleArn: role("exec-dynamodb"),
        readerRoleArn: role("read-dynamodb"),
      },
    ],
    governance: {
      LOW: { maxSeconds: 900, contextSeconds: 900, ...OPEN },
      MEDIUM: { maxSeconds: 600, contextSeconds: 600, ...OPEN },
      HIGH: {
        maxSeconds: 300,
        contextSeconds: 300,
        approvals: 1,
        attestations: 3,
        classes: 2,
        veto: ["state"],
        credentials: false,
      },
      CRITICAL: {
        maxSeconds: 300,
        contextSeconds: 300,
        approvals: 2,
        attestations: 4,
        classes: 3,
        veto: ["state"],
        credentials: false,
      },
    },
    breakGlass: [],
  };
}

/** The policy after another one: next version, linked by digest. */
export const successor = (policy: TrustPolicy, digest: Digest): TrustPolicy => ({
  ...structuredClone(policy),
  version: policy.version + 1,
  prev: digest,
});
