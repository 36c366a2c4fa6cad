import * as z from "zod";
import { CATALOGUE } from "../lib/actions/catalogue.ts";
import type { ActionDescriptor } from "../lib/actions/descriptor.ts";
import { readerHolders, readerKeys } from "../lib/actions/reader.ts";
import type { TargetKeys } from "../lib/actions/target-keys.ts";
import {
  type ActionFamily,
  actionFamilies,
  familyTargets,
  type Targets,
} from "./action-families.ts";

/** Names of the actions that a deployment may open. */
export const ACTION_NAMES: readonly string[] = CATALOGUE.map(({ action }) => action);

/**
 * Characters that the ARNs of one family may have together. The reader session of a family lists
 * all of them in one session policy, for which STS allows 2,048 characters, the policy's own text
 * included.
 */
const FAMILY_CHARACTERS = 1_400;

/**
 * Characters that the ARNs of all families may have together: each function is told them in one
 * environment variable, and Lambda allows 4 KB for all variables of a function.
 */
const ALL_CHARACTERS = 2_600;

const ceilingOf = ({ ceiling, target }: ActionDescriptor) =>
  z
    .array(z.string().regex(ceiling.pattern, { error: formOf(ceiling.example, target.example) }))
    .min(1, "must name at least one ARN; leave the action out to not deploy it")
    .refine((arns) => new Set(arns).size === arns.length, "must name each ARN once")
    .optional();

const formOf = (ceiling: string, target: string): string =>
  ceiling === target
    ? `must be one exact ARN such as ${ceiling}: no wildcard, ${qualifierOf(ceiling)}`
    : `must be one exact ARN such as ${target}, or one that ends in * such as ${ceiling}`;

/** A function and a version of it are two resources to IAM: an action works on the one or on the other. */
const qualifierOf = (ceiling: string): string =>
  ceiling.split(":").length > 7 ? "a version or an alias, never $LATEST" : "no qualifier";

/** The ceilings of a deployment; each defect says what would be right. */
export const targetsSchema: z.ZodType<Targets> = z
  .strictObject(
    Object.fromEntries(CATALOGUE.map((descriptor) => [descriptor.action, ceilingOf(descriptor)])),
  )
  .superRefine((value, context) => {
    for (const message of defects(actionFamilies(value))) {
      context.addIssue({ code: "custom", message });
    }
  });

function* defects(families: readonly ActionFamily[]): Generator<string> {
  if (families.length === 0) yield `must have at least one of ${ACTION_NAMES.join(", ")}`;
  let all = 0;
  for (const family of families) {
    all += familyTargets(family).join("").length;
    const characters = readableCharacters(family);
    if (characters > FAMILY_CHARACTERS) {
      yield `has ${characters} characters of ${family.name} ARNs; at most ${FAMILY_CHARACTERS}, ` +
        "because one STS session policy must hold them, and with objects their buckets: deploy a second plane for the rest";
    }
  }
  if (all > ALL_CHARACTERS) {
    yield `has ${all} characters of ARNs; at most ${ALL_CHARACTERS}, because one environment ` +
      "variable must hold them: deploy a second plane for the rest";
  }
}

/** Characters that the text around what holds a family's targets takes in its reader's session policy. */
const AROUND_HOLDERS = 100;

/** Characters that the targets of a family take in its reader's session policy, with what holds them. */
function readableCharacters(family: ActionFamily): number {
  const own = familyTargets(family);
  const holders = readerHolders(family.name, own);
  const others = holders.length === 0 ? 0 : JSON.stringify(holders).length + AROUND_HOLDERS;
  return own.join("").length + others;
}

/** Characters that the text around a family's keys takes in its reader's session policy. */
const AROUND_KEYS = 340;

