import { type Digest, sha256Digest } from "../../../lib/encoding/digest.ts";
import { type SigningKey, signJws } from "../../../lib/encoding/jws.ts";
import type { About } from "../../../lib/evidence/record.ts";
import type { EvidenceRow } from "../../../lib/evidence/row.ts";
import {
  type Draft,
  evidenceKey,
  NOW,
  newId,
  newKey,
  publication,
  signPolicy,
  writeRows,
} from "./plane.ts";

export const INTENT = "0198c7d2-0000-7000-8000-000000000001";
export const CHAIN = `intent/${INTENT}`;
const ARN = "arn:aws:lambda:us-east-1:000000000000:function:checkout";
const AGENT = "spiffe://example.org/agent/coordinator";
const DIGEST: Digest = `sha256:${"1".repeat(64)}`;
const CONTEXT_DIGEST: Digest = `sha256:${"2".repeat(64)}`;
const DECISION_DIGEST: Digest = `sha256:${"3".repeat(64)}`;

const step = {
  id: "shift",
  type: "aws",
  actions: ["lambda:UpdateAlias"],
  resources: [ARN],
  parameters: {
    alias: { exact: "live" },
    percent: { range: { min: 0, max: 10 } },
    version: { exact: "7" },
  },
};

/**
 * A plane with one policy, one intent that ran (records 1–7, 8–9 and 10–12, a seal each), a refusal on the same intent
 * (13–16), and an unattributed refusal (1–2). Six seals in all.
 */
export interface Story {
  readonly anchor: SigningKey;
  readonly key: SigningKey;
  readonly policy: ReturnType<typeof signPolicy>;
  /** By chain id and number, as an export orders them. */
  readonly rows: readonly EvidenceRow[];
  readonly identityId: string;
}

export async function tellStory(anchor: SigningKey = newKey()): Promise<Story> {
  const [key, issuer, agent] = [newKey(), newKey(), newKey()];
  const policy = signPolicy(anchor, [evidenceKey(key)]);
  const contract = signJws(
    "vai-contract+jwt",
    {
      ver: 1,
      iss: "governance.example",
      jti: newId(),
      iat: NOW - 10,
      nbf: NOW,
      exp: NOW + 600,
      purpose: "shift 10 % of checkout to version 7",
      risk: "MEDIUM",
      cnf: { jkt: agent.thumbprint },
      authorization_details: [step],
    },
    issuer,
  );
  const digest = sha256Digest(contract.slice(0, contract.lastIndexOf(".")));
  const about: About = {
    trustPolicy: { version: 1, digest: policy.digest },
    intentId: INTENT,
    contract: { id: newId(), digest },
    actor: { id: AGENT, kind: "agent", jkt: agent.thumbprint },
    request: { jti: "request-1", digest: DIGEST },
  };
  const identityId = newId();
  const drafts = grantDrafts(contract, identityId);
  let granted: EvidenceRow[] = [];
  // The three barriers of a governed action.
  for (const barrier of [drafts.slice(0, 7), drafts.slice(7, 9), drafts.slice(9)]) {
    granted = [...granted, ...(await writeRows(key, CHAIN, barrier, { about, after: granted }))];
  }
  const refused = await writeRows(key, CHAIN, refusalDrafts(), {
    about,
    after: granted,
    at: "2026-05-05T04:00:09.000Z",
  });
  const registry = await writeRows(key, "plane/registry", [publication(policy)]);
  const stray = await writeRows(key, "unattributed/2026-05-05/e", [
    { type: "IdentityRequested", detail: { eventDigest: DIGEST } },
    denied("REQUEST_UNSIGNED", "parse", "malformed", "the event has no request"),
  ]);
  return { anchor, key, policy, rows: [...granted, ...refused, ...registry, ...stray], identityId };
}

const denied = (
  code: "REQUEST_UNSIGNED" | "PARAMETER_OUT_OF_BOUNDS",
  stage: "parse" | "scope",
  failureDomain: "malformed" | "agent",
  reason: string,
): Draft => ({
  type: "IdentityDenied",
  verdict: {
    outcome: "DENY",
    code,
    stage,
    failureDomain,
    checks: [{ name: "parse", result: "fail" }],
  },
  detail: { reason, pointer: "/request/operation/parameters/percent" },
});

