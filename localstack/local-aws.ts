import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { GetCallerIdentityCommand, type STSClient } from "@aws-sdk/client-sts";
import { type Access, clientsFor } from "./deploy/clients.ts";
import { deploy, type StackOutputs } from "./deploy/deploy.ts";
import { fixUp } from "./deploy/fix-up.ts";
import { ADMINISTRATOR, makeIdentity } from "./deploy/identities.ts";
import { type KeyMaker, makeKeys, vaiKey } from "./deploy/keys.ts";
import {
  composeOutputs,
  deployedActions,
  type LocalOutputs,
  planeOutput,
  readOutputs,
  writePolicy,
} from "./deploy/outputs.ts";
import { releaseSample } from "./deploy/release-sample.ts";
import { fillSampleTable, sampleInstances, sampleTargets } from "./deploy/samples.ts";
import { requireAll, selfTest } from "./deploy/self-test.ts";
import { publishTrustPolicy } from "./deploy/trust-policy.ts";
import { namedEndpoint } from "./machine/endpoint.ts";
import { LocalAwsError } from "./machine/errors.ts";
import { writeJson } from "./machine/files.ts";
import { withLock } from "./machine/lock.ts";
import { type StateFolder, stateFolder } from "./machine/paths.ts";
import { LOOPBACK } from "./machine/ports.ts";
import { endRecorded, isRunning, readProcesses, recordProcesses } from "./machine/processes.ts";
import { type Progress, silent } from "./machine/progress.ts";
import { type AwsCredentials, isHealthy, startProcesses } from "./machine/start-processes.ts";
import { ensureEmulator, requireNode } from "./setup.ts";

/** First port of the front door. */
const PORT = 4566;
/** Another start in the same state folder may be at work, with everything to download. */
const LOCK_PATIENCE = 10 * 60_000;
/** What every emulator of AWS takes for the account's root. */
const TEST_KEY: AwsCredentials = { accessKeyId: "test", secretAccessKey: "test" };

/** What to start and how. */
export interface LocalAwsOptions {
  /** Where state is kept; default `VAI_STATE_DIR`, else `localstack/.state`. */
  readonly stateDir?: string;
  /** First port that the front door tries; default 4566. */
  readonly port?: number;
  /** Whether faults may be injected on request; default whether `VAI_ALLOW_FAULTS` is `1`. */
  readonly allowFaults?: boolean;
  readonly progress?: Progress;
  /** Ends the start, and with it everything that it has started. */
  readonly signal?: AbortSignal;
}

/** A local AWS with the stack deployed. */
export interface LocalAws {
  /** The only endpoint that anybody uses. */
  readonly endpoint: string;
  readonly outputs: LocalOutputs;
  /** Absolute path of `outputs.json`. */
  readonly outputsFile: string;
  /** It was up already; nothing was started or changed. */
  readonly wasUp: boolean;
  /**
   * What AWS enforces and this endpoint does not, as claims of the self-test. Always empty for our
   * own; an endpoint that a person named may have some if `VAI_ALLOW_UNENFORCED` is `1`.
   */
  readonly gaps: readonly string[];
  /** Ends what was started and removes its secrets. Does nothing when it was up already. */
  stop(): Promise<void>;
}

/** What a start takes from outside localstack/; replaced only by tests of the start itself. */
export interface Seams {
  readonly makeKey: KeyMaker;
  readonly publish: typeof publishTrustPolicy;
  /** CDK app; default the repository's. */
  readonly app?: string;
}

const REAL: Seams = { makeKey: vaiKey, publish: publishTrustPolicy };

/**
 * Starts a local AWS that enforces IAM, deploys the stack to it with `cdk deploy`, and writes
 * `outputs.json`. With `AWS_ENDPOINT_URL` set, nothing is started and that endpoint is used.
 * What was started outlives this process until `stop` or `stopLocalAws`.
 *
 * @throws LocalAwsError that says what to do; then everything that was started has been ended
 */
