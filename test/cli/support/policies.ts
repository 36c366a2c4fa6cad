/** Policy documents in the form that the stack deploys (infra/), written by hand so that a test can break them. */

export interface Document {
  Version: string;
  Statement: Record<string, unknown>[];
}

const document = (...statements: Record<string, unknown>[]): Document => ({
  Version: "2012-10-17",
  Statement: statements,
});

export const allowing = (Action: string[], Resource: string[]): Document =>
  document({ Sid: "All", Effect: "Allow", Action, Resource });

/** What Lambda makes of the permission of a rule. */
export const invokedByRule = (rule: string): Document =>
  document({
    ...{ Sid: "rule", Effect: "Allow", Principal: { Service: "events.amazonaws.com" } },
    ...{ Action: "lambda:InvokeFunction", Resource: "*" },
    Condition: { ArnLike: { "AWS:SourceArn": rule } },
  });

export const evidenceTable = (Resource: string, writers: readonly string[]): Document =>
  document(
    {
      ...{ Sid: "RecordsNeverChange", Effect: "Deny", Principal: "*", Resource },
      Action: [
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
        "dynamodb:BatchWriteItem",
        "dynamodb:PartiQLInsert",
        "dynamodb:PartiQLUpdate",
        "dynamodb:PartiQLDelete",
      ],
    },
    {
      ...{ Sid: "OnlyThePlaneAppends", Effect: "Deny", Principal: "*", Resource },
      Action: "dynamodb:PutItem",
      Condition: { ArnNotEquals: { "aws:PrincipalArn": writers } },
    },
    {
      ...{ Sid: "TheTableStays", Effect: "Deny", Principal: "*", Resource },
      Action: ["dynamodb:UpdateTimeToLive", "dynamodb:DeleteTable"],
    },
  );

/** The bucket of emergencies, of a plane that is kept. */
export const lockedBucket = (Resource: string, writers: readonly string[]): Document => {
  const deny = { Effect: "Deny", Principal: "*", Resource };
  return document(
    {
      ...{ ...deny, Sid: "OnlyIfAbsent", Action: "s3:PutObject" },
      Condition: { Null: { "s3:if-none-match": "true" } },
    },
    {
      ...{ ...deny, Sid: "OnlyThePlanePuts", Action: "s3:PutObject" },
      Condition: { ArnNotEquals: { "aws:PrincipalArn": writers } },
    },
    { ...deny, Sid: "NobodyDeletes", Action: ["s3:DeleteObject", "s3:DeleteObjectVersion"] },
  );
};

/** State and Registry: `role/deploys` repairs them. */
export const writtenTable = (Resource: string, writers: readonly string[]): Document => {
  const repairs = "arn:aws:iam::000000000000:role/deploys";
  const deny = { Effect: "Deny", Principal: "*", Resource };
  return document(
    {
      ...{ ...deny, Sid: "OnlyThePlaneWrites" },
      Action: ["dynamodb:PutItem", "dynamodb:UpdateItem"],
      Condition: { ArnNotEquals: { "aws:PrincipalArn": [...writers, repairs] } },
    },
    {
      ...{ ...deny, Sid: "NobodyDeletes" },
      Action: [
        "dynamodb:DeleteItem",
        "dynamodb:BatchWriteItem",
        "dynamodb:PartiQLInsert",
        "dynamodb:PartiQLUpdate",
        "dynamodb:PartiQLDelete",
        "dynamodb:UpdateTimeToLive",
      ],
      Condition: { ArnNotEquals: { "aws:PrincipalArn": [repairs] } },
    },
    { ...deny, Sid: "TableStays", Action: "dynamodb:DeleteTable" },
    {
      ...{ ...deny, Sid: "OnlyAdministratorsConfigure", Action: "dynamodb:PutResourcePolicy" },
      Condition: { ArnNotEquals: { "aws:PrincipalArn": [repairs] } },
    },
  );
};

export function signingKey(account: string, signers: readonly string[]): Document {
  const root = { AWS: `arn:aws:iam::${account}:root` };
  return document(
    {
      ...{ Sid: "FunctionsSignDigests", Effect: "Allow", Principal: { AWS: signers } },
      ...{ Action: "kms:Sign", Resource: "*" },
      Condition: {
        StringEquals: { "kms:SigningAlgorithm": "ECDSA_SHA_256", "kms:MessageType": "DIGEST" },
      },
    },
    {
      ...{ Sid: "AdministrationWithoutSigning", Effect: "Allow", Principal: root },
      ...{ Action: ["kms:GetPublicKey", "kms:PutKeyPolicy", "kms:DescribeKey"], Resource: "*" },
    },
    {
      ...{ Sid: "NobodyElseSigns", Effect: "Deny", Principal: "*", Resource: "*" },
      Action: "kms:Sign",
      Condition: { ArnNotEquals: { "aws:PrincipalArn": signers } },
    },
  );
}