/** What is too much, once the keys of targets stand beside them in the same policy and the same environment. */
export function* targetKeyCharacters(targets: Targets, keys: TargetKeys): Generator<string> {
  let all = JSON.stringify(keys).length;
  for (const family of actionFamilies(targets)) {
    const own = familyTargets(family);
    all += own.join("").length;
    const used = readerKeys(family.name, own, keys).flatMap((each) => each.keys);
    const characters = readableCharacters(family) + used.join("").length + AROUND_KEYS;
    if (used.length === 0 || characters <= FAMILY_CHARACTERS) continue;
    yield `make ${characters} characters with the ${family.name} ARNs and the text around them; at most ` +
      `${FAMILY_CHARACTERS}, because one STS session policy must hold them: deploy a second plane for the rest`;
  }
  if (all > ALL_CHARACTERS) {
    yield `make ${all} characters with the ARNs in targets; at most ${ALL_CHARACTERS}, because the ` +
      "environment of a function must hold them: deploy a second plane for the rest";
  }
}

/** A target that may not be one, with its place. */
export interface BadTarget {
  readonly path: readonly [string, number];
  readonly message: string;
}

/**
 * Targets that are the trust plane's own resources: whoever may write those could rewrite evidence
 * or code. Boundaries deny the same again.
 */
export const ownTargets = (targets: Targets, plane: string): BadTarget[] =>
  badTargets(targets, (arn) =>
    isOwn(arn, `vai-${plane}-`)
      ? `is one of the trust plane's own resources (vai-${plane}-…); it may never be a target`
      : undefined,
  );

/** Targets that an account or region cannot have; what an ARN does not carry agrees. */
export const foreignTargets = (targets: Targets, account: string, region?: string): BadTarget[] =>
  badTargets(targets, (arn) => {
    const [, , , inRegion = "", inAccount = ""] = arn.split(":");
    if (inAccount !== "" && inAccount !== account) return `must be in account ${account}`;
    const elsewhere = region !== undefined && inRegion !== "" && inRegion !== region;
    return elsewhere ? `must be in region ${region}` : undefined;
  });

/** The partition of the first target: there is at least one, and all are in one. */
export const partitionOfTargets = (targets: Targets): string => {
  const [first = ""] = Object.values(targets).flatMap((arns = []) => arns);
  return first.split(":")[1] ?? "";
};

interface Place {
  readonly partition: string;
  readonly account: string;
  readonly region: string;
}

/** Partition, account and region of an ARN; the latter empty where it carries none, as S3's do. */
const placeOf = (arn: string): Place => {
  const [, partition = "", , region = "", account = ""] = arn.split(":");
  return { partition, account, region };
};

/** The first account that a target names. */
export const accountOf = (targets: Targets): string | undefined =>
  Object.values(targets)
    .flatMap((arns = []) => arns.map((arn) => placeOf(arn).account))
    .find((account) => account !== "");

/** The first region that a target names: where the plane must be. */
export const regionOf = (targets: Targets): string | undefined =>
  Object.values(targets)
    .flatMap((arns = []) => arns.map((arn) => placeOf(arn).region))
    .find((region) => region !== "");

/**
 * Targets in another partition, account or region than the first: a plane acts in its own only, so
 * contracts for the others would all be refused, and IAM refuses a policy with an ARN of another partition.
 */
export function scatteredTargets(targets: Targets): BadTarget[] {
  const account = accountOf(targets);
  const region = regionOf(targets);
  const partition = partitionOfTargets(targets);
  return badTargets(targets, (arn) => {
    const place = placeOf(arn);
    if (place.partition !== partition) {
      return `must be in partition ${partition} like the targets before it: deploy a second plane there`;
    }
    const isElsewhere =
      (place.account !== "" && place.account !== account) ||
      (place.region !== "" && place.region !== region);
    return isElsewhere
      ? `must be in ${account}, ${region} like the targets before it: a plane acts in one account ` +
          "and region; deploy a second plane there"
      : undefined;
  });
}

function badTargets(targets: Targets, judge: (arn: string) => string | undefined): BadTarget[] {
  return Object.entries(targets).flatMap(([action, arns = []]) =>
    arns.flatMap((arn, index) => {
      const message = judge(arn);
      return message === undefined ? [] : [{ path: [action, index] as const, message }];
    }),
  );
}

/** By any part of the name, in any letter case, as contracts are judged (PROTOCOL.md §2). */
function isOwn(arn: string, ownPrefix: string): boolean {
  const [, , , , , ...resource] = arn.toLowerCase().split(":");
  const parts = resource.join(":").split(/[:/]/);
  return parts.some((part) => part.startsWith(ownPrefix));
}
