import { randomUUID } from "node:crypto";
import type { ErrorFacts } from "./answer-facts.ts";
import type { Call } from "./call.ts";
import type { Caller, Told } from "./caller.ts";
import { requestParameters } from "./request-parameters.ts";

/** The version of the record format (CloudTrail user guide, "CloudTrail record contents"). */
const EVENT_VERSION = "1.11";

/** One call, in CloudTrail's record format. Members that do not apply are absent. */
export interface CloudTrailEvent {
  readonly eventVersion: string;
  readonly userIdentity: UserIdentity;
  /** When it ended, to the second: `2026-05-05T04:00:00Z`. */
  readonly eventTime: string;
  readonly eventSource: string;
  readonly eventName: string;
  readonly awsRegion: string;
  readonly sourceIPAddress: string;
  readonly userAgent: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly requestParameters: Readonly<Record<string, unknown>> | null;
  readonly responseElements: Readonly<Record<string, unknown>> | null;
  readonly requestID: string;
  readonly eventID: string;
  readonly readOnly: boolean;
  readonly resources?: readonly EventResource[];
  readonly eventType: "AwsApiCall";
  readonly managementEvent: boolean;
  readonly recipientAccountId: string;
  readonly eventCategory: "Management" | "Data";
}

/** Who made the call; `Unknown` when no signature was accepted. */
interface UserIdentity {
  readonly type: "AssumedRole" | "IAMUser" | "Root" | "FederatedUser" | "AWSAccount" | "Unknown";
  readonly principalId?: string;
  readonly arn?: string;
  readonly accountId?: string;
  readonly accessKeyId?: string;
  readonly userName?: string;
  readonly sessionContext?: {
    readonly sessionIssuer: {
      readonly type: "Role";
      readonly principalId?: string;
      readonly arn?: string;
      readonly accountId: string;
      readonly userName: string;
    };
    readonly attributes: { readonly creationDate?: string; readonly mfaAuthenticated: "false" };
    readonly sourceIdentity?: string;
  };
  /** The function whose credentials these are. */
  readonly inScopeOf?: { readonly issuerType: string; readonly credentialsIssuedTo: string };
}

interface EventResource {
  readonly ARN: string;
  readonly accountId: string;
  readonly type?: string;
}

/** What an event is made of. */
export interface EventParts {
  readonly call: Call;
  readonly told: Told;
  /** The access key id that the request names; recorded only where nobody was authenticated. */
  readonly claimedKey: string | undefined;
  readonly error: ErrorFacts | undefined;
  readonly responseElements: CloudTrailEvent["responseElements"];
  readonly requestId: string;
  readonly userAgent: string;
  readonly sourceAddress: string;
  readonly account: string;
  /** Milliseconds. */
  readonly at: number;
}

/** The record of one call. It holds no secret key, token, signature, body or attribute value. */
export function cloudTrailEvent(parts: EventParts): CloudTrailEvent {
  const { call, told, error } = parts;
  const isData = isDataEvent(call);
  const resources = resourcesOf(told, parts.account);
  return {
    eventVersion: EVENT_VERSION,
    userIdentity: userIdentity(told.caller, parts.claimedKey),
    eventTime: instant(parts.at),
    eventSource: `${call.service || "unknown"}.amazonaws.com`,
    eventName: call.eventName,
    awsRegion: call.region,
    sourceIPAddress: parts.sourceAddress,
    userAgent: parts.userAgent,
    ...(error !== undefined && { errorCode: error.code }),
    // Of a signature that failed, the message quotes the signed headers, with the session token.
    ...(error?.message !== undefined && told.caller !== null && { errorMessage: error.message }),
    requestParameters: requestParameters(call),
    responseElements: parts.responseElements,
    requestID: parts.requestId,
    eventID: randomUUID(),
    readOnly: isReadOnly(call),
    ...(resources.length > 0 && { resources }),
    eventType: "AwsApiCall",
    managementEvent: !isData,
    recipientAccountId: parts.account,
    eventCategory: isData ? "Data" : "Management",
  };
}

/** The API operation of an event: its name without the version that some services append. */
export const operationNameOf = ({ eventName }: Pick<CloudTrailEvent, "eventName">): string =>
  eventName.replace(/\d{8}(v\d+)?$/, "");