export const functionTrust = (): Document =>
  document({
    ...{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" } },
    Action: "sts:AssumeRole",
  });

export const executionTrust = (
  callers: readonly string[],
  probers: readonly string[],
): Document => {
  const by = { Effect: "Allow", Principal: { AWS: callers } };
  const all = { Effect: "Allow", Principal: { AWS: [...callers, ...probers] } };
  return document(
    {
      ...{ Sid: "AsAnIdentity", ...by, Action: "sts:AssumeRole" },
      Condition: {
        StringLike: {
          "sts:RoleSessionName": "vai-*",
          "sts:SourceIdentity": "vai-*",
          "aws:RequestTag/vai-identity": "vai-*",
        },
        Null: { "aws:RequestTag/vai-probe": "true" },
      },
    },
    {
      ...{ Sid: "AsAProbe", Effect: "Allow", Principal: { AWS: probers } },
      Action: "sts:AssumeRole",
      Condition: {
        StringEquals: {
          "sts:RoleSessionName": "vai-probe",
          "sts:SourceIdentity": "vai-probe",
          "aws:RequestTag/vai-probe": "true",
        },
        StringLike: { "aws:RequestTag/vai-identity": "vai-*" },
      },
    },
    {
      ...{ Sid: "SourceIdentity", ...all, Action: "sts:SetSourceIdentity" },
      Condition: { StringLike: { "sts:SourceIdentity": "vai-*" } },
    },
    {
      ...{ Sid: "TheseTagsOnly", ...all, Action: "sts:TagSession" },
      Condition: {
        "ForAllValues:StringEquals": { "aws:TagKeys": ["vai-identity", "vai-probe"] },
        Null: { "aws:TagKeys": "false" },
        StringLike: { "aws:RequestTag/vai-identity": "vai-*" },
      },
    },
  );
};

export const readerTrust = (callers: readonly string[]): Document =>
  document({
    ...{ Sid: "OnlyAsReader", Effect: "Allow", Principal: { AWS: callers } },
    Action: "sts:AssumeRole",
    Condition: { StringEquals: { "sts:RoleSessionName": "vai-reader" } },
  });

const PROBE_TAG = "aws:PrincipalTag/vai-probe";
const CUT_ACTION = "sts:GetScopedCredentials";
const TAGGED = {
  StringLike: { "aws:PrincipalTag/vai-identity": "vai-*" },
  Null: { "aws:PrincipalTag/vai-identity": "false" },
};

const notThePlane = (plane: string, account: string) => ({
  ...{ Sid: "NotThePlane", Effect: "Deny", Action: "*" },
  Resource: [
    `arn:aws:dynamodb:*:${account}:table/vai-${plane}-*`,
    `arn:aws:lambda:*:${account}:function:vai-${plane}-*`,
  ],
});

/** Of a role that acts. */
export const boundary = (plane: string, account: string): Document =>
  document(
    { Sid: "Ceiling1", Effect: "Allow", NotAction: CUT_ACTION, Resource: "*" },
    { Sid: "Ceiling2", Effect: "Allow", Action: CUT_ACTION, Resource: "*", Condition: TAGGED },
    {
      ...{ Sid: "Never", Effect: "Deny", Resource: "*" },
      Action: ["iam:*", "kms:*", "organizations:*"],
    },
    {
      ...{ Sid: "NothingElse", Effect: "Deny", Resource: "*" },
      NotAction: ["lambda:UpdateAlias", CUT_ACTION],
    },
    {
      ...{ Sid: "NeverMoreAsAProbe", Effect: "Deny", NotAction: CUT_ACTION, Resource: "*" },
      Condition: { Null: { [PROBE_TAG]: "false" } },
    },
    notThePlane(plane, account),
  );

/** Of a role that looks. */
export const readerBoundary = (plane: string, account: string): Document =>
  document(
    { Sid: "Ceiling1", Effect: "Allow", Action: "*", Resource: "*" },
    {
      ...{ Sid: "Never", Effect: "Deny", Resource: "*" },
      Action: ["iam:*", "kms:*", "organizations:*", "sts:*"],
    },
    notThePlane(plane, account),
  );

const ACTING = {
  StringLike: { "aws:PrincipalTag/vai-identity": "vai-*" },
  Null: { "aws:PrincipalTag/vai-identity": "false", [PROBE_TAG]: "true" },
};

/** Of a role that acts, with the cut of its sessions; or of one that looks. */
export const ceiling = (Action: string, isActing: boolean): Document =>
  document(
    {
      ...{ Sid: "Ceiling1", Effect: "Allow", Action },
      Resource: "arn:aws:dynamodb:us-east-1:000000000000:table/settings",
      ...(isActing && { Condition: ACTING }),
    },
    ...(isActing
      ? [
          {
            ...{ Sid: "Ceiling2", Effect: "Allow", Action: CUT_ACTION, Resource: "*" },
            Condition: TAGGED,
          },
        ]
      : []),
  );
