import { Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";

/** Conditions of a policy statement: operator → context key → value or values. */
export type Conditions = Readonly<
  Record<string, Readonly<Record<string, string | readonly string[]>>>
>;

/**
 * An Allow with exact actions on exact resources.
 * @param sid names the permission, so that a reviewer of a deployed policy finds its reason here
 */
export const allow = (
  sid: string,
  actions: readonly string[],
  resources: readonly string[],
  conditions: Conditions = {},
): PolicyStatement =>
  new PolicyStatement({
    sid,
    actions: [...actions],
    resources: [...resources],
    conditions: { ...conditions },
  });

/** A Deny, otherwise as {@link allow}. */
export const deny = (
  sid: string,
  actions: readonly string[],
  resources: readonly string[],
  conditions: Conditions = {},
): PolicyStatement =>
  new PolicyStatement({
    sid,
    effect: Effect.DENY,
    actions: [...actions],
    resources: [...resources],
    conditions: { ...conditions },
  });

const TRANSACTION = { "dynamodb:EnclosingOperation": "TransactWriteItems" };

/**
 * True only for items written inside `TransactWriteItems`, which IAM authorises item by item under
 * their own names. With a set operator, as AWS documents it (Amazon DynamoDB developer guide, "Using
 * IAM with DynamoDB transactions"), which holds whether the key has one value or several.
 */
export const IN_TRANSACTION: Conditions = { "ForAnyValue:StringEquals": TRANSACTION };

/**
 * For a Deny: the exact opposite, true also of a request without the key, as a put on its own is
 * (IAM user guide, "Set operators for multivalued context keys": `ForAllValues` is true of none).
 */
export const OUTSIDE_A_TRANSACTION: Conditions = { "ForAllValues:StringNotEquals": TRANSACTION };