export async function startLocalAws(
  options: LocalAwsOptions = {},
  seams: Seams = REAL,
): Promise<LocalAws> {
  requireNode();
  const state = stateFolder(options.stateDir);
  mkdirSync(state.folder, { recursive: true, mode: 0o700 });
  return withLock(
    lockOf(state),
    LOCK_PATIENCE,
    async () => {
      const outputs = await outputsIfUp(state);
      if (outputs) return handle(state, outputs, { wasUp: true, gaps: [] });
      await clear(state);
      try {
        const { outputs: made, gaps } = await bringUp(state, options, seams);
        return handle(state, made, { wasUp: false, gaps });
      } catch (error) {
        await clear(state);
        throw options.signal?.aborted ? options.signal.reason : error;
      }
    },
    options.progress,
  );
}

/**
 * Ends what a start in this state folder left running, its function workers too, and removes keys,
 * credentials and data. Log files stay.
 *
 * @returns whether anything was running
 */
export async function stopLocalAws(
  stateDir?: string,
  progress: Progress = silent,
): Promise<boolean> {
  const state = stateFolder(stateDir);
  mkdirSync(state.folder, { recursive: true, mode: 0o700 });
  return withLock(
    lockOf(state),
    LOCK_PATIENCE,
    async () => {
      const running = readProcesses(state.processes);
      const anything = running
        ? isRunning(running.frontDoor) || isRunning(running.emulator)
        : false;
      await clear(state);
      return anything;
    },
    progress,
  );
}

/** The outputs of a start that is complete and still answers, or undefined. */
export async function outputsIfUp(state: StateFolder): Promise<LocalOutputs | undefined> {
  const running = readProcesses(state.processes);
  const outputs = readOutputs(state.outputs);
  if (!running?.complete || !outputs) return undefined;
  if (!isRunning(running.frontDoor) || !isRunning(running.emulator)) return undefined;
  return (await isHealthy(running.port)) ? outputs : undefined;
}

function handle(
  state: StateFolder,
  outputs: LocalOutputs,
  how: Pick<LocalAws, "wasUp" | "gaps">,
): LocalAws {
  const stop = async () => {
    if (!how.wasUp) await stopLocalAws(state.folder);
  };
  return { endpoint: outputs.endpoint, outputs, outputsFile: state.outputs, ...how, stop };
}

/** Held by whoever starts or ends what runs in a state folder. */
export const lockOf = (state: StateFolder) => join(state.folder, "lock");

async function clear(state: StateFolder): Promise<void> {
  await endRecorded(state.processes, state.scratch);
  const left = [
    ...[state.outputs, state.keys, state.scratch, state.deployment, state.cdkOut],
    ...[state.stackOutputs, state.policy, state.trustPolicyDraft],
    ...[state.trail, `${state.trail}.1`, state.control],
  ];
  for (const path of left) rmSync(path, { recursive: true, force: true });
}

async function bringUp(
  state: StateFolder,
  options: LocalAwsOptions,
  seams: Seams,
): Promise<{ readonly outputs: LocalOutputs; readonly gaps: readonly string[] }> {
  const { progress = silent, signal } = options;
  const [start, keys] = await allDone(
    startOrUse(state, options),
    makeKeys(state.keys, seams.makeKey, signal),
  );
  const { access } = start;
  const clients = clientsFor(access);
  const anchor = keys.anchor.publicKey;
  const app = seams.app === undefined ? {} : { app: seams.app };
  const [instances, deployer] = await allDone(sampleInstances(clients.ec2), arnOf(clients.sts));
  const targets = sampleTargets(instances);
  const what = { state, access, anchor, deployer, targets, ...app };
  const deployed = await deploy({ ...what, progress, signal });
  const stacks = { ...deployed, ...(await releaseSample(clients)) };
  await fillSampleTable(clients.dynamoDb);
  signal?.throwIfAborted();

  progress("setting and reading back what the emulator's CloudFormation drops");
  const dropped = await fixUp(state.cdkOut, clients, start.mayBeOpen);
  const gaps = [...dropped, ...(await prove(stacks, start, progress))];
  for (const gap of gaps) progress(`NOT ENFORCED HERE: ${gap}`);

  const agent = await makeIdentity(clients.iam, "agent", planeOutput(stacks, "AgentPolicy"));
  const operator = await makeIdentity(
    clients.iam,
    "operator",
    planeOutput(stacks, "OperatorPolicy"),
  );
  const auditor = await makeIdentity(clients.iam, "auditor", planeOutput(stacks, "AuditorPolicy"));
  const credentials = { deployer: access.credentials, agent, operator, auditor };
  const policy = writePolicy(state);
  const { endpoint } = access;
  const outputs = composeOutputs({ endpoint, stacks, instances, credentials, keys, policy });
  signal?.throwIfAborted();
  writeJson(state.outputs, outputs);

  progress("publishing the first trust policy (vai trust publish)");
  await seams.publish({ state, keys, actions: deployedActions(stacks), policy, signal });
  markComplete(state);
  return { outputs, gaps };
}

