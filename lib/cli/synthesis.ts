import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execPath } from "node:process";
import { promisify } from "node:util";
import * as z from "zod";
import type { Synthesised } from "../doctor/preflight/wanted.ts";
import { present } from "../encoding/present.ts";
import { readJson } from "./files.ts";
import { CommandError, EXIT, type Io } from "./io.ts";

const INFRA = join(import.meta.dirname, "../../infra");
const DEPLOYMENT_VARIABLE = "VAI_DEPLOYMENT";

/** Of what the CDK app leaves (cloud assembly manifest): the members that tell how a stack is deployed. */
const manifest = z.object({
  artifacts: z.record(
    z.string(),
    z.object({
      type: z.string(),
      environment: z.string().optional(),
      properties: z
        .looseObject({
          templateFile: z.string().optional(),
          stackName: z.string().optional(),
          assumeRoleArn: z.string().optional(),
          cloudFormationExecutionRoleArn: z.string().optional(),
          requiresBootstrapStackVersion: z.number().optional(),
          bootstrapStackVersionSsmParameter: z.string().optional(),
        })
        .optional(),
    }),
  ),
});

/** The deployment file that a person names, else the one that the CDK app would take; relative ones count from `infra/`, as there. */
export function deploymentFile(io: Io, given: string | undefined): string {
  const named = io.environment[DEPLOYMENT_VARIABLE];
  if (given === undefined && !named) {
    throw new CommandError(
      EXIT.unreadable,
      `name the deployment file by --deployment FILE or in ${DEPLOYMENT_VARIABLE} (infra/README.md says what it holds)`,
    );
  }
  return given === undefined ? resolve(INFRA, named ?? "") : resolve(given);
}

/**
 * What `cdk deploy` would hand to CloudFormation for a deployment file: the CDK app itself says it, in a process of its
 * own, since nothing here knows the app or its schema.
 * @throws {CommandError} with what the app says of a file that cannot be used.
 */
export async function synthesise(
  file: string,
  region: string,
  environment: Io["environment"],
): Promise<Synthesised> {
  if (!existsSync(join(INFRA, "app.ts")))
    throw new CommandError(
      EXIT.unreadable,
      `run it in a checkout of this repository: there is no ${INFRA}`,
    );
  const folder = mkdtempSync(join(tmpdir(), "vai-preflight-"));
  try {
    await promisify(execFile)(execPath, ["app.ts"], {
      cwd: INFRA,
      env: {
        ...{ PATH: environment["PATH"], HOME: environment["HOME"], TMPDIR: environment["TMPDIR"] },
        ...{ CDK_OUTDIR: folder, CDK_DEFAULT_REGION: region, [DEPLOYMENT_VARIABLE]: file },
      },
    });
    return planeOf(folder);
  } catch (error) {
    const said = (error as { stderr?: unknown }).stderr;
    if (typeof said !== "string") throw error;
    throw new CommandError(
      EXIT.unreadable,
      said
        .trim()
        .replace(/:\s*\n\s*/, ": ")
        .replace(/\s*\n\s*/g, "; "),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The stack of a cloud assembly that is a trust plane; samples and roles elsewhere are others. */
function planeOf(folder: string): Synthesised {
  const { artifacts } = manifest.parse(readJson(join(folder, "manifest.json")));
  for (const [id, { type, environment = "", properties = {} }] of Object.entries(artifacts)) {
    if (type !== "aws:cloudformation:stack") continue;
    const template = readJson(join(folder, properties.templateFile ?? `${id}.template.json`));
    const { Outputs = {} } = template as { Outputs?: object };
    if (!Object.hasOwn(Outputs, "Plane")) continue;
    return {
      stackName: properties.stackName ?? id,
      template,
      ...present({
        account: /^aws:\/\/(\d{12})\//.exec(environment)?.[1],
        deployRole: properties.assumeRoleArn,
        executionRole: properties.cloudFormationExecutionRoleArn,
        bootstrap: bootstrapOf(properties),
      }),
    };
  }
  throw new CommandError(EXIT.unreadable, "the CDK app made no stack of a trust plane");
}

function bootstrapOf({
  bootstrapStackVersionSsmParameter: parameter,
  requiresBootstrapStackVersion: version,
}: {
  readonly bootstrapStackVersionSsmParameter?: string | undefined;
  readonly requiresBootstrapStackVersion?: number | undefined;
}): Synthesised["bootstrap"] {
  return parameter === undefined ? undefined : { parameter, version: version ?? 0 };
}
