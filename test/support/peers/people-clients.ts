import { groundOf } from "../../../lib/aws/inspect/ground.ts";
import { type Inspector, inspector } from "../../../lib/aws/inspect/inspect.ts";
import { keyArns } from "../../../lib/aws/inspect/target-encryption.ts";
import { invokeFunction } from "../../../lib/aws/people/invoke.ts";
import {
  emergenciesOf,
  kmsPublicJwk,
  kmsSigner,
  readMarks,
  readOpenViews,
  readRecords,
  readRefusals,
  readRegistry,
} from "../../../lib/aws/people/plane-access.ts";
import { type ClientPlace, dependencyOptions } from "../../../lib/aws/ports/clients.ts";
import { evidenceReader } from "../../../lib/aws/ports/evidence-reader.ts";
import { TABLES } from "../memory-dynamo.ts";
import { type ClientUse, SESSION } from "./peers.ts";

/** Clients of people's commands, the doctor's among them, made by the functions that the commands call. */

export const placeAt = (endpoint: string, patience: number): ClientPlace => ({
  region: "us-east-1",
  endpoint,
  credentials: SESSION,
  patience,
});
export const seeAt = (endpoint: string, patience: number): Inspector =>
  inspector(placeAt(endpoint, patience), TABLES);

const INSPECT = "lib/aws/inspect/inspect.ts inspector";
const ACCESS = "lib/aws/people/plane-access.ts";
const READER = "lib/aws/ports/evidence-reader.ts evidenceReader DynamoDBClient";
const ROLE = "arn:aws:iam::111122223333:role/vai-exec";

/** One look of the doctor. */
export interface DoctorUse extends ClientUse {
  readonly look: keyof Inspector;
}

const POLICY = "arn:aws:iam::111122223333:policy/vai-agent";

const ENCRYPTION = "lib/aws/inspect/target-encryption.ts";

function encryptionOf(target: string): ClientUse["ask"] {
  return (endpoint, patience) => seeAt(endpoint, patience).targetEncryption(target);
}

export const DOCTOR_CLIENTS: readonly DoctorUse[] = [
  {
    name: "who looks",
    look: "caller",
    made: "lib/aws/inspect/caller.ts readCaller STSClient",
    ask: (endpoint, patience) => seeAt(endpoint, patience).caller(),
  },
  {
    name: "what STS makes of a cut",
    look: "cut",
    made: "lib/aws/inspect/cut.ts readCut STSClient",
    ask: (endpoint, patience) => seeAt(endpoint, patience).cut(),
  },
  {
    name: "a function",
    look: "function",
    made: `${INSPECT} LambdaClient`,
    ask: (endpoint, patience) => seeAt(endpoint, patience).function("issue"),
  },
  {
    name: "what feeds a function",
    look: "sources",
    made: `${INSPECT} LambdaClient`,
    ask: (endpoint, patience) => seeAt(endpoint, patience).sources("watch"),
  },
  {
    name: "a table",
    look: "table",
    made: `${INSPECT} DynamoDBClient`,
    ask: (endpoint, patience) => seeAt(endpoint, patience).table("evidence"),
  },
  {
    name: "the bucket of emergencies",
    look: "bucket",
    made: `${INSPECT} S3Client`,
    ask: (endpoint, patience) => seeAt(endpoint, patience).bucket("glass"),
  },
  {
    name: "the Registry",
    look: "registry",
    made: `${INSPECT} DynamoDBClient`,
    ask: (endpoint, patience) => seeAt(endpoint, patience).registry(),
  },
  {
    name: "a key",
    look: "key",
    made: `${INSPECT} KMSClient`,
    ask: (endpoint, patience) => seeAt(endpoint, patience).key("key", "alias/key"),
  },
  {
    name: "a role",
    look: "role",
    made: `${INSPECT} IAMClient`,
    ask: (endpoint, patience) => seeAt(endpoint, patience).role(ROLE),
  },
  {
    name: "a managed policy",
    look: "managedPolicy",
    made: `${INSPECT} IAMClient`,
    ask: (endpoint, patience) => seeAt(endpoint, patience).managedPolicy(POLICY),
  },
  {
    name: "a stack",
    look: "stack",
    made: `${INSPECT} CloudFormationClient`,
    ask: (endpoint, patience) => seeAt(endpoint, patience).stack("vai-x"),
  },
  {
    name: "a table's encryption",
    look: "targetEncryption",
    made: `${ENCRYPTION} ofTable DynamoDBClient`,
    ask: encryptionOf("arn:aws:dynamodb:us-east-1:111122223333:table/settings"),
  },
  {
    name: "a bucket's encryption",
    look: "targetEncryption",
    made: `${ENCRYPTION} ofBucket S3Client`,
    ask: encryptionOf("arn:aws:s3:::settings-bucket/*"),
  },
  {
    name: "a disk's encryption",
    look: "targetEncryption",
    made: `${ENCRYPTION} ofDisks EC2Client`,
    ask: encryptionOf("arn:aws:ec2:us-east-1:111122223333:instance/i-0123456789abcdef0"),
  },
  {
    name: "a key by its alias",
    look: "targetEncryption",
    made: `${ENCRYPTION} keyArns KMSClient`,
    ask: (endpoint, patience) =>
      keyArns(["alias/aws/s3"], dependencyOptions(placeAt(endpoint, patience))),
  },
];

const GROUND = "lib/aws/inspect/ground.ts groundOf";
const groundAt = (endpoint: string, patience: number) => groundOf(placeAt(endpoint, patience));

