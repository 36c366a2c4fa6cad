import { readFileSync } from "node:fs";
import type * as z from "zod";
import type { TargetKeys } from "../lib/actions/target-keys.ts";
import type { PublicJwk } from "../lib/encoding/jwk.ts";
import { FAMILY_NAMES, type Targets } from "./action-families.ts";
import { deploymentSchema } from "./deployment-schema.ts";
import type { FunctionName } from "./functions.ts";
import type { SigningKeyUse } from "./signing-key.ts";
import { ACTION_NAMES } from "./targets.ts";

/** The two roles of one action family. */
export interface RolePair {
  /** Runs the bounded calls. */
  readonly executionRoleArn: string;
  /** Reads the targets, before and after. */
  readonly readerRoleArn: string;
}

/** Another account or region in which the plane has execution and reader roles. */
export interface Elsewhere {
  /** Account id, 12 digits. */
  readonly account: string;
  readonly region: string;
  /** The ceilings there. */
  readonly targets: Targets;
}

/** What a cloud team decides about one trust plane; see `infra/README.md` for each property. */
export interface Deployment {
  /**
   * Name of the plane: begins with a letter, then letters, digits, hyphens, at most 20 characters.
   */
  readonly name: string;
  /** Public keys that may sign trust policies: one, or two while an anchor is being replaced. */
  readonly anchors: readonly PublicJwk[];
  /**
   * The ceilings: per action the only ARNs on which it can ever be run, whatever a contract says.
   */
  readonly targets: Targets;
  /** Under which KMS key a target lies, for those that lie under one of the account's. Default none. */
  readonly targetKeys: TargetKeys;
  /** Account id. When given, the CDK deploys to no other account. Required with `elsewhere`. */
  readonly account?: string | undefined;
  /** Deploys the samples too, for a local or throw-away account. Default false. */
  readonly samples: boolean;
  /**
   * Keeps tables, keys and logs when the stack is removed. Default: true without samples, else
   * false.
   */
  readonly retain: boolean;
  /**
   * ARNs of the people's roles and users who, besides the role under which CloudFormation deploys, may change the tables'
   * settings and policies, and repair State and Registry. At least one where tables are retained.
   */
  readonly administrators: readonly string[];
  /** Whether names that an account has once for all its regions end in the region. Default false. */
  readonly regionalNames: boolean;
  /** Whether agents can call the plane by URL too. Default: where Lambda has Function URLs. */
  readonly functionUrls?: boolean | undefined;
  /**
   * Concurrent executions that each function has for itself and cannot exceed; null reserves
   * nothing. Default: issue 50, execute 50, delegate 10, govern 2, revoke 5, revokeEvents 2, sweep 1.
   */
  readonly concurrency: Readonly<Record<FunctionName | "revokeEvents", number | null>>;
  /**
   * Whether the region's STS has `GetScopedCredentials`, by which delivered credentials are cut to their window and it is
   * seen whether IAM denies a revoked session. Default true; where it has not, they live as long as STS lets them, and
   * nobody looks.
   */
  readonly scopedCredentials: boolean;
  /** Whether `sweep` runs each minute. False is for tests, which run it themselves. Default true. */
  readonly sweepEachMinute: boolean;
  /** Days that the functions' logs are kept; one of CloudWatch's numbers. Default 365. */
  readonly logRetentionDays: number;
  /** Who is told of alarms by e-mail, at a topic that the stack makes. Default nobody. */
  readonly alarmEmails: readonly string[];
  /** An SNS topic that exists and is told of alarms. */
  readonly alarmTopicArn?: string | undefined;
  /** Tags of everything that can have tags, besides `vai-plane`. */
  readonly tags: Readonly<Record<string, string>>;
  /** Families whose roles exist already; the stack makes none for them. */
  readonly existingRoles: Readonly<Record<string, RolePair | undefined>>;
  /** ARNs of KMS keys that exist already; the stack makes none for that use. */
  readonly existingKeys: Readonly<Partial<Record<SigningKeyUse, string | undefined>>>;
  /** Other places with execution roles that trust this plane. */
  readonly elsewhere: readonly Elsewhere[];
}

/**
 * A deployment file that cannot be used; the message names file, pointer and what would be right.
 */
export class DeploymentError extends Error {
  override readonly name = "DeploymentError";
}

/**
 * Judges a deployment description.
 * @param source where it came from, for the error message
 * @throws {DeploymentError} with one line per defect: JSON pointer and what would be right
 */
export function parseDeployment(value: unknown, source: string): Deployment {
  const result = deploymentSchema.safeParse(value);
  if (!result.success) {
    const lines = result.error.issues.flatMap(describe).map((line) => `  ${line}`);
    throw new DeploymentError(`${source} is not a deployment description:\n${lines.join("\n")}`);
  }
  const { retain = !result.data.samples, ...rest } = result.data;
  return { ...rest, retain };
}

/**
 * Reads and judges a deployment file. @throws {DeploymentError} also when it is missing or not
 * JSON.
 */
export function readDeployment(file: string): Deployment {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new DeploymentError(
      `cannot read ${file}: name an existing file in VAI_DEPLOYMENT or with -c deployment=<file>`,
      { cause },
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DeploymentError(`${file} is not JSON: ${(cause as Error).message}`, { cause });
  }
  return parseDeployment(value, file);
}

/** Members that are known where an unknown one was found. */
function knownAt(path: readonly PropertyKey[]): readonly string[] {
  const last = path.at(-1);
  if (last === undefined) return Object.keys(deploymentSchema.shape);
  if (last === "targets") return ACTION_NAMES;
  return last === "existingRoles" ? FAMILY_NAMES : [];
}

function describe(issue: z.core.$ZodIssue): string[] {
  if (issue.code === "unrecognized_keys") {
    const known = knownAt(issue.path);
    const pointers = issue.keys.map((key) => pointer([...issue.path, key]));
    return [
      `${pointers.join(", ")}: unknown${known.length > 0 ? `; known are ${known.join(", ")}` : ""}`,
    ];
  }
  if (issue.code === "invalid_key") {
    return issue.issues.map(({ message }) => `${pointer(issue.path)}: ${message}`);
  }
  const wanted =
    issue.code === "invalid_type" ? `must be of type ${issue.expected}` : issue.message;
  return [`${pointer(issue.path)}: ${wanted}`];
}

const pointer = (path: readonly PropertyKey[]): string =>
  path.length === 0
    ? "(the document)"
    : path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
