import { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { IAMClient } from "@aws-sdk/client-iam";
import { KMSClient } from "@aws-sdk/client-kms";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import type { Heads, RegistryDocuments } from "../../enforcement/read/registry-port.ts";
import { type ClientPlace, dependencyOptions } from "../ports/clients.ts";
import { DynamoRegistryStore } from "../ports/registry-store.ts";
import type { Tables } from "../ports/transaction.ts";
import { type AccountFacts, readAccount } from "./account.ts";
import { type BucketFacts, readBucket } from "./bucket.ts";
import { type Caller, readCaller } from "./caller.ts";
import { type CutLook, readCut } from "./cut.ts";
import { type FunctionFacts, readFunction, readSources, type SourceFacts } from "./functions.ts";
import { type KeyFacts, readKey } from "./keys.ts";
import { look, type Seen } from "./look.ts";
import { type PolicyText, type RoleFacts, readManagedPolicy, readRole } from "./roles.ts";
import { readStack, type StackFacts } from "./stack.ts";
import { readTable, type TableFacts } from "./tables.ts";
import { readTargetEncryption, type TargetEncryption } from "./target-encryption.ts";
import { readTargetPolicy } from "./target-policies.ts";

/** The Registry and its chain's end, as enforcement reads them. */
export interface RegistryLook {
  readonly heads: Heads;
  readonly documents: RegistryDocuments;
}

/** Reads of a deployment, with the credentials of whoever looks; nothing is ever changed. */
export interface Inspector {
  caller(): Promise<Caller>;
  /** What the region's STS makes of the call by which sessions are cut. */
  cut(): Promise<CutLook>;
  function(name: string): Promise<FunctionFacts>;
  /** What feeds a function. */
  sources(functionName: string): Promise<Seen<readonly SourceFacts[]>>;
  table(name: string): Promise<TableFacts>;
  /** A bucket that locks what is put into it. */
  bucket(name: string): Promise<BucketFacts>;
  /** `alias`: a name that should lead to the same key. */
  key(id: string, alias: string): Promise<KeyFacts>;
  role(arn: string): Promise<RoleFacts>;
  managedPolicy(arn: string): Promise<Seen<PolicyText>>;
  /** `target`: as the functions were told of it. */
  targetEncryption(target: string): Promise<TargetEncryption>;
  registry(): Promise<Seen<RegistryLook>>;
  /** Everybody in the account, with their policies. */
  account(): Promise<Seen<AccountFacts>>;
  /** The policy that a governed target itself has. */
  targetPolicy(arn: string): Promise<Seen<string>>;
  /** A CloudFormation stack: what it wrote. */
  stack(name: string): Promise<Seen<StackFacts>>;
}

export function inspector(place: ClientPlace, tables: Tables): Inspector {
  const options = dependencyOptions(place);
  const lambda = new LambdaClient(options);
  const dynamo = new DynamoDBClient(options);
  const kms = new KMSClient(options);
  const iam = new IAMClient(options);
  // A bucket is no host name of an endpoint of one's own.
  const s3 = new S3Client({ ...options, forcePathStyle: place.endpoint !== undefined });
  const cloudFormation = new CloudFormationClient(options);
  return {
    caller: () => readCaller(options),
    cut: () => readCut(place),
    function: (name) => readFunction(lambda, name),
    sources: (functionName) => readSources(lambda, functionName),
    table: (name) => readTable(dynamo, name),
    bucket: (name) => readBucket(s3, name),
    key: (id, alias) => readKey(kms, id, alias),
    role: (arn) => readRole(iam, arn),
    managedPolicy: (arn) => readManagedPolicy(iam, arn),
    targetEncryption: (target) => readTargetEncryption(place, target),
    registry: () =>
      look("dynamodb:BatchGetItem on the plane's tables", async () => {
        const store = new DynamoRegistryStore(dynamo, tables);
        const heads = await store.readHeads({ known: 0 });
        return { heads, documents: await store.readDocuments(heads.registry) };
      }),
    account: () => readAccount(iam),
    targetPolicy: (arn) => readTargetPolicy({ dynamo, lambda, s3 }, arn),
    stack: (name) => readStack(cloudFormation, name),
  };
}
