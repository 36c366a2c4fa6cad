import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { FrontDoorOrder, FrontDoorReport } from "../front-door/process.ts";
import { cleanEnvironment } from "./environment.ts";
import { LocalAwsError } from "./errors.ts";
import { tailOf, writeJson } from "./files.ts";
import { LOCALSTACK_FOLDER, type StateFolder } from "./paths.ts";
import { anyFreePort, LOOPBACK } from "./ports.ts";
import { endGroup, identify, type ProcessId, SCRATCH_MARK } from "./processes.ts";

/** The only region and account of the local AWS. */
export const REGION = "us-east-1";
/** Twelve zeros, as the emulator has it. */
export const ACCOUNT = "000000000000";

const HEALTH_PATIENCE = 30_000;
const FRONT_DOOR_PATIENCE = 10_000;

/** An access key pair; for a session, with its token. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** A front door and an emulator behind it that answers. */
export interface StartedProcesses {
  readonly emulator: ProcessId;
  readonly frontDoor: ProcessId;
  readonly port: number;
  readonly emulatorPort: number;
  /** The emulator's root key, good on its own port only; kept in memory and never written. */
  readonly root: AwsCredentials;
}

/** What is started, from what and where. */
export interface StartOptions {
  readonly state: StateFolder;
  /** Absolute path of the Python that has the emulator; see `ensureEmulator`. */
  readonly python: string;
  /** First port that the front door tries. */
  readonly port: number;
  /** Whether faults may be injected on request: only in a local AWS that is there for tests. */
  readonly allowFaults?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Thrown when the emulator lost its port to somebody else in the moment of its start. */
class PortTakenError extends Error {}

/**
 * Starts front door and emulator as processes of their own, which outlive this one, and waits until
 * the emulator answers. Ports move aside for whoever has them; a lost race is run again.
 *
 * @throws LocalAwsError with the end of the log when it does not answer in time
 */
export async function startProcesses(options: StartOptions): Promise<StartedProcesses> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === 5) throw error;
    }
  }
}

async function startOnce(options: StartOptions): Promise<StartedProcesses> {
  const emulatorPort = await anyFreePort();
  const root = newRootKey();
  const started: ProcessId[] = [];
  try {
    const door = await startFrontDoor(options, emulatorPort, root.accessKeyId);
    started.push(door.id);
    const child = startEmulator(options, emulatorPort, door.port, root);
    const emulator = identify(child.pid);
    started.push(emulator);
    await untilHealthy(options, child, emulatorPort);
    child.unref();
    return { emulator, frontDoor: door.id, port: door.port, emulatorPort, root };
  } catch (error) {
    await Promise.all(started.map((id) => endGroup(id)));
    throw error;
  }
}

/** Made anew at each start: nobody else knows a key that the emulator takes for root. */
function newRootKey(): AwsCredentials {
  return {
    accessKeyId: `VAIROOT${randomBytes(16).toString("hex")}`,
    secretAccessKey: randomBytes(24).toString("hex"),
  };
}

async function startFrontDoor(
  options: StartOptions,
  upstreamPort: number,
  rootKey: string,
): Promise<{ id: ProcessId; port: number }> {
  const log = openSync(options.state.frontDoorLog, "a", 0o600);
  const child = spawn(process.execPath, [join(LOCALSTACK_FOLDER, "front-door", "process.ts")], {
    detached: true,
    env: cleanEnvironment(options.state.scratch, { [SCRATCH_MARK]: options.state.scratch }),
    stdio: ["ignore", log, log, "ipc"],
  });
  closeSync(log);
  const id = identify(child.pid);
  try {
    const control = {
      token: randomBytes(24).toString("hex"),
      allowFaults: options.allowFaults ?? false,
    };
    const trailFile = options.state.trail;
    const order: FrontDoorOrder = {
      ...{ port: options.port, upstreamPort, rootKey, account: ACCOUNT, trailFile, control },
    };
    const report = await reportOf(child, order);
    if ("error" in report) throw new Error(report.error);
    const endpoint = `http://${LOOPBACK}:${report.port}`;
    writeJson(options.state.control, { endpoint, token: control.token });
    child.disconnect();
    child.unref();
    return { id, port: report.port };
  } catch (error) {
    await endGroup(id);
    const reason = (error as Error).message;
    throw new LocalAwsError(startMessage("front door", reason, options.state.frontDoorLog));
  }
}

