import type { Call } from "./call.ts";
import { dynamoParameters } from "./dynamodb-parameters.ts";
import { HIDDEN, lowerFirst } from "./recorded-form.ts";

/**
 * The inputs that are recorded, by service; everything else is left out. A list of what is kept,
 * not of what is hidden: a new operation can then not put a secret into the feed.
 */
const KEPT: Readonly<Record<string, readonly string[]>> = {
  kms: ["KeyId", "MessageType", "SigningAlgorithm", "KeySpec", "KeyUsage", "AliasName"],
  lambda: [
    ...["FunctionName", "Name", "Qualifier", "InvocationType", "FunctionVersion", "RevisionId"],
    ...["RoutingConfig", "Role", "Runtime", "Handler", "UrlId", "ReservedConcurrentExecutions"],
  ],
  s3: ["bucketName", "key", "versionId", "x-amz-copy-source", "if-none-match"],
  ssm: ["Name", "Names", "Path", "Type", "Overwrite", "WithDecryption"],
  ecs: ["cluster", "service", "services", "desiredCount", "taskDefinition"],
  iam: [
    ...["RoleName", "UserName", "PolicyName", "PolicyArn", "PermissionsBoundary", "Path"],
    ...["PolicyDocument", "AssumeRolePolicyDocument", "MaxSessionDuration", "AccessKeyId"],
  ],
  cloudformation: ["StackName", "ChangeSetName", "ChangeSetType"],
  logs: ["logGroupName", "logStreamName", "retentionInDays"],
  monitoring: ["Namespace", "AlarmName", "DashboardName"],
};

/** The form in which CloudTrail records what a request asked; null when nothing is recorded. */
export function requestParameters(call: Call): Readonly<Record<string, unknown>> | null {
  const found = parametersOf(call);
  return Object.keys(found).length > 0 ? found : null;
}

function parametersOf(call: Call): Record<string, unknown> {
  switch (call.service) {
    case "dynamodb":
      return dynamoParameters(call.operation, call.inputs);
    case "sts":
      return stsParameters(call.inputs);
    case "ec2":
      return ec2Parameters(call.inputs);
    case "events":
      return eventParameters(call.inputs);
    default:
      return { ...kept(call), ...hidden(call) };
  }
}

function kept({ service, inputs }: Call): Record<string, unknown> {
  const names = KEPT[service] ?? [];
  return Object.fromEntries(
    names
      .filter((name) => inputs[name] !== undefined)
      .map((name) => [lowerFirst(name), inputs[name]]),
  );
}

const hidden = ({ service, inputs }: Call) =>
  service === "ssm" && inputs["Value"] !== undefined ? { value: HIDDEN } : {};

/** Of events their names alone: what they say is their sender's. */
function eventParameters({ Entries }: Call["inputs"]): Record<string, unknown> {
  if (!Array.isArray(Entries)) return {};
  const entries = (Entries as Readonly<Record<string, unknown>>[]).map((entry) => ({
    ...{ source: entry["Source"], detailType: entry["DetailType"] },
    eventBusName: entry["EventBusName"] ?? "default",
  }));
  return { entries };
}

/** A session policy and the tags are no secret: what a session may do must be seen. */
function stsParameters(inputs: Call["inputs"]): Record<string, unknown> {
  const simple = ["RoleArn", "RoleSessionName", "SourceIdentity", "Policy"];
  const seconds = inputs["DurationSeconds"];
  const tags = tagsOf(inputs);
  return {
    ...Object.fromEntries(
      simple
        .filter((name) => inputs[name] !== undefined)
        .map((name) => [lowerFirst(name), inputs[name]]),
    ),
    ...(seconds !== undefined && { durationSeconds: Number(seconds) }),
    ...(tags.length > 0 && { tags }),
  };
}

function tagsOf(inputs: Call["inputs"]): { key: unknown; value: unknown }[] {
  const indexes = Object.keys(inputs).flatMap(
    (name) => /^Tags\.member\.(\d+)\.Key$/.exec(name)?.[1] ?? [],
  );
  return indexes.map((index) => ({
    key: inputs[`Tags.member.${index}.Key`],
    value: inputs[`Tags.member.${index}.Value`],
  }));
}

function ec2Parameters(inputs: Call["inputs"]): Record<string, unknown> {
  const items = Object.entries(inputs)
    .filter(([name]) => /^InstanceId\.\d+$/.test(name))
    .map(([, instanceId]) => ({ instanceId }));
  return items.length === 0 ? {} : { instancesSet: { items } };
}
