import { RetentionDays } from "aws-cdk-lib/aws-logs";
import * as z from "zod";
import { isRegion } from "../lib/config.ts";
import { type PublicJwk, readPublicJwk } from "../lib/encoding/jwk.ts";
import { actionFamilies, FAMILY_NAMES } from "./action-families.ts";
import { administratorsSchema, badAdministrators } from "./administrators.ts";
import { type BadTargetKey, badTargetKeys } from "./target-keys.ts";
import {
  accountOf,
  type BadTarget,
  foreignTargets,
  ownTargets,
  regionOf,
  scatteredTargets,
  targetKeyCharacters,
  targetsSchema,
} from "./targets.ts";

const anchor = z.custom<PublicJwk>().superRefine((value, context) => {
  const key = readPublicJwk(value);
  if (typeof key === "string") {
    context.addIssue({
      code: "custom",
      message: `${key}; put the public key that \`vai keys new\` printed here`,
    });
  }
});

/**
 * Thumbprint of a good key; a bad one, which has its own message, counts as different from all
 * others.
 */
const thumbprintOf = (value: unknown): unknown => {
  const key = readPublicJwk(value);
  return typeof key === "string" ? Symbol(key) : key.thumbprint;
};

const account = z.string().regex(/^\d{12}$/, "must be an account id: 12 digits");
const region = z.string().refine(isRegion, "must be a region such as eu-central-1");

const ROLE = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/;
const role = z.string().regex(ROLE, "must be the ARN of a role");
const rolePair = z
  .strictObject({ executionRoleArn: role, readerRoleArn: role })
  .refine(
    ({ executionRoleArn, readerRoleArn }) => executionRoleArn !== readerRoleArn,
    "must be two different roles: what acts must not read, what reads must not act",
  );

const key = z
  .string()
  .regex(
    /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/,
    "must be the ARN of a KMS key, not of an alias",
  );

/** `null` reserves nothing. The account keeps at least 100 for all other functions. */
const reserved = (byDefault: number) =>
  z.int("must be a whole number, or null to reserve nothing").min(1).nullable().default(byDefault);

/** Two at a time would do no harm, and the same work twice. */
const oneAtATime = z.literal(1, "must be 1, or null to reserve nothing").nullable().default(1);

const RETENTIONS = Object.values(RetentionDays).filter(
  (days): days is number => typeof days === "number" && days !== RetentionDays.INFINITE,
);

/** IAM counts a role's own tags as the session's, so no role may ever have those of sessions. */
const RESERVED_TAGS = /^(vai-identity$|vai-probe$|vai-plane$|aws:)/i;
const tagKey = z
  .string()
  .regex(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u, "must be a tag key of at most 128 characters")
  .refine(
    (name) => !RESERVED_TAGS.test(name),
    "must not be vai-identity, vai-probe, vai-plane or aws:…",
  );
const tagValue = z
  .string()
  .regex(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u, "must be a tag value of at most 256 characters");

const place = z
  .strictObject({ account, region, targets: targetsSchema })
  .superRefine((value, context) => {
    report(context, foreignTargets(value.targets, value.account, value.region), ["targets"]);
  });