const refusalDrafts = (): Draft[] => {
  const refusal = denied(
    "PARAMETER_OUT_OF_BOUNDS",
    "scope",
    "agent",
    "percent 100 is above the contract's maximum 10",
  );
  return [
    { type: "IdentityRequested", detail: { request: "a.b.c", executor: "x" } },
    { ...refusal, type: "ProofRejected" },
    { ...refusal, type: "ViolationDetected" },
    refusal,
  ];
};

function grantDrafts(contract: string, id: string): Draft[] {
  const intent = {
    id: INTENT,
    actor: AGENT,
    action: "lambda:UpdateAlias",
    target: [ARN],
    constraints: {},
    metadata: {},
  };
  const context = {
    observedAt: "2026-05-05T03:59:58.000Z",
    sources: [{ name: "alias", digest: DIGEST }],
  };
  const policy = { id: "rollout", version: "3", engine: "cedar", digest: DIGEST };
  const decision = signJws(
    "vai-decision+jwt",
    { iss: "decider.example", outcome: "ALLOW", policy },
    newKey(),
  );
  const about = { identity: { id } };
  const enforcement = [
    { constraint: "/authorization_details/0/parameters/percent", enforcedBy: ["adapter"] },
  ];
  const outcome = {
    status: "succeeded",
    readBack: { matches: true },
    obligations: [{ name: "alias-routing", met: true }],
  };
  const call = { api: "lambda:UpdateAlias", input: { FunctionName: "checkout", Name: "live" } };
  return [
    {
      type: "IntentSubmitted",
      detail: {
        intent,
        intentDigest: DIGEST,
        opens: { issuer: "governance.example", intentDigest: DIGEST },
      },
    },
    { type: "ContextEvaluated", detail: { context, contextDigest: CONTEXT_DIGEST } },
    {
      type: "PolicyEvaluated",
      detail: { decision, decisionDigest: DECISION_DIGEST, outcome: "ALLOW", policy },
    },
    {
      type: "ContractBound",
      detail: {
        issuer: "governance.example",
        contract,
        proofDigest: DIGEST,
        intentDigest: DIGEST,
        contextDigest: CONTEXT_DIGEST,
        decisionDigest: DECISION_DIGEST,
      },
    },
    { type: "IdentityRequested", detail: { request: "a.b.c", executor: "x" } },
    {
      type: "ProofValidated",
      about,
      verdict: { outcome: "ALLOW", checks: [{ name: "parse", result: "pass" }] },
      detail: { proofDigest: DIGEST },
    },
    {
      type: "IdentityIssued",
      about,
      detail: {
        step: "shift",
        delivery: "execute",
        executor: "x",
        requestJti: "request-1",
        idempotencyKey: "k-1",
        contentDigest: DIGEST,
        issuedAt: "2026-05-05T04:00:00.000Z",
        expiresAt: "2026-05-05T04:10:00.000Z",
        scope: { actions: step.actions, resources: step.resources },
        constraints: step.parameters,
        enforcement,
        totals: {},
        firstSeq: 1,
        roleArn: "arn:aws:iam::000000000000:role/vai-local-exec-lambda",
        sessionName: "vai-0123456789abcdef0123456789",
        sessionPolicyDigest: DIGEST,
      },
    },
    {
      type: "CredentialsMinted",
      about,
      detail: {
        accessKeyId: "ASIA…WXYZ",
        sessionPolicy: { Version: "2012-10-17", Statement: [] },
        sessionPolicyDigest: DIGEST,
        hardExpiry: "2026-05-05T04:15:00.000Z",
      },
    },
    {
      type: "ExecutionStarted",
      about,
      detail: {
        adapter: "lambda:UpdateAlias",
        operationDigest: DIGEST,
        call,
        preRead: null,
        constraints: step.parameters,
        enforcement,
      },
    },
    {
      type: "ExecutionCompleted",
      about,
      detail: { outcome, observed: DIGEST, durationMilliseconds: 41 },
    },
    { type: "ObligationFulfilled", about, detail: { kind: "readBack", name: "alias-routing" } },
    { type: "IdentityCompleted", about, detail: { state: "COMPLETED", outcome } },
  ];
}