const instant = (milliseconds: number): string =>
  `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;

const TYPES: Readonly<Record<string, UserIdentity["type"]>> = {
  ...{ AssumedRole: "AssumedRole", User: "IAMUser", Root: "Root", FederatedUser: "FederatedUser" },
};

function userIdentity(caller: Caller | null, claimedKey: string | undefined): UserIdentity {
  if (caller === null) {
    return claimedKey === undefined
      ? { type: "AWSAccount", principalId: "", accountId: "ANONYMOUS_PRINCIPAL" }
      : { type: "Unknown", accessKeyId: claimedKey };
  }
  const type = TYPES[caller.type] ?? "Unknown";
  const { principalId, arn, account: accountId, accessKeyId, userName } = caller;
  return {
    ...{ type, principalId, arn, accountId, accessKeyId },
    ...(type === "IAMUser" && userName !== undefined && { userName }),
    ...(caller.role !== undefined && { sessionContext: sessionContext(caller, caller.role) }),
    ...(caller.functionArn !== undefined && {
      inScopeOf: {
        ...{ issuerType: "AWS::Lambda::Function", credentialsIssuedTo: caller.functionArn },
      },
    }),
  };
}

function sessionContext(
  { account: accountId, issuedAt, sourceIdentity }: Caller,
  { arn, principalId, userName }: NonNullable<Caller["role"]>,
): NonNullable<UserIdentity["sessionContext"]> {
  return {
    sessionIssuer: {
      type: "Role",
      ...(principalId !== undefined && { principalId }),
      ...(arn !== undefined && { arn }),
      ...{ accountId, userName },
    },
    attributes: {
      ...(issuedAt !== undefined && { creationDate: instant(issuedAt * 1_000) }),
      mfaAuthenticated: "false",
    },
    ...(sourceIdentity !== undefined && { sourceIdentity }),
  };
}

const TABLE_MANAGEMENT = /Table|Backup|TimeToLive|ResourcePolicy|Endpoints|Limits|Tag/;
const S3_DATA = /Object|Multipart|UploadPart|ListParts/;

function isDataEvent({ service, operation }: Call): boolean {
  if (service === "dynamodb") return !TABLE_MANAGEMENT.test(operation);
  if (service === "s3") return S3_DATA.test(operation) && !/^ListObject/.test(operation);
  return service === "lambda" && /^Invoke/.test(operation);
}

/** Operations that CloudTrail calls read-only though their names do not say so. */
const READING: ReadonlySet<string> = new Set([
  ...["kms Sign", "kms Verify", "kms Decrypt", "kms Encrypt", "sts AssumeRole"],
]);
const READ_NAME = /^(Get|List|Describe|Query|Scan|BatchGet|TransactGet|Head|Lookup|Filter|Search)/;

const isReadOnly = ({ service, operation }: Call): boolean =>
  READ_NAME.test(operation) || READING.has(`${service} ${operation}`);

const RESOURCE_TYPES: readonly (readonly [RegExp, string])[] = [
  [/:dynamodb:.*:table\//, "AWS::DynamoDB::Table"],
  [/:kms:.*:key\//, "AWS::KMS::Key"],
  [/:lambda:.*:function:/, "AWS::Lambda::Function"],
  [/:iam:.*:role\//, "AWS::IAM::Role"],
  [/:s3:::[^/]+\//, "AWS::S3::Object"],
  [/:s3:::/, "AWS::S3::Bucket"],
  [/:ssm:.*:parameter\//, "AWS::SSM::Parameter"],
  [/:ec2:.*:instance\//, "AWS::EC2::Instance"],
  [/:ecs:.*:service\//, "AWS::ECS::Service"],
];

/** The resources that the emulator authorized the call on. */
function resourcesOf({ checks }: Told, account: string): EventResource[] {
  const arns = new Set(checks.map(([, arn]) => arn).filter((arn) => arn.startsWith("arn:")));
  return [...arns].map((ARN) => {
    const type = RESOURCE_TYPES.find(([form]) => form.test(ARN))?.[1];
    const accountId = ARN.split(":")[4] || account;
    return { ARN, accountId, ...(type !== undefined && { type }) };
  });
}
