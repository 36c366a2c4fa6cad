import { CATALOGUE } from "../../../lib/actions/catalogue.ts";
import type { ClientSettings } from "../../../lib/actions/client-settings.ts";
import type { ActionDescriptor, CallOutcome, Operation } from "../../../lib/actions/descriptor.ts";
import { READS } from "../../../lib/actions/reads.ts";
import { type ClientUse, SESSION } from "./peers.ts";

/** Clients that read and change targets: every action of the catalogue and every read that assumptions may name. */

const settingsFor = (endpoint: string, timeoutMilliseconds: number): ClientSettings => ({
  account: "111122223333",
  region: "us-east-1",
  endpoint,
  // A session of its own, so that no client of another test is taken for it.
  credentials: { ...SESSION },
  timeoutMilliseconds,
});

interface Sample {
  /** Parameters that the action takes; of those that take none there are none. */
  readonly parameters?: Operation["parameters"];
  /** What the pre-read found, where the call needs it. */
  readonly facts?: Readonly<Record<string, string>>;
  /** Where its clients are made: of the call, and of the reads before and after it, if it has any. */
  readonly call: string;
  readonly reads?: string;
  /** And of the look at the target's encryption, where there is one. */
  readonly keys?: string;
}

const INSTANCE = {
  facts: { state: "running" },
  call: "lib/actions/ec2/instance.ts call EC2Client",
  reads: "lib/actions/ec2/instance-description.ts describeInstance EC2Client",
};

const ACTIONS: Readonly<Record<string, Sample>> = {
  "dynamodb:UpdateItem": {
    parameters: { "key/pk": "svc-a", "set/weight": 3 },
    call: "lib/actions/dynamodb/update-item.ts call DynamoDBClient",
    reads: "lib/actions/dynamodb/update-item.ts readBack DynamoDBClient",
    keys: "lib/actions/dynamodb/table-key.ts isTableUnderKey DynamoDBClient",
  },
  "ec2:StartInstances": {
    ...INSTANCE,
    keys: "lib/actions/ec2/disk-keys.ts isDiskUnderKey EC2Client",
  },
  "ec2:StopInstances": INSTANCE,
  "ec2:TerminateInstances": INSTANCE,
  "ecs:UpdateService": {
    parameters: { desiredCount: 2 },
    facts: { desiredCount: "1" },
    call: "lib/actions/ecs/update-service.ts call ECSClient",
    reads: "lib/actions/ecs/service-description.ts describeService ECSClient",
  },
  "lambda:InvokeFunction": {
    parameters: { "payload/clientToken": "ref-1", "payload/amount": 100 },
    call: "lib/actions/lambda/invoke-function.ts call LambdaClient",
  },
  "lambda:UpdateAlias": {
    parameters: { alias: "live", version: "7", percent: 10 },
    facts: { revisionId: "r", mainVersion: "6" },
    call: "lib/actions/lambda/update-alias.ts call LambdaClient",
    reads: "lib/actions/lambda/update-alias.ts getAlias LambdaClient",
  },
  "s3:PutObject": {
    parameters: { body: "{}" },
    call: "lib/actions/s3/put-object.ts call S3Client",
    reads: "lib/actions/s3/object-client.ts objectReader S3Client",
    keys: "lib/actions/s3/object-client.ts objectReader S3Client",
  },
  "ssm:PutParameter": {
    parameters: { value: "10" },
    facts: { name: "/checkout/limit" },
    call: "lib/actions/ssm/put-parameter.ts call SSMClient",
    reads: "lib/actions/ssm/put-parameter.ts getParameter SSMClient",
  },
};

const READ_SAMPLES: Readonly<
  Record<string, Pick<Sample, "parameters"> & Required<Pick<Sample, "reads">>>
> = {
  "dynamodb:GetItem": {
    parameters: { "key/pk": "svc-a" },
    reads: "lib/actions/dynamodb/read.ts getItem DynamoDBClient",
  },
  "ec2:DescribeInstances": { reads: INSTANCE.reads },
  "ecs:DescribeServices": {
    reads: "lib/actions/ecs/service-description.ts describeService ECSClient",
  },
  "lambda:GetAlias": {
    parameters: { alias: "live" },
    reads: "lib/actions/lambda/read.ts getAlias LambdaClient",
  },
  "s3:HeadObject": { reads: "lib/actions/s3/object-client.ts objectReader S3Client" },
  "ssm:GetParameter": { reads: "lib/actions/ssm/read.ts getParameter SSMClient" },
};

function sampleOf<S>(samples: Readonly<Record<string, S>>, name: string): S {
  const sample = samples[name];
  if (sample === undefined) throw new Error(`${name} has no line in target-clients.ts`);
  return sample;
}

const operationOf = ({ action, target }: ActionDescriptor): Operation => ({
  action,
  resource: target.example,
  parameters: sampleOf(ACTIONS, action).parameters ?? {},
});

/** A bounded call: what comes of it is an outcome. */
export interface BoundedUse extends ClientUse {
  readonly ask: (endpoint: string, patience: number) => Promise<CallOutcome>;
}

export const BOUNDED_CALLS: readonly BoundedUse[] = CATALOGUE.map((descriptor) => {
  const { call, facts = {} } = sampleOf(ACTIONS, descriptor.action);
  return {
    name: descriptor.action,
    made: call,
    ask: (endpoint, patience) =>
      descriptor.call(operationOf(descriptor), { facts }, settingsFor(endpoint, patience)),
  };
});

const aroundCalls = CATALOGUE.flatMap((descriptor): ClientUse[] => {
  const { preRead, readBack } = descriptor;
  const operation = operationOf(descriptor);
  const made = sampleOf(ACTIONS, descriptor.action).reads;
  if (made === undefined) {
    if (preRead !== undefined || readBack !== undefined) throw new Error(descriptor.action);
    return [];
  }
  return [
    ...(preRead === undefined
      ? []
      : [
          {
            name: `what ${descriptor.action} reads before its call`,
            made,
            ask: (endpoint: string, patience: number) =>
              preRead(operation, settingsFor(endpoint, patience)),
          },
        ]),
    ...(readBack === undefined
      ? []
      : [
          {
            name: `what ${descriptor.action} reads after its call`,
            made,
            ask: (endpoint: string, patience: number) =>
              readBack(operation, settingsFor(endpoint, patience)),
          },
        ]),
  ];
});

const ofKeys = CATALOGUE.flatMap(({ action, keyUse, target }): ClientUse[] => {
  const { keys } = sampleOf(ACTIONS, action);
  if ((keyUse === undefined) !== (keys === undefined)) throw new Error(`${action}: keys`);
  if (keyUse === undefined || keys === undefined) return [];
  return [
    {
      name: `under which key a target of ${action} lies`,
      made: keys,
      ask: (endpoint, patience) => keyUse.lookAt(target.example, settingsFor(endpoint, patience)),
    },
  ];
});

const ofAssumptions = READS.map((read): ClientUse => {
  const { parameters = {}, reads } = sampleOf(READ_SAMPLES, read.read);
  const request = { resource: read.target.example, parameters };
  return {
    name: `${read.read} of an assumption`,
    made: reads,
    ask: (endpoint, patience) => read.fetch(request, settingsFor(endpoint, patience)),
  };
});

export const TARGET_READS: readonly ClientUse[] = [...aroundCalls, ...ofKeys, ...ofAssumptions];