/** Everything that a deployment file may say, with its defaults. */
export const deploymentSchema = z
  .strictObject({
    name: z
      .string()
      .regex(
        /^[a-z][a-z0-9-]{0,19}$/,
        "must begin with a-z and have at most 20 of a-z, 0-9 and hyphen",
      ),
    anchors: z
      .array(anchor)
      .min(1, "must hold one public JWK, or two while an anchor is being replaced")
      .max(2, "must hold at most two public JWKs")
      .refine(
        (keys) => new Set(keys.map(thumbprintOf)).size === keys.length,
        "must not hold the same key twice",
      ),
    targets: targetsSchema,
    targetKeys: z.record(z.string(), z.string()).default({}),
    account: account.optional(),
    samples: z.boolean().default(false),
    retain: z.boolean().optional(),
    administrators: administratorsSchema.default([]),
    functionUrls: z.boolean().optional(),
    regionalNames: z.boolean().default(false),
    concurrency: z
      .strictObject({
        ...{ issue: reserved(50), execute: reserved(50), delegate: reserved(10) },
        govern: reserved(2),
        ...{ revoke: reserved(5), revokeEvents: reserved(2), sweep: oneAtATime },
      })
      .prefault({}),
    scopedCredentials: z.boolean().default(true),
    sweepEachMinute: z.boolean().default(true),
    logRetentionDays: z
      .int()
      .refine((days) => RETENTIONS.includes(days), `must be one of ${RETENTIONS.join(", ")}`)
      .default(RetentionDays.ONE_YEAR),
    alarmEmails: z.array(z.email("must be an e-mail address")).default([]),
    alarmTopicArn: z
      .string()
      .regex(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/, "must be an SNS topic's ARN")
      .optional(),
    tags: z.record(tagKey, tagValue).default({}),
    existingRoles: z.partialRecord(z.enum(FAMILY_NAMES), rolePair).default({}),
    existingKeys: z
      .strictObject({ evidence: key.optional(), plane: key.optional() })
      .refine(
        ({ evidence, plane }) => evidence === undefined || evidence !== plane,
        "must be two different keys: one key, one use",
      )
      .default({}),
    elsewhere: z.array(place).default([]),
  })
  .superRefine(({ targets, targetKeys, existingKeys, account: given }, context) => {
    const own = [existingKeys.evidence, existingKeys.plane];
    const at = {
      ...{ targets, own },
      ...{ account: given ?? accountOf(targets), region: regionOf(targets) },
    };
    report(context, badTargetKeys(targetKeys, at), ["targetKeys"]);
    for (const message of targetKeyCharacters(targets, targetKeys)) {
      context.addIssue({ code: "custom", path: ["targetKeys"], message });
    }
  })
  .superRefine((value, context) => {
    report(context, ownTargets(value.targets, value.name), ["targets"]);
    report(context, scatteredTargets(value.targets), ["targets"]);
    if (value.account !== undefined) {
      report(context, foreignTargets(value.targets, value.account), ["targets"]);
    } else if (value.elsewhere.length > 0) {
      const message =
        "must be given with elsewhere: roles there trust the functions of one account";
      context.addIssue({ code: "custom", path: ["account"], message });
    }
    if (value.regionalNames && value.elsewhere.length > 0) {
      const message =
        "cannot be given with regionalNames: roles there could not name the plane's functions";
      context.addIssue({ code: "custom", path: ["elsewhere"], message });
    }
    const { administrators, retain = !value.samples } = value;
    for (const { at, message } of badAdministrators(administrators, { ...value, retain })) {
      const path = ["administrators", ...(at === undefined ? [] : [at])];
      context.addIssue({ code: "custom", path, message });
    }
    const places = value.elsewhere.map((each) => `${each.account} ${each.region}`);
    for (const [index, { targets }] of value.elsewhere.entries()) {
      if (places.indexOf(places[index] ?? "") !== index) {
        const message = "must name each account and region once";
        context.addIssue({ code: "custom", path: ["elsewhere", index], message });
      }
      report(context, ownTargets(targets, value.name), ["elsewhere", index, "targets"]);
    }
    if (value.alarmTopicArn !== undefined && value.alarmEmails.length > 0) {
      const message = "has no use beside alarmTopicArn: subscribe them to that topic";
      context.addIssue({ code: "custom", path: ["alarmEmails"], message });
    }
    const opened = new Set(actionFamilies(value.targets).map(({ name }) => name));
    for (const family of Object.keys(value.existingRoles).filter((name) => !opened.has(name))) {
      const message = `has no use: no action of ${family} is in targets`;
      context.addIssue({ code: "custom", path: ["existingRoles", family], message });
    }
  });

function report(
  context: z.RefinementCtx,
  bad: readonly (BadTarget | BadTargetKey)[],
  at: readonly PropertyKey[],
): void {
  for (const { path, message } of bad) {
    context.addIssue({ code: "custom", path: [...at, ...path], message });
  }
}
