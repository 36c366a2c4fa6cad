import { askPeopleOf } from "../../../lib/aws/function/ask-people.ts";
import { revokeDependencies } from "../../../lib/aws/function/command-dependencies.ts";
import { type Environment, issueDependencies } from "../../../lib/aws/function/dependencies.ts";
import { unending } from "../../../lib/aws/ports/lifetime.ts";
import { ENV } from "../../../lib/config.ts";
import type { IssueDeps, RevokeDeps } from "../../../lib/enforcement/deps.ts";
import type { Append } from "../../../lib/evidence/ports.ts";
import { IssuedSession } from "../../../lib/issuance/session.ts";
import type { DecisionNeeded } from "../../../lib/proof/decision-needed.ts";
import { Fault } from "../../../lib/refusal.ts";
import { KEYS } from "../keys.ts";
import type { ClientUse } from "./peers.ts";

/** Clients of the plane's own functions, made as a function makes them: from its environment. */

/** Ports of a function whose AWS is one peer; its credentials are those of the process. */
export const functionAt = (endpoint: string, patience: number): IssueDeps =>
  issueDependencies("issue", environmentAt(endpoint), unending(), patience);

const environmentAt = (endpoint: string): Environment => ({
  ...Object.fromEntries(Object.values(ENV).map((name) => [name, "x"])),
  [ENV.plane]: "vai:111122223333:us-east-1:example",
  [ENV.anchors]: JSON.stringify([KEYS.anchor.jwk]),
  [ENV.targets]: "{}",
  [ENV.targetKeys]: "{}",
  [ENV.scopedCredentials]: "true",
  AWS_ENDPOINT_URL: endpoint,
});

/** The same of `revoke`. */
const revokeAt = (endpoint: string, patience: number): RevokeDeps =>
  revokeDependencies("revoke", environmentAt(endpoint), unending(), patience);

const MADE = "lib/aws/function/dependencies.ts";
const COMMANDS = "lib/aws/function/command-dependencies.ts";

/** What each port does when its dependency misbehaves. */
export interface FunctionUse extends ClientUse {
  readonly code: string;
  /** Tried once: a second try would be another session. */
  readonly once?: true;
}

const HASH = `sha256:${"0".repeat(64)}` as const;
/** One step of a chain. */
export const STEP: Append = {
  chainId: "intent/x",
  from: { seq: 1, hash: HASH },
  marked: undefined,
  to: { seq: 2, hash: HASH },
  rows: [],
};

const NEEDED: DecisionNeeded = {
  ...{ plane: "vai:111122223333:us-east-1:example", intentId: "x", contractId: "x" },
  ...{ contractDigest: HASH, issuer: "x", risk: "HIGH", until: "2026-05-05T04:15:00.000Z" },
  ...{ asks: "approval", statementDigest: HASH, needed: 1, have: 0, roles: [] },
};

const ROLE = "arn:aws:iam::111122223333:role/vai-exec";
export const SESSION_WANTED = {
  RoleArn: ROLE,
  RoleSessionName: "vai-0",
  SourceIdentity: "vai-0",
  DurationSeconds: 900,
  Policy: "{}",
  Tags: [],
};

const SESSION_HELD = new IssuedSession(
  { accessKeyId: "ASIAFIRST", secretAccessKey: "first", sessionToken: "first" },
  "2026-05-05T04:15:00.000Z",
);
const CUT_WANTED = { Policy: "{}", DurationSeconds: 20, ScopedSessionDescription: "vai-0" };