/** Looks for ways around a plane, and before one is there. */
export const OTHER_LOOKS: readonly ClientUse[] = [
  {
    name: "everybody's rights",
    made: `${INSPECT} IAMClient`,
    ask: (endpoint, patience) => seeAt(endpoint, patience).account(),
  },
  {
    name: "the policy of a target",
    made: `${INSPECT} S3Client`,
    ask: (endpoint, patience) => seeAt(endpoint, patience).targetPolicy("arn:aws:s3:::bucket/*"),
  },
  {
    name: "who deploys",
    made: "lib/aws/inspect/caller.ts readCaller STSClient",
    ask: (endpoint, patience) => groundAt(endpoint, patience).caller(),
  },
  {
    name: "a quota",
    made: `${GROUND} LambdaClient`,
    ask: (endpoint, patience) => groundAt(endpoint, patience).concurrency(),
  },
  {
    name: "the bootstrap",
    made: `${GROUND} SSMClient`,
    ask: (endpoint, patience) => groundAt(endpoint, patience).parameter("/x"),
  },
  {
    name: "a stack that may be there",
    made: `${GROUND} CloudFormationClient`,
    ask: (endpoint, patience) => groundAt(endpoint, patience).stack("vai-x"),
  },
  ...(
    [
      ["function", "LambdaClient"],
      ["table", "DynamoDBClient"],
      ["role", "IAMClient"],
      ["key alias", "KMSClient"],
    ] as const
  ).map(
    ([kind, client]): ClientUse => ({
      name: `the name of a ${kind}`,
      made: `${GROUND} ${client}`,
      ask: (endpoint, patience) => groundAt(endpoint, patience).named(kind, "vai-x"),
    }),
  ),
  {
    name: "somebody's rights",
    made: `${GROUND} IAMClient`,
    ask: (endpoint, patience) => groundAt(endpoint, patience).denied(ROLE, ["iam:GetRole"], "*"),
  },
];

async function all(rows: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

/** What else a command does with a person's own credentials. */
export interface PersonUse extends ClientUse {
  readonly code: string;
  /** Tried once: a second try would be a second request of an agent. */
  readonly once?: true;
}

export const PEOPLE_CLIENTS: readonly PersonUse[] = [
  {
    name: "a person's look at the list of chains",
    made: READER,
    ask: (endpoint, patience) =>
      evidenceReader(placeAt(endpoint, patience), TABLES.evidence).chainIds(),
    code: "EVIDENCE_STORE_UNAVAILABLE",
  },
  {
    name: "a person's look at a chain",
    made: READER,
    ask: (endpoint, patience) =>
      all(evidenceReader(placeAt(endpoint, patience), TABLES.evidence).chain("intent/x")),
    code: "EVIDENCE_STORE_UNAVAILABLE",
  },
  {
    name: "a person's look at the records of a chain",
    made: `${ACCESS} readRecords DynamoDBClient`,
    ask: (endpoint, patience) => readRecords(placeAt(endpoint, patience), TABLES, "intent/x"),
    code: "EVIDENCE_STORE_UNAVAILABLE",
  },
  {
    name: "a person's look at the Registry",
    made: `${ACCESS} readRegistry DynamoDBClient`,
    ask: (endpoint, patience) => readRegistry(placeAt(endpoint, patience), TABLES),
    code: "DEPENDENCY_UNAVAILABLE",
  },
  {
    name: "an operator's look at what is open",
    made: `${ACCESS} readOpenViews DynamoDBClient`,
    ask: (endpoint, patience) => readOpenViews(placeAt(endpoint, patience), TABLES, () => {}),
    code: "DEPENDENCY_UNAVAILABLE",
  },
  {
    name: "an operator's look at what is marked",
    made: `${ACCESS} readMarks DynamoDBClient`,
    ask: (endpoint, patience) => readMarks(placeAt(endpoint, patience), TABLES, ["intent/x"]),
    code: "DEPENDENCY_UNAVAILABLE",
  },
  {
    name: "an operator's look at what was refused",
    made: `${ACCESS} readRefusals DynamoDBClient`,
    ask: (endpoint, patience) => readRefusals(placeAt(endpoint, patience), TABLES, "2026-05-05", 5),
    code: "EVIDENCE_STORE_UNAVAILABLE",
  },
  {
    name: "an operator's look at the reviews that wait",
    made: `${ACCESS} emergenciesOf S3Client`,
    ask: (endpoint, patience) =>
      emergenciesOf(placeAt(endpoint, patience), "bucket").names("break-glass/"),
    code: "DEPENDENCY_UNAVAILABLE",
  },
  {
    name: "a person's look at a public key in KMS",
    made: `${ACCESS} kmsPublicJwk KMSClient`,
    ask: (endpoint, patience) => kmsPublicJwk(placeAt(endpoint, patience), "key"),
    code: "EVIDENCE_SIGNER_UNAVAILABLE",
  },
  {
    name: "a person's signature by KMS",
    made: `${ACCESS} kmsSigner KMSClient`,
    ask: (endpoint, patience) =>
      kmsSigner(placeAt(endpoint, patience), "key").sign(new Uint8Array(32)),
    code: "EVIDENCE_SIGNER_UNAVAILABLE",
  },
  {
    name: "a person's call of a function",
    made: "lib/aws/people/invoke.ts invokeFunction LambdaClient",
    ask: (endpoint, patience) => invokeFunction(placeAt(endpoint, patience), "issue", {}),
    code: "DEPENDENCY_UNAVAILABLE",
    once: true,
  },
];
