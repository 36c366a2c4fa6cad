import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { AssumeRoleCommand, type AssumeRoleCommandInput } from "@aws-sdk/client-sts";
import { type Access, type Clients, clientsFor } from "../../../localstack/deploy/clients.ts";
import { ADMINISTRATOR, makeIdentity } from "../../../localstack/deploy/identities.ts";
import { type StateFolder, stateFolder } from "../../../localstack/machine/paths.ts";
import { endRecorded, recordProcesses } from "../../../localstack/machine/processes.ts";
import {
  type StartedProcesses,
  startProcesses,
} from "../../../localstack/machine/start-processes.ts";
import { ensureEmulator } from "../../../localstack/setup.ts";

export interface RunningEmulator {
  readonly state: StateFolder;
  readonly started: StartedProcesses;
  /** Through the front door, as the deployer. */
  readonly access: Access;
  readonly deployer: Clients;
  stop(): Promise<void>;
}

/** Emulator and front door, empty but for the deployer, with their state in a temporary folder. */
export async function startEmulator(): Promise<RunningEmulator> {
  const state = stateFolder(mkdtempSync(join(tmpdir(), "vai-emulator-")));
  mkdirSync(state.scratch, { recursive: true });
  const python = await ensureEmulator();
  const started = await startProcesses({ state, python, port: 4566 });
  recordProcesses(state.processes, { ...started, complete: false });
  const own = { endpoint: `http://127.0.0.1:${started.emulatorPort}`, credentials: started.root };
  const credentials = await makeIdentity(clientsFor(own).iam, "deployer", ADMINISTRATOR);
  const access = { endpoint: `http://127.0.0.1:${started.port}`, credentials };
  const stop = async () => {
    await endRecorded(state.processes, state.scratch);
    rmSync(state.folder, { recursive: true, force: true });
  };
  return { state, started, access, deployer: clientsFor(access), stop };
}

export const document = (...statements: object[]) =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });

export const allow = (Action: string | string[], Resource: string | string[], Condition = {}) => ({
  ...{ Effect: "Allow", Action, Resource, Condition },
});

/** A role, by default one that the deployer may assume, with one identity policy. */
export async function makeRole(
  { deployer }: RunningEmulator,
  statements: object[],
  trust: object[] = [
    {
      ...{ Effect: "Allow", Principal: { AWS: "arn:aws:iam::000000000000:user/deployer" } },
      Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
    },
  ],
): Promise<{ name: string; arn: string }> {
  const RoleName = `test-${randomBytes(6).toString("hex")}`;
  const AssumeRolePolicyDocument = document(...trust);
  const { Role } = await deployer.iam.send(
    new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }),
  );
  const PolicyDocument = document(...statements);
  const policy = { RoleName, PolicyName: "p", PolicyDocument };
  if (statements.length > 0) await deployer.iam.send(new PutRolePolicyCommand(policy));
  return { name: RoleName, arn: Role?.Arn ?? "" };
}

/** A session of a role, and the clients that act as it. */
export async function assume(
  emulator: RunningEmulator,
  RoleArn: string,
  input: Partial<AssumeRoleCommandInput> = {},
  as: Clients = emulator.deployer,
) {
  const answer = await as.sts.send(
    new AssumeRoleCommand({ RoleArn, RoleSessionName: "vai-test", ...input }),
  );
  const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = answer.Credentials ?? {};
  const credentials = {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
  };
  const clients = clientsFor({ endpoint: emulator.access.endpoint, credentials });
  return { answer, clients, credentials };
}

/** Clients that may do what `statements` say and nothing else. */
export async function actingWith(emulator: RunningEmulator, ...statements: object[]) {
  const { arn } = await makeRole(emulator, statements);
  return (await assume(emulator, arn)).clients;
}

/** The call is refused by authorization, not by anything else. */
export async function denied(call: Promise<unknown>, why = ""): Promise<void> {
  await assert.rejects(
    call,
    (error: Error) => /AccessDenied|not authorized/.test(`${error.name} ${error.message}`),
    why,
  );
}
