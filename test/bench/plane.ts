import { rmSync } from "node:fs";
import { join } from "node:path";
import { clientsFor } from "../../localstack/deploy/clients.ts";
import { type LocalAws, startLocalAws } from "../../localstack/local-aws.ts";
import { controlOf } from "../../localstack/machine/control.ts";
import { REPOSITORY_ROOT } from "../../localstack/machine/paths.ts";
import { shownProgress } from "../../localstack/machine/progress.ts";
import type { LocalPlane } from "../support/local/plane.ts";

const STATE = join(REPOSITORY_ROOT, "localstack", ".state-bench");

/** What takes long says so on a terminal, and nothing in a pipe. */
export const progress = shownProgress();

let running: Promise<LocalAws> | undefined;
const interrupt = new AbortController();

/** The deployed stack on a local AWS of the bench's own, started by the first part that asks. */
export async function benchPlane(): Promise<LocalPlane> {
  running ??= start();
  const { outputs, outputsFile, endpoint } = await running;
  const as: LocalPlane["as"] = (credentials) => clientsFor({ endpoint, credentials });
  const { deployer, agent, auditor } = outputs.credentials;
  const people = { deployer: as(deployer), agent: as(agent), auditor: as(auditor) };
  return { outputs, outputsFile, as, control: () => controlOf(STATE), ...people };
}

/** Ends it, if any part has started it. */
export async function endBenchPlane(): Promise<void> {
  if (running === undefined) return;
  const started = await running.catch(() => undefined);
  running = undefined;
  await started?.stop();
  rmSync(STATE, { recursive: true, force: true });
}

function start(): Promise<LocalAws> {
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, endInterrupted);
  return startLocalAws({ stateDir: STATE, allowFaults: true, progress, signal: interrupt.signal });
}

function endInterrupted(): void {
  interrupt.abort(new Error("Interrupted."));
  void endBenchPlane().finally(() => process.exit(130));
}