export const FUNCTION_CLIENTS: readonly FunctionUse[] = [
  {
    name: "kms:GetPublicKey of a function",
    made: `${MADE} planePorts KMSClient`,
    ask: (endpoint, patience) => functionAt(endpoint, patience).signer.keyid(),
    code: "EVIDENCE_SIGNER_UNAVAILABLE",
  },
  {
    name: "kms:Sign of a function",
    made: `${MADE} planePorts KMSClient`,
    ask: (endpoint, patience) => functionAt(endpoint, patience).signer.sign(new Uint8Array(32)),
    code: "EVIDENCE_SIGNER_UNAVAILABLE",
  },
  {
    name: "dynamodb:Query of a function",
    made: `${MADE} planePorts DynamoDBClient`,
    ask: (endpoint, patience) => functionAt(endpoint, patience).evidence.readRows("intent/x"),
    code: "EVIDENCE_STORE_UNAVAILABLE",
  },
  {
    name: "dynamodb:BatchGetItem of a function",
    made: `${MADE} planePorts DynamoDBClient`,
    ask: (endpoint, patience) => functionAt(endpoint, patience).registry.readHeads({ known: 0 }),
    code: "DEPENDENCY_UNAVAILABLE",
  },
  {
    name: "dynamodb:UpdateItem of a function",
    made: `${MADE} planePorts DynamoDBClient`,
    ask: (endpoint, patience) => functionAt(endpoint, patience).counter.count("scope", 1, 1),
    code: "DEPENDENCY_UNAVAILABLE",
  },
  {
    name: "dynamodb:TransactWriteItems of a function",
    made: `${MADE} planePorts DynamoDBClient`,
    ask: (endpoint, patience) => functionAt(endpoint, patience).evidence.append(STEP),
    code: "EVIDENCE_STORE_UNAVAILABLE",
  },
  {
    name: "s3:ListBucketVersions of a function",
    made: `${MADE} planePorts S3Client`,
    ask: (endpoint, patience) => functionAt(endpoint, patience).breakGlass.names("break-glass/"),
    code: "DEPENDENCY_UNAVAILABLE",
  },
  {
    name: "s3:PutObject of a function",
    made: `${MADE} planePorts S3Client`,
    ask: (endpoint, patience) =>
      functionAt(endpoint, patience).breakGlass.putIfAbsent("break-glass/x/000000000/use", "{}"),
    code: "DEPENDENCY_UNAVAILABLE",
  },
  {
    name: "lambda:Invoke of a function",
    made: `${COMMANDS} commandPorts LambdaClient`,
    // Nobody hears of its failure: what is due is done a minute later anyway.
    ask: async (endpoint, patience) => {
      await revokeAt(endpoint, patience).wakeSweep();
      throw new Fault("DEPENDENCY_UNAVAILABLE", "it has ended");
    },
    code: "DEPENDENCY_UNAVAILABLE",
    once: true,
  },
  {
    name: "events:PutEvents of a function",
    made: "lib/aws/function/ask-people.ts askPeopleOf EventBridgeClient",
    // Nobody hears of its failure: people find what they are asked in vai status.
    ask: async (endpoint, patience) => {
      const { plane } = functionAt(endpoint, patience);
      await askPeopleOf({ plane }, environmentAt(endpoint), unending(), patience)([NEEDED]);
      throw new Fault("DEPENDENCY_UNAVAILABLE", "it has ended");
    },
    code: "DEPENDENCY_UNAVAILABLE",
    once: true,
  },
  {
    name: "iam:GetRolePolicy of a function",
    made: `${COMMANDS} revokePorts IAMClient`,
    ask: (endpoint, patience) => revokeAt(endpoint, patience).rolePolicies.read(ROLE),
    code: "DEPENDENCY_UNAVAILABLE",
  },
  {
    name: "iam:PutRolePolicy of a function",
    made: `${COMMANDS} revokePorts IAMClient`,
    ask: (endpoint, patience) => revokeAt(endpoint, patience).rolePolicies.write(ROLE, "{}"),
    code: "DEPENDENCY_UNAVAILABLE",
  },
  {
    name: "sts:AssumeRole of a probe",
    made: `${COMMANDS} revokePorts STSClient`,
    // What is not known is no denial, and nobody hears of it but by that.
    ask: async (endpoint, patience) => {
      const answer = await revokeAt(endpoint, patience).askIam?.(ROLE, "vai-0");
      if (answer === "unknown") throw new Fault("DEPENDENCY_UNAVAILABLE", "nobody knows");
    },
    code: "DEPENDENCY_UNAVAILABLE",
    once: true,
  },
  {
    name: "sts:AssumeRole of a reader role",
    made: `${MADE} readerPorts STSClient`,
    ask: (endpoint, patience) => functionAt(endpoint, patience).readerCredentials(ROLE, "dynamodb"),
    code: "DEPENDENCY_UNAVAILABLE",
  },
  {
    name: "sts:GetScopedCredentials of a session that is delivered",
    made: `${MADE} issueDependencies STSClient`,
    ask: async (endpoint, patience) =>
      functionAt(endpoint, patience).cutSession?.(SESSION_HELD, CUT_WANTED),
    code: "STS_FAILED",
    once: true,
  },
  {
    name: "sts:AssumeRole of an execution role",
    made: `${MADE} issueDependencies STSClient`,
    ask: (endpoint, patience) => functionAt(endpoint, patience).assumeRole(SESSION_WANTED),
    code: "STS_FAILED",
    once: true,
  },
];
