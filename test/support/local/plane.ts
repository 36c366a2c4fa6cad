import { rmSync } from "node:fs";
import { after } from "node:test";
import { type Clients, clientsFor } from "../../../localstack/deploy/clients.ts";
import type { LocalOutputs } from "../../../localstack/deploy/outputs.ts";
import { type LocalAws, startLocalAws } from "../../../localstack/local-aws.ts";
import { type ControlAccess, controlOf } from "../../../localstack/machine/control.ts";
import type { AwsCredentials } from "../../../localstack/machine/start-processes.ts";
import { endAbandoned, ownState } from "./state.ts";

/** The deployed stack on a local AWS, as its people see it. */
export interface LocalPlane {
  readonly outputs: LocalOutputs;
  /** Absolute path of `outputs.json`. */
  readonly outputsFile: string;
  readonly deployer: Clients;
  readonly agent: Clients;
  readonly auditor: Clients;
  /** The front door's feed and faults. Fails on an endpoint that is not ours. */
  control(): ControlAccess;
  /** Raw SDK clients with any other credentials. */
  as(credentials: AwsCredentials, region?: string): Clients;
}

let running: Promise<{ aws: LocalAws; plane: LocalPlane }> | undefined;
const interrupt = new AbortController();

/**
 * The local AWS of this test process: started by the first test that asks, ended after the last.
 * With `VAI_STATE_DIR` set, the one of that folder, which is left running if it was up.
 *
 * @throws LocalAwsError when it cannot start; a test that needs it fails then and is never skipped
 */
export async function localPlane(): Promise<LocalPlane> {
  running ??= start();
  return (await running).plane;
}

async function start(): Promise<{ aws: LocalAws; plane: LocalPlane }> {
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, endInterrupted);
  const named = process.env["VAI_STATE_DIR"];
  if (named === undefined) await endAbandoned();
  const stateDir = named ?? ownState();
  const aws = await startLocalAws({ stateDir, allowFaults: true, signal: interrupt.signal });
  const { outputs, outputsFile, endpoint } = aws;
  const as = (credentials: AwsCredentials, region?: string) =>
    clientsFor({ endpoint, credentials, ...(region !== undefined && { region }) });
  const { deployer, agent, auditor } = outputs.credentials;
  const people = { deployer: as(deployer), agent: as(agent), auditor: as(auditor) };
  const control = () => controlOf(stateDir);
  return { aws, plane: { outputs, outputsFile, ...people, control, as } };
}

async function end(): Promise<void> {
  const started = await running?.catch(() => undefined);
  await started?.aws.stop();
  // Logs and all: what a failing test has to say, it says itself.
  rmSync(ownState(), { recursive: true, force: true });
}

function endInterrupted(): void {
  interrupt.abort(new Error("Interrupted."));
  void end().finally(() => process.exit(130));
}

after(end);
