import { Duration, Stack } from "aws-cdk-lib";
import { AnyPrincipal, Effect, type IRole, PolicyStatement } from "aws-cdk-lib/aws-iam";
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  ObjectLockRetention,
} from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import { BREAK_GLASS } from "../lib/lifecycle/break-glass.ts";
import { ownName } from "./plane.ts";
import { removalPolicy } from "./retention.ts";
import type { Conditions } from "./statements.ts";

/** What removes an object, hides it, or takes its lock away; and by what S3 itself puts versions and markers, whoever has one. */
const REMOVAL = [
  "s3:DeleteObject",
  "s3:DeleteObjectVersion",
  "s3:BypassGovernanceRetention",
  "s3:PutObjectRetention",
  "s3:ReplicateObject",
  "s3:ReplicateDelete",
];

/**
 * What changes the bucket around its objects: this policy, versions, lock, a lifecycle, by which S3 itself deletes, and the
 * key, without which what is locked is there and can never be read. CloudFormation needs these.
 */
const CONFIGURATION = [
  "s3:PutBucketPolicy",
  "s3:DeleteBucketPolicy",
  "s3:PutBucketVersioning",
  "s3:PutBucketObjectLockConfiguration",
  "s3:PutLifecycleConfiguration",
  "s3:PutEncryptionConfiguration",
];

/** A use is looked up as long as its policy's uses are counted; the lock outlasts every review, and an audit's year. */
const LOCKED = Duration.days(400);

/** Properties of {@link BreakGlassBucket}. */
export interface BreakGlassBucketProps {
  /** Name of the plane. */
  readonly plane: string;
  /** Keeps the bucket, and locks what is put there against everybody. */
  readonly retain: boolean;
  /** The only roles that may put an object. */
  readonly writers: readonly IRole[];
  /** The only one of them that takes the place of a use. */
  readonly taker: IRole;
  /** ARNs of who may change the bucket's settings. */
  readonly administrators: readonly string[];
}

/**
 * The bucket of emergencies: that a use was begun, and evidence that could not be stored. Whoever can write the plane's
 * tables changes nothing here, hence a bucket and not a table. S3 itself decides that an object is put once: the policy
 * lets it be put only with `If-None-Match` (S3 guide, "Enforce conditional writes on Amazon S3 buckets"), by the plane alone.
 */
export class BreakGlassBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, props: BreakGlassBucketProps) {
    super(scope, id);
    const { plane, retain, writers, taker, administrators } = props;
    const { account, region } = Stack.of(this);
    this.bucket = new Bucket(this, "Bucket", {
      bucketName: `${ownName(plane, "glass")}-${account}-${region}`,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      objectLockEnabled: true,
      // Of a plane that is not kept its administrators can take the lock away, and the bucket with it.
      objectLockDefaultRetention: retain
        ? ObjectLockRetention.compliance(LOCKED)
        : ObjectLockRetention.governance(Duration.days(1)),
      removalPolicy: removalPolicy(retain),
    });
    const objects = this.bucket.arnForObjects("*");
    const elsewhere = unlessOneOf(administrators);
    this.deny("OnlyIfAbsent", ["s3:PutObject"], objects, { Null: { "s3:if-none-match": "true" } });
    const own = unlessOneOf(writers.map(({ roleArn }) => roleArn));
    this.deny("OnlyThePlanePuts", ["s3:PutObject"], objects, own);
    const uses = this.bucket.arnForObjects(`${BREAK_GLASS}*/use`);
    this.deny("OnlyIssueTakesUses", ["s3:PutObject"], uses, unlessOneOf([taker.roleArn]));
    // A plane that is not kept can be taken down, by those who could change this policy anyway.
    this.deny("NobodyDeletes", REMOVAL, objects, retain ? {} : elsewhere);
    this.deny("OnlyAdministratorsConfigure", CONFIGURATION, this.bucket.bucketArn, elsewhere);
    if (retain) this.deny("BucketStays", ["s3:DeleteBucket"], this.bucket.bucketArn);
  }

  private deny(
    sid: string,
    actions: readonly string[],
    resource: string,
    conditions: Conditions = {},
  ): void {
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        ...{ sid, effect: Effect.DENY, principals: [new AnyPrincipal()] },
        ...{ actions: [...actions], resources: [resource], conditions: { ...conditions } },
      }),
    );
  }
}

const unlessOneOf = (principals: readonly string[]): Conditions => ({
  ArnNotEquals: { "aws:PrincipalArn": principals },
});