async function arnOf(sts: STSClient): Promise<string> {
  const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
  if (Arn === undefined) throw new LocalAwsError("STS does not say who the deployer is.");
  return Arn;
}

function markComplete(state: StateFolder): void {
  const running = readProcesses(state.processes);
  if (running) recordProcesses(state.processes, { ...running, complete: true });
}

/** Both, each awaited to its end: nothing goes on starting behind a failure of the other. */
async function allDone<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return Promise.all([first, second]);
}

interface Started {
  /** As the deployer, through the front door or the endpoint that the person named. */
  readonly access: Access;
  /** Root keys that must be refused there. */
  readonly rootKeys: readonly AwsCredentials[];
  /** The person accepts an endpoint that enforces less than AWS. Never so for our own. */
  readonly mayBeOpen: boolean;
}

async function startOrUse(state: StateFolder, options: LocalAwsOptions): Promise<Started> {
  const named = namedEndpoint();
  return named === undefined ? startOwn(state, options) : useNamed(named, options);
}

async function startOwn(state: StateFolder, options: LocalAwsOptions): Promise<Started> {
  const { progress = silent, signal, port = PORT } = options;
  const { allowFaults = process.env["VAI_ALLOW_FAULTS"] === "1" } = options;
  const python = await ensureEmulator({ progress });
  signal?.throwIfAborted();
  progress("starting the local AWS");
  mkdirSync(state.scratch, { recursive: true, mode: 0o700 });
  for (const log of [state.emulatorLog, state.frontDoorLog]) rmSync(log, { force: true });
  const started = await startProcesses({ state, python, port, allowFaults, signal });
  const { root, ...running } = started;
  recordProcesses(state.processes, { ...running, complete: false });
  // The only use of the root key, on the emulator's own port: from here on signatures count.
  const own = `http://${LOOPBACK}:${running.emulatorPort}`;
  const { iam } = clientsFor({ endpoint: own, credentials: root });
  const credentials = await makeIdentity(iam, "deployer", ADMINISTRATOR);
  const endpoint = `http://${LOOPBACK}:${running.port}`;
  return { access: { endpoint, credentials }, rootKeys: [root, TEST_KEY], mayBeOpen: false };
}

/** Who may deploy there is the business of whoever runs it: the credentials of the environment. */
function useNamed(endpoint: string, { progress = silent }: LocalAwsOptions): Started {
  progress(`using ${endpoint}, as AWS_ENDPOINT_URL says; nothing is started`);
  const accessKeyId = process.env["AWS_ACCESS_KEY_ID"] ?? TEST_KEY.accessKeyId;
  const secretAccessKey = process.env["AWS_SECRET_ACCESS_KEY"] ?? TEST_KEY.secretAccessKey;
  const credentials = { accessKeyId, secretAccessKey };
  const mayBeOpen = process.env["VAI_ALLOW_UNENFORCED"] === "1";
  return { access: { endpoint, credentials }, rootKeys: [TEST_KEY], mayBeOpen };
}

/** @returns the claims that do not hold; none unless the person accepts that. */
async function prove(
  stacks: StackOutputs,
  { access, rootKeys, mayBeOpen }: Started,
  progress: Progress,
): Promise<string[]> {
  progress("testing that this AWS enforces what AWS enforces");
  const executionRoleArn = deployedActions(stacks)[0]?.executionRoleArn ?? "";
  const tables = [planeOutput(stacks, "StateTable"), planeOutput(stacks, "RegistryTable")] as const;
  const findings = await selfTest({ access, executionRoleArn, tables, rootKeys });
  if (!mayBeOpen) requireAll(findings);
  return findings.flatMap(({ claim, fault }) => (fault === undefined ? [] : [claim]));
}
