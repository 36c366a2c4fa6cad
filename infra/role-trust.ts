import { ArnPrincipal, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { IDENTITY_TAG } from "../lib/issuance/assume-role.ts";
import { PROBE_SESSION, PROBE_TAG } from "../lib/lifecycle/probe.ts";
import type { Conditions } from "./statements.ts";

/** Form of an issued session's name, source identity and tag value; the three are one string. */
export const IDENTITY_PATTERN = "vai-*";

/** Name of every reader session; such a session lives apart from contracts. */
const READER_SESSION = "vai-reader";

const IDENTITY = `aws:RequestTag/${IDENTITY_TAG}`;
const PROBE = `aws:RequestTag/${PROBE_TAG}`;

const trusting = (
  callers: readonly string[],
  sid: string,
  action: string,
  conditions: Conditions,
): PolicyStatement =>
  new PolicyStatement({
    sid,
    principals: callers.map((arn) => new ArnPrincipal(arn)),
    actions: [action],
    conditions: { ...conditions },
  });

/** By whom an execution role can be assumed; ARNs of the functions' roles. */
export interface ExecutionCallers {
  /** As an identity, to act. */
  readonly assumedBy: readonly string[];
  /** As a probe, to ask whether IAM denies a session; nobody where STS has no GetScopedCredentials. */
  readonly probedBy: readonly string[];
}

/**
 * AWS authorises one `AssumeRole` call under up to three actions with different condition keys: `TagSession` sees no
 * session name, so one shared condition would refuse every tagged call. All three must allow a call with tag and source
 * identity, and without those `AssumeRole` refuses. So who may ask for what is told apart there: whoever acts never with
 * the tag of a probe, which could act with nothing; whoever probes only with it. The other two only say which tags and
 * source identities there are, once for all callers: each role's ARN stands there, and said twice they would not fit
 * (IAM and AWS STS quotas, "Role trust policy length": 2,048 characters).
 */
export function executionTrust({ assumedBy, probedBy }: ExecutionCallers): PolicyStatement[] {
  const everybody = [...assumedBy, ...probedBy];
  return [
    trusting(assumedBy, "AsAnIdentity", "sts:AssumeRole", {
      StringLike: {
        "sts:RoleSessionName": IDENTITY_PATTERN,
        "sts:SourceIdentity": IDENTITY_PATTERN,
        [IDENTITY]: IDENTITY_PATTERN,
      },
      Null: { [PROBE]: "true" },
    }),
    ...(probedBy.length === 0
      ? []
      : [
          trusting(probedBy, "AsAProbe", "sts:AssumeRole", {
            StringEquals: {
              "sts:RoleSessionName": PROBE_SESSION,
              "sts:SourceIdentity": PROBE_SESSION,
              [PROBE]: "true",
            },
            StringLike: { [IDENTITY]: IDENTITY_PATTERN },
          }),
        ]),
    trusting(everybody, "SourceIdentity", "sts:SetSourceIdentity", {
      StringLike: { "sts:SourceIdentity": IDENTITY_PATTERN },
    }),
    // ForAllValues is true of no tags at all; Null demands that there is one.
    trusting(everybody, "TheseTagsOnly", "sts:TagSession", {
      "ForAllValues:StringEquals": {
        "aws:TagKeys": probedBy.length === 0 ? [IDENTITY_TAG] : [IDENTITY_TAG, PROBE_TAG],
      },
      Null: { "aws:TagKeys": "false" },
      StringLike: { [IDENTITY]: IDENTITY_PATTERN },
    }),
  ];
}

/**
 * Without `TagSession` and `SetSourceIdentity`, a reader session can never pass for an issued one.
 */
export const readerTrust = (callers: readonly string[]): PolicyStatement[] => [
  trusting(callers, "OnlyAsReader", "sts:AssumeRole", {
    StringEquals: { "sts:RoleSessionName": READER_SESSION },
  }),
];
