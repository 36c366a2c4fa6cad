import type { Contract } from "../../lib/contract/contract.ts";
import type { Step } from "../../lib/contract/step.ts";
import type { TrustPolicy } from "../../lib/trust/policy.ts";

export const ACCOUNT = "000000000000";
export const REGION = "us-east-1";
export const TABLE = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/Flags`;
export const FUNCTION = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:checkout`;
export const OBJECT = "arn:aws:s3:::settings-bucket/checkout/limits.json";
export const PARAMETER = `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/checkout/limit`;
/** 2026-05-05T04:00:00Z, and five minutes later. */
export const NBF = 1777953600;
export const EXP = NBF + 300;

const digest = `sha256:${"0".repeat(64)}` as const;

export const updateItem = (changes: Partial<Step> = {}): Step => ({
  type: "aws",
  id: "set",
  actions: ["dynamodb:UpdateItem"],
  resources: [TABLE],
  parameters: { "key/pk": { exact: "svc-a" }, "set/weight": { range: { min: 0, max: 10 } } },
  ...changes,
});

export const updateAlias = (changes: Partial<Step> = {}): Step => ({
  type: "aws",
  id: "shift",
  actions: ["lambda:UpdateAlias"],
  resources: [FUNCTION],
  parameters: {
    alias: { exact: "live" },
    version: { exact: "7" },
    percent: { range: { min: 0, max: 10 } },
  },
  limits: { calls: 1, totals: { percent: 10 } },
  ...changes,
});

export const putObject = (changes: Partial<Step> = {}): Step => ({
  type: "aws",
  id: "write",
  actions: ["s3:PutObject"],
  resources: [OBJECT],
  parameters: { body: { prefix: "{" }, contentType: { exact: "application/json" } },
  ...changes,
});

export const putParameter = (changes: Partial<Step> = {}): Step => ({
  type: "aws",
  id: "put",
  actions: ["ssm:PutParameter"],
  resources: [PARAMETER],
  parameters: { value: { oneOf: ["10", "20"] }, expect: { notOneOf: ["0"] } },
  ...changes,
});

export const contractOf = (steps: readonly Step[], changes: Partial<Contract> = {}): Contract => ({
  ver: 1,
  iss: "governance.example",
  aud: `vai:${ACCOUNT}:${REGION}:local`,
  jti: "0198c7d2-0000-7000-8000-000000000001",
  iat: NBF - 10,
  nbf: NBF,
  exp: EXP,
  intent: { id: "0198c7d2-0000-7000-8000-000000000002", digest },
  context: { digest },
  decision: { digest },
  actor: { id: "spiffe://example.org/agent/coordinator", kind: "agent" },
  cnf: { jkt: "A".repeat(43) },
  purpose: "a test",
  risk: "MEDIUM",
  account: ACCOUNT,
  region: REGION,
  deliveries: ["execute"],
  authorization_details: [...steps],
  ...changes,
});

/** Only what derivation reads of a trust policy. */
export const trustPolicy = {
  actions: [
    {
      action: "dynamodb:UpdateItem",
      risk: "LOW",
      executionRoleArn: `arn:aws:iam::${ACCOUNT}:role/exec-dynamodb`,
      readerRoleArn: `arn:aws:iam::${ACCOUNT}:role/read-dynamodb`,
    },
    {
      action: "lambda:UpdateAlias",
      risk: "LOW",
      executionRoleArn: `arn:aws:iam::${ACCOUNT}:role/exec-lambda`,
      readerRoleArn: `arn:aws:iam::${ACCOUNT}:role/read-lambda`,
    },
    {
      action: "lambda:InvokeFunction",
      risk: "LOW",
      executionRoleArn: `arn:aws:iam::${ACCOUNT}:role/exec-lambda`,
      readerRoleArn: `arn:aws:iam::${ACCOUNT}:role/read-lambda`,
    },
    {
      action: "s3:PutObject",
      risk: "LOW",
      executionRoleArn: `arn:aws:iam::${ACCOUNT}:role/exec-s3`,
      readerRoleArn: `arn:aws:iam::${ACCOUNT}:role/read-s3`,
    },
    {
      action: "ssm:PutParameter",
      risk: "LOW",
      executionRoleArn: `arn:aws:iam::${ACCOUNT}:role/exec-ssm`,
      readerRoleArn: `arn:aws:iam::${ACCOUNT}:role/read-ssm`,
    },
  ],
} as unknown as TrustPolicy;

export const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/exec/vai-1`;
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/exec`;

/** A role that may do everything: what is refused is refused by the session policy. */
export const EVERYTHING = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
};

/**
 * A resource policy that names the session: not limited by what a session policy merely leaves out.
 */
export const GRANT_TO_SESSION = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { AWS: SESSION }, Action: "*", Resource: "*" }],
};

export const at = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** The context of the listed UpdateItem, as AWS fills it. */
export const updateItemContext = (changes: Record<string, string | string[]> = {}) => ({
  "aws:CurrentTime": at(NBF),
  "aws:RequestedRegion": REGION,
  "dynamodb:LeadingKeys": ["svc-a"],
  "dynamodb:Attributes": ["pk", "weight"],
  "dynamodb:ReturnValues": "NONE",
  ...changes,
});
