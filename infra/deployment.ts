import { readFileSync } from "node:fs";
import * as z from "zod";
import { CATALOGUE } from "../lib/actions/catalogue.ts";
import type { ActionDescriptor } from "../lib/actions/descriptor.ts";
import { type PublicJwk, readPublicJwk } from "../lib/encoding/jwk.ts";
import { actionFamilies, familyTargets, type Targets } from "./action-families.ts";

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
  /**
   * Deploys the sample table and function too, for a local or throw-away account. Default false.
   */
  readonly samples: boolean;
  /**
   * Keeps tables, evidence key and logs when the stack is removed. Default: true without samples,
   * else false.
   */
  readonly retain: boolean;
}

/**
 * A deployment file that cannot be used; the message names file, pointer and what would be right.
 */
export class DeploymentError extends Error {
  override readonly name = "DeploymentError";
}

/**
 * Characters that the ARNs of one family may have together. The reader session of a family lists
 * all of them in one session policy, for which STS allows 2,048 characters, the policy's own text
 * included.
 */
const FAMILY_TARGET_CHARACTERS = 1_400;

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

const ACTION_NAMES = CATALOGUE.map(({ action }) => action);

const targetsOf = ({ target }: ActionDescriptor) =>
  z
    .array(
      z.string().regex(target.pattern, {
        error: `must be one exact ARN such as ${target.example}: no wildcard, no qualifier`,
      }),
    )
    .min(1, "must name at least one ARN; leave the action out to not deploy it")
    .refine((arns) => new Set(arns).size === arns.length, "must name each ARN once")
    .optional();

const targets = z
  .strictObject(
    Object.fromEntries(CATALOGUE.map((descriptor) => [descriptor.action, targetsOf(descriptor)])),
  )
  .superRefine((value, context) => {
    const families = actionFamilies(value);
    if (families.length === 0) {
      context.addIssue({
        code: "custom",
        message: `must have at least one of ${ACTION_NAMES.join(", ")}`,
      });
    }
    for (const family of families) {
      const characters = familyTargets(family).join("").length;
      if (characters > FAMILY_TARGET_CHARACTERS) {
        context.addIssue({
          code: "custom",
          message:
            `has ${characters} characters of ${family.name} ARNs; ` +
            `at most ${FAMILY_TARGET_CHARACTERS}, because one STS session policy must hold them: ` +
            "deploy a second plane for the rest",
        });
      }
    }
  });

const schema = z
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
    targets,
    samples: z.boolean().default(false),
    retain: z.boolean().optional(),
  })
  .superRefine((value, context) => {
    for (const action of ACTION_NAMES) {
      for (const [index, arn] of (value.targets[action] ?? []).entries()) {
        if (!arn.includes(`:vai-${value.name}-`) && !arn.includes(`/vai-${value.name}-`)) continue;
        context.addIssue({
          code: "custom",
          path: ["targets", action, index],
          message:
            `is one of the trust plane's own resources (vai-${value.name}-…); ` +
            "it may never be a target",
        });
      }
    }
  });

/**
 * Judges a deployment description.
 * @param source where it came from, for the error message
 * @throws {DeploymentError} with one line per defect: JSON pointer and what would be right
 */
export function parseDeployment(value: unknown, source: string): Deployment {
  const result = schema.safeParse(value);
  if (!result.success) {
    const lines = result.error.issues.map((issue) => `  ${describe(issue)}`);
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

function describe(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") {
    const known = issue.path.length === 0 ? Object.keys(schema.shape) : ACTION_NAMES;
    const pointers = issue.keys.map((key) => pointer([...issue.path, key]));
    return `${pointers.join(", ")}: unknown; known are ${known.join(", ")}`;
  }
  const wanted =
    issue.code === "invalid_type" ? `must be of type ${issue.expected}` : issue.message;
  return `${pointer(issue.path)}: ${wanted}`;
}

const pointer = (path: readonly PropertyKey[]): string =>
  path.length === 0
    ? "(the document)"
    : path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