function reportOf(child: ChildProcess, order: FrontDoorOrder): Promise<FrontDoorReport> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error("it did not say which port it listens on"));
    const timer = setTimeout(late, FRONT_DOOR_PATIENCE);
    child.once("message", (report) => {
      clearTimeout(timer);
      resolve(report as FrontDoorReport);
    });
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`it ended with code ${code}`));
    });
    child.send(order);
  });
}

function startEmulator(
  options: StartOptions,
  port: number,
  frontDoorPort: number,
  root: AwsCredentials,
): ChildProcess {
  const { scratch, emulatorLog } = options.state;
  const data = join(scratch, "data");
  mkdirSync(data, { recursive: true, mode: 0o700 });
  // The emulator's Node worker is CommonJS in a `.js` file; without this it would be read as what
  // the package.json of the repository says when the state folder lies inside.
  writeJson(join(scratch, "package.json"), { type: "commonjs" });
  const log = openSync(emulatorLog, "a", 0o600);
  const child = spawn(options.python, [join(LOCALSTACK_FOLDER, "emulator", "emulator.py")], {
    cwd: scratch,
    detached: true,
    stdio: ["ignore", log, log],
    env: cleanEnvironment(scratch, {
      ...{ [SCRATCH_MARK]: scratch, PYTHONDONTWRITEBYTECODE: "1", PYTHONUNBUFFERED: "1" },
      ...{ BIND_HOST: LOOPBACK, GATEWAY_PORT: `${port}`, AUTH: "true", LOG_LEVEL: "WARNING" },
      ...{ IOT_MTLS_ENABLED: "0", SFTP_ENABLED: "0", CLOUDTRAIL_RECORDING: "0" },
      ...{ STATE_DIR: join(data, "state"), S3_DATA_DIR: join(data, "s3") },
      ...{ MINISTACK_ACCOUNT_ID: ACCOUNT, MINISTACK_REGION: REGION },
      // Functions inherit these two, so they too go through the front door.
      ...{ AWS_ENDPOINT_URL: `http://${LOOPBACK}:${frontDoorPort}`, AWS_REGION: REGION },
      ...{ AWS_ACCESS_KEY_ID: root.accessKeyId, AWS_SECRET_ACCESS_KEY: root.secretAccessKey },
    }),
  });
  closeSync(log);
  return child;
}

async function untilHealthy(
  { state, signal }: StartOptions,
  child: ChildProcess,
  port: number,
): Promise<void> {
  const deadline = Date.now() + HEALTH_PATIENCE;
  while (!(await isHealthy(port))) {
    signal?.throwIfAborted();
    const log = tailOf(state.emulatorLog);
    if (child.exitCode !== null || child.signalCode !== null) {
      if (/already in use|address already/i.test(log)) throw new PortTakenError(log);
      const reason = `it ended with code ${child.exitCode ?? child.signalCode}`;
      throw new LocalAwsError(startMessage("emulator", reason, state.emulatorLog));
    }
    if (Date.now() > deadline) {
      const reason = `it did not answer within ${HEALTH_PATIENCE / 1_000} s`;
      throw new LocalAwsError(startMessage("emulator", reason, state.emulatorLog));
    }
    await sleep(50);
  }
  // Another emulator on the same port answers too; then ours is about to end, or has.
  await sleep(50);
  if (child.exitCode !== null) throw new PortTakenError(tailOf(state.emulatorLog));
}

/** Whether something at this loopback port says that it is a healthy emulator. */
export async function isHealthy(port: number): Promise<boolean> {
  try {
    const url = `http://${LOOPBACK}:${port}/_ministack/health`;
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

function startMessage(what: string, reason: string, log: string): string {
  return (
    `The ${what} of the local AWS did not start: ${reason}. The end of ${log}:\n${tailOf(log)}\n` +
    'Run "npm run local:down" and try again; if the Python environment is at fault, delete ' +
    "localstack/.venv first."
  );
}
