import * as z from "zod";
import type { Targets } from "./action-families.ts";
import { ownName } from "./plane.ts";

/** `role/…` or `user/…`, at its end also a `*` for names that a tool makes; or the root user. */
const PRINCIPAL = /^arn:([a-z-]+):iam::(\d{12}):(root|(?:role|user)\/[\w+=,.@/-]+\*?)$/;

/** Roles that only a service of AWS can assume: service-linked ones, and CloudFormation's of the CDK's bootstrap. */
const OF_SERVICES = /^role\/(?:aws-service-role\/|(?:.*\/)?cdk-[a-z0-9]+-cfn-exec-role-)/;

/** Who may change what protects the tables, as a deployment file names them. */
export const administratorsSchema: z.ZodArray<z.ZodString> = z.array(
  z
    .string()
    .regex(
      PRINCIPAL,
      "must be the ARN of a role or user, which may end in * after part of its name, or of root",
    ),
);

/** What is wrong: with one of them, or without `at` with all together. */
export interface BadAdministrator {
  readonly at?: number;
  readonly message: string;
}

/** What administrators are judged by. */
export interface Administration {
  /** Name of the plane. */
  readonly name: string;
  readonly account?: string | undefined;
  readonly targets: Targets;
  /** Whether tables are protected against deletion. */
  readonly retain: boolean;
}

/**
 * Administrators with whom the tables would be nobody's, or the plane's own.
 *
 * The tables' policies deny everybody else, so whoever is missing cannot add themselves. CloudFormation's role, which the
 * stack adds, is not enough: no person can assume it, so nobody could lift the protection of a table that a deployment left
 * behind, or put back a policy that somebody changed. Whether a role exists and who may assume it only the account knows.
 */
export function badAdministrators(
  administrators: readonly string[],
  { name, account, targets, retain }: Administration,
): BadAdministrator[] {
  const home = homeOf(administrators, targets, account);
  const bad = administrators.flatMap((arn, at) => {
    const message = fault(arn, name, home);
    return message === undefined ? [] : [{ at, message }];
  });
  if (!retain || administrators.some(isPerson)) return bad;
  return [...bad, { message: NOBODY }];
}

const NOBODY =
  "must name a role or user that people can use: only it could lift the tables' protection when a deployment " +
  "fails or a policy was changed (the root user alone does not count, its credentials may be gone; nor do roles of " +
  'services). For a plane to throw away say "retain": false';

/** Partition and account that all must have; undefined where the file does not say. */
interface Home {
  readonly partition: string | undefined;
  readonly account: string | undefined;
}

/** A target's first, because the plane must be where they are. */
function homeOf(administrators: readonly string[], targets: Targets, account?: string): Home {
  const arns = [...Object.values(targets).flatMap((each = []) => each), ...administrators];
  const parts = arns.map((arn) => arn.split(":"));
  return {
    partition: parts[0]?.[1],
    account: account ?? parts.map((part) => part[4]).find((each) => each !== ""),
  };
}

function fault(arn: string, plane: string, home: Home): string | undefined {
  const [, partition, account, resource = ""] = PRINCIPAL.exec(arn) ?? [];
  if (partition !== home.partition) return `must be in partition ${home.partition}`;
  if (account !== home.account) {
    return (
      `must be in account ${home.account}: the tables' policies deny, they let nobody in from another account; ` +
      "name a role there that people of yours may assume"
    );
  }
  return coversOwn(resource, plane)
    ? `covers roles of the plane itself (${ownName(plane, "…")}), which may never change what binds them`
    : undefined;
}

/** Whether a name or pattern could be one of the plane's own roles. */
function coversOwn(resource: string, plane: string): boolean {
  const own = `role/${ownName(plane, "")}`;
  const [start = "", ...wildcard] = resource.split("*");
  return start.startsWith(own) || (wildcard.length > 0 && own.startsWith(start));
}

const isPerson = (arn: string): boolean => {
  const [, , , resource = ""] = PRINCIPAL.exec(arn) ?? [];
  return resource !== "root" && !OF_SERVICES.test(resource);
};
