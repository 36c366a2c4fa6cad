import { Duration } from "aws-cdk-lib";
import {
  AccountRootPrincipal,
  AnyPrincipal,
  Effect,
  type IRole,
  PolicyDocument,
  PolicyStatement,
} from "aws-cdk-lib/aws-iam";
import { type IKey, Key, KeySpec, KeyUsage } from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";
import { ownName } from "./plane.ts";
import { removalPolicy } from "./retention.ts";

/** Days between a request to delete the key and its deletion: the longest that KMS offers. */
const PENDING_WINDOW_DAYS = 30;

/** What shows a key, its policy and its grants to who checks it. */
export const READING = [
  "kms:DescribeKey",
  "kms:GetKeyPolicy",
  "kms:GetKeyRotationStatus",
  "kms:ListGrants",
  "kms:ListKeyPolicies",
  "kms:ListResourceTags",
];

/**
 * What the account's principals may do if IAM allows them too, each for a reason: CloudFormation
 * tags and updates the key and its alias, and removal schedules a deletion. `Sign`, `CreateGrant`
 * (which could hand `Sign` on), `PutKeyPolicy` (which could hand out all) and `kms:*` are missing.
 */
export const ADMINISTRATION = [
  "kms:UpdateKeyDescription",
  "kms:EnableKey",
  "kms:DisableKey",
  "kms:TagResource",
  "kms:UntagResource",
  "kms:CreateAlias",
  "kms:UpdateAlias",
  "kms:DeleteAlias",
  "kms:ScheduleKeyDeletion",
  "kms:CancelKeyDeletion",
];

/** What each of the plane's keys signs; its alias is `vai-<plane>-<use>`. */
const SIGNING_KEYS = {
  evidence: "Signs the evidence of the trust plane",
  plane: "Signs identity handles and chain blocks of the trust plane",
} as const;

/** One of the plane's keys, named as in the trust policy's `planeKeys`. */
export type SigningKeyUse = keyof typeof SIGNING_KEYS;

/** Properties of {@link SigningKey}. */
export interface SigningKeyProps {
  /** Name of the plane. */
  readonly plane: string;
  /** What it signs. */
  readonly use: SigningKeyUse;
  /** Keeps the key when the stack is removed; otherwise it is deleted after 30 days. */
  readonly retain: boolean;
  /** The only roles that may sign with it. */
  readonly signers: readonly IRole[];
  /** ARNs of who may change its policy; see {@link administratorsOf}. */
  readonly administrators: readonly string[];
  /** ARN of a key that exists already; then nothing is made, and its policy is its owner's. */
  readonly existing?: string | undefined;
}

/**
 * A key that the plane signs with: P-256, so that any ECDSA implementation verifies it.
 *
 * Its policy does not delegate everything to IAM, as KMS does by default: an administrator of the
 * account can neither sign nor change this policy, unless the deployment names them as one of its
 * administrators; CloudTrail records what those do.
 */
export class SigningKey extends Construct {
  readonly key: IKey;
  /** By what the functions call it: an id, or for a key that exists already its ARN. */
  readonly keyId: string;

  constructor(scope: Construct, id: string, props: SigningKeyProps) {
    super(scope, id);
    const { plane, use, retain, signers, administrators, existing } = props;
    if (existing !== undefined) {
      // By its ARN: an id alone would not be found when the key is of another account.
      this.key = Key.fromKeyArn(this, "Key", existing);
      this.keyId = existing;
      return;
    }
    this.key = new Key(this, "Key", {
      description: `${SIGNING_KEYS[use]} ${plane}`,
      alias: `alias/${ownName(plane, use)}`,
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
      pendingWindow: Duration.days(PENDING_WINDOW_DAYS),
      removalPolicy: removalPolicy(retain),
      policy: keyPolicy(signers, administrators),
    });
    this.keyId = this.key.keyId;
  }
}

function keyPolicy(signers: readonly IRole[], administrators: readonly string[]): PolicyDocument {
  const root = new AccountRootPrincipal();
  const own = { resources: ["*"] }; // in a key policy, "*" is this key
  return new PolicyDocument({
    statements: [
      new PolicyStatement({
        sid: "FunctionsSignDigests",
        ...own,
        principals: [...signers],
        actions: ["kms:Sign"],
        conditions: {
          StringEquals: {
            "kms:SigningAlgorithm": "ECDSA_SHA_256",
            "kms:MessageType": "DIGEST",
          },
        },
      }),
      // The account's principals, if IAM allows them too: verifiers need the public half.
      new PolicyStatement({
        sid: "KeyIsReadable",
        ...own,
        principals: [root],
        actions: ["kms:GetPublicKey", ...READING],
      }),
      new PolicyStatement({
        sid: "AdministrationWithoutSigning",
        ...own,
        principals: [root],
        actions: ADMINISTRATION,
      }),
      // Whoever deploys is among them, as for the tables, so that the policy passes KMS's lockout
      // safety check (KMS API, PutKeyPolicy: the caller must be able to put the next one). Named by
      // a condition, not as principals: KMS keeps a principal by its unique id, so a role that is
      // deleted and made anew, as bootstrapping again does, would have locked everybody out (KMS
      // developer guide, default key policy). Here a role of the same name is the rescue.
      new PolicyStatement({
        sid: "AdministratorsChangeThePolicy",
        ...own,
        principals: [root],
        actions: ["kms:PutKeyPolicy", "kms:RevokeGrant"],
        conditions: { ArnLike: { "aws:PrincipalArn": administrators } },
      }),
      new PolicyStatement({
        sid: "NobodyElseSigns",
        effect: Effect.DENY,
        ...own,
        principals: [new AnyPrincipal()],
        actions: ["kms:Sign"],
        conditions: {
          ArnNotEquals: { "aws:PrincipalArn": signers.map((role) => role.roleArn) },
        },
      }),
      new PolicyStatement({
        sid: "DeletionWaitsLongest",
        effect: Effect.DENY,
        ...own,
        principals: [new AnyPrincipal()],
        actions: ["kms:ScheduleKeyDeletion"],
        conditions: {
          NumericLessThan: {
            "kms:ScheduleKeyDeletionPendingWindowInDays": String(PENDING_WINDOW_DAYS),
          },
        },
      }),
    ],
  });
}
