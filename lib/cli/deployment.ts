import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import * as z from "zod";
import type { ClientPlace } from "../aws/ports/clients.ts";
import { isRegion, parsePlaneId } from "../config.ts";
import { present } from "../encoding/present.ts";
import { readBy } from "../encoding/schema.ts";
import { fromCdkOutputs } from "./cdk-outputs.ts";
import { readJson } from "./files.ts";
import { CommandError, EXIT, type Io } from "./io.ts";

/** What is sent in a header, or as part of a URL: anything else is refused here, not in the SDK's depths. */
const printable = z.string().regex(/^[\x20-\x7e]{1,2048}$/, "is not printable ASCII");
const name = z.string().min(1);
const url = z.string().refine(isHttp, "is not an http or https URL");

function isHttp(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

const credentials = z.object({ accessKeyId: printable, secretAccessKey: printable });

/** By role. Of several of one role none is anybody's default: a person names the one that is meant. */
const ofRoles = z
  .record(z.string(), z.union([z.string(), z.array(z.string())]))
  .transform((roles) => {
    const single = Object.entries(roles).filter(([, one]) => typeof one === "string");
    return Object.fromEntries(single) as Record<string, string>;
  });

/** What a deployment says of itself: the members of `outputs.json` (PROTOCOL.md §7) that commands use. */
const schema = z.object({
  endpoint: url.optional(),
  region: z.string().refine(isRegion, "is not a region"),
  /** Where its ARNs are; absent for `aws`. */
  partition: z.string().optional(),
  plane: z.string().refine((id) => parsePlaneId(id) !== undefined, "is not a plane's id"),
  functions: z.object({
    ...{ issue: name, execute: name, delegate: name },
    ...{ govern: name, revoke: name, sweep: name },
  }),
  functionUrls: z
    .object({ issue: z.string(), execute: z.string(), delegate: z.string() })
    .optional(),
  tables: z.object({ evidence: name, state: name, registry: name }),
  /** The bucket of emergencies; a stack of an older version has none. */
  buckets: z.object({ breakGlass: name }).optional(),
  evidenceKeyId: name,
  planeKeyId: name,
  /** Thumbprint; the outputs of a stack may not hold it. */
  anchor: z.string().optional(),
  /** Public JWKs of every anchor that the deployment pins. */
  anchorKeys: z.array(z.unknown()).optional(),
  credentials: z
    .object({
      ...{ deployer: credentials, agent: credentials },
      ...{ operator: credentials, auditor: credentials },
    })
    .partial()
    .optional(),
  keys: ofRoles.optional(),
  names: ofRoles.optional(),
  policy: z.object({ id: z.string(), version: z.string(), digest: z.string() }).optional(),
  samples: z.looseObject({}).optional(),
  /** False for a plane whose tables and keys go with its stack. */
  retain: z.boolean().optional(),
  /** True for a plane whose roles and managed policies are named after its region too. */
  regionalNames: z.boolean().optional(),
});
export type Deployment = z.infer<typeof schema> & { readonly path: string };

/** Where `npm run local:up` leaves its outputs, below the repository's root. */
const LOCAL_OUTPUTS = join(import.meta.dirname, "../../localstack/.state/outputs.json");
const OUTPUTS_VARIABLE = "VAI_OUTPUTS";
export const OUTPUTS_HELP = `outputs.json, or what cdk deploy --outputs-file wrote (default: $${OUTPUTS_VARIABLE}, else the local AWS's)`;

/**
 * Reads the deployment that a command is for. `why` says what the command needs of it, where that is not plain.
 * @throws {CommandError} that says how to get one.
 */
export function readDeployment(
  io: Pick<Io, "environment">,
  given: string | undefined,
  why = "",
): Deployment {
  const named = io.environment[OUTPUTS_VARIABLE];
  const path = resolve(given ?? named ?? LOCAL_OUTPUTS);
  if (!existsSync(path)) {
    const isLocal = given === undefined && named === undefined;
    throw new CommandError(
      isLocal ? EXIT.unreachable : EXIT.unreadable,
      `${why}there is no ${path}${howToGetOne(given, named)}`,
    );
  }
  const read = readBy(schema, fromCdkOutputs(readJson(path)));
  if (!read.ok) {
    throw new CommandError(
      EXIT.unreadable,
      `${path}: ${read.pointer} ${read.detail}; is it outputs.json, or what cdk deploy --outputs-file wrote, of this version?`,
    );
  }
  return { ...read.value, path };
}

function howToGetOne(given: string | undefined, named: string | undefined): string {
  const other = "give --outputs FILE of the deployment";
  if (given !== undefined) return `: ${other}`;
  return named === undefined
    ? `: start the local AWS with "npm run local:up", or ${other}`
    : `, which ${OUTPUTS_VARIABLE} names: deploy with --outputs-file, ${other}, or unset ${OUTPUTS_VARIABLE} for the local AWS`;
}

/** A path of `outputs.json`, which is relative to the repository's root. */
export const fromRoot = (path: string): string => resolve(dirname(LOCAL_OUTPUTS), "../..", path);

/**
 * As whom a command calls: by the profile that a person names, else as one of the local AWS's users, else whatever
 * the environment gives the AWS SDK.
 */
export function placeFor(
  deployment: Deployment,
  user: "deployer" | "agent" | "operator" | "auditor",
  profile?: string,
): ClientPlace {
  const given = profile === undefined ? deployment.credentials?.[user] : undefined;
  return {
    region: deployment.region,
    ...present({ endpoint: deployment.endpoint, credentials: given, profile }),
  };
}
