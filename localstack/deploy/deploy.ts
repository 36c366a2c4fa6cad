import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { cleanEnvironment } from "../machine/environment.ts";
import { LocalAwsError } from "../machine/errors.ts";
import { tailOf, writeJson } from "../machine/files.ts";
import { REPOSITORY_ROOT, type StateFolder } from "../machine/paths.ts";
import { type Progress, silent } from "../machine/progress.ts";
import { run } from "../machine/run.ts";
import { ACCOUNT, REGION } from "../machine/start-processes.ts";
import type { Access } from "./clients.ts";
import type { PublicJwk } from "./keys.ts";

/** Name of the local deployment; the plane's stack is `vai-local`. */
const DEPLOYMENT = "local";
/** CloudFormation stack of the trust plane. */
export const PLANE_STACK = `vai-${DEPLOYMENT}`;
/** CloudFormation stack of the samples, which only a local deployment has. */
export const SAMPLES_STACK = `${PLANE_STACK}-samples`;

/** Outputs by stack name, all strings, as `cdk deploy --outputs-file` writes them. */
export type StackOutputs = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What is deployed, where and as whom. */
export interface DeployOptions {
  readonly state: StateFolder;
  readonly access: Access;
  readonly anchor: PublicJwk;
  /** ARN of who deploys, who may then change what the stack protects. */
  readonly deployer: string;
  /** The ceilings; see `samples.ts`. */
  readonly targets: Readonly<Record<string, readonly string[]>>;
  /** CDK app to deploy: absolute path of a script. Default: the repository's. */
  readonly app?: string;
  readonly progress?: Progress;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Deploys the stacks with `cdk bootstrap`, `cdk synth` and `cdk deploy`, as on AWS, and returns
 * their outputs.
 * What the CDK prints goes to the deploy log.
 *
 * @throws LocalAwsError with the end of the log
 */
export async function deploy(options: DeployOptions): Promise<StackOutputs> {
  const { state, progress = silent } = options;
  describeDeployment(options);
  rmSync(state.deployLog, { force: true });
  rmSync(state.cdkOut, { recursive: true, force: true });
  progress("preparing the account and synthesising the stacks (cdk bootstrap, cdk synth)");
  const ready = [
    cdk(options, emptyFolder(state), ["bootstrap", `aws://${ACCOUNT}/${REGION}`]),
    synthesise(options),
  ];
  // Each to its end, so that a failure of one leaves no other at work.
  await Promise.allSettled(ready);
  await Promise.all(ready);
  progress("deploying the stacks (cdk deploy)");
  await cdk(options, emptyFolder(state), [
    ...["deploy", "--all", "--require-approval", "never", "--progress", "events"],
    ...["--app", state.cdkOut, "--outputs-file", state.stackOutputs],
    // Its CloudFormation knows no instances: `samples.ts` makes them.
    ...["--parameters", `${SAMPLES_STACK}:Instances=elsewhere`],
  ]);
  return JSON.parse(readFileSync(state.stackOutputs, "utf8")) as StackOutputs;
}

async function synthesise(options: DeployOptions): Promise<void> {
  const app = options.app ?? join(REPOSITORY_ROOT, "infra", "app.ts");
  // Run from its folder by its bare name: cdk splits this at spaces, and a path may have some.
  const named = ["--app", `node ${basename(app)}`, "--output", options.state.cdkOut];
  await cdk(options, dirname(app), ["synth", "--quiet", ...named]);
}

function describeDeployment({ state, anchor, deployer, targets }: DeployOptions): void {
  writeJson(state.deployment, {
    name: DEPLOYMENT,
    anchors: [anchor],
    targets,
    // The emulator's CloudFormation acts with all rights; what it drops, the deployer sets.
    administrators: [deployer],
    samples: true,
    // Whoever tries something out runs sweep when they want it: nothing ends behind their back.
    sweepEachMinute: false,
  });
}

/**
 * A folder with nothing in it. Where there is an app, `cdk bootstrap` synthesises it once more,
 * with bundling left out, over the output that a deployment then takes.
 */
function emptyFolder(state: StateFolder): string {
  const folder = join(state.scratch, "empty");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function cdk(options: DeployOptions, cwd: string, args: readonly string[]): Promise<void> {
  const installed = dirname(createRequire(import.meta.url).resolve("aws-cdk/package.json"));
  const program = join(installed, "bin", "cdk");
  const quiet = ["--no-notices", "--no-version-reporting", "--ci", "--no-color"];
  const result = await run(process.execPath, [program, ...args, ...quiet], {
    cwd,
    env: cdkEnvironment(options),
    log: options.state.deployLog,
    signal: options.signal,
  });
  if (result.code === 0) return;
  throw new LocalAwsError(
    `"cdk ${args[0]}" ended with code ${result.code}. The end of ${options.state.deployLog}:\n` +
      `${tailOf(options.state.deployLog, 25)}`,
  );
}

function cdkEnvironment({ state, access }: DeployOptions): Record<string, string> {
  return cleanEnvironment(state.scratch, {
    ...{ AWS_ENDPOINT_URL: access.endpoint, AWS_ENDPOINT_URL_S3: access.endpoint },
    ...{ AWS_REGION: REGION, AWS_DEFAULT_REGION: REGION },
    AWS_ACCESS_KEY_ID: access.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: access.credentials.secretAccessKey,
    ...{ CDK_DEFAULT_ACCOUNT: ACCOUNT, CDK_DEFAULT_REGION: REGION },
    CDK_HOME: join(state.scratch, "cdk"),
    ...{ CDK_DISABLE_CLI_TELEMETRY: "true", CDK_DISABLE_VERSION_CHECK: "true" },
    VAI_DEPLOYMENT: state.deployment,
  });
}
